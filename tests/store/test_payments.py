"""Stripe over real sockets: what it answers in either shape, and what becomes of its troubles."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.ledger.actions import transact
from regulars.features.payments import actions as payments
from regulars.features.payments.client import Stripe
from regulars.features.payments.model import CheckoutSession, Event, NewCheckout, StripeSettings
from regulars.stand_ins.stripe.account import StripeAccount
from regulars.stand_ins.stripe.shapes import NEW_SHAPE, OLD_SHAPE
from regulars.stand_ins.stripe.stand_in import StripeStandIn, Trouble, stripe_stand_in
from tests.support.enrolment import new_program

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(params=[NEW_SHAPE, OLD_SHAPE])
def stand_in(request: Any) -> Iterator[StripeStandIn]:
    """A Stripe of either shape, on a clock that stands still."""
    with stripe_stand_in(StripeAccount(clock=NOW.timestamp), request.param) as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def stripe(stand_in: StripeStandIn) -> AsyncIterator[Stripe]:
    """The way to ask it, given up after a second."""
    async with payments.connected(settings(stand_in)) as stripe:
        yield stripe


def settings(stand_in: StripeStandIn, **more: Any) -> StripeSettings:
    given: dict[str, Any] = {
        "secret_key": stand_in.secret_key,
        "api_url": stand_in.url,
        "timeout_seconds": 1.0,
    }
    return StripeSettings(**given | more)


def new_checkout(**more: Any) -> NewCheckout:
    given: dict[str, Any] = {
        "key": uuid4(),
        "reference": "ann",
        "success_url": "https://sessions.market/success?a=1&b=[2]",
        "cancel_url": "https://sessions.market/",
        "price_id": "price_membership",
        "metadata": {"venue_id": "venue_001", "customer_id": "ann"},
        "expires_at": NOW + timedelta(hours=23),
    }
    return NewCheckout(**given | more)


async def refusal_of(question: Coroutine[Any, Any, Any]) -> str:
    with pytest.raises(Refused) as refused:
        await question
    return refused.value.code


async def test_a_checkout_session_is_made_found_and_expired(stripe: Stripe, stand_in: StripeStandIn) -> None:
    new = new_checkout()
    session = await stripe.create_checkout_session(new)
    assert session == CheckoutSession(
        session.session_id, "open", f"{stand_in.url}/pay/{session.session_id}", None
    )
    made = stand_in.account.one("checkout.session")
    assert made["metadata"] == made["subscription_metadata"] == new.metadata
    assert (made["success_url"], made["expires_at"]) == (new.success_url, int(new.expires_at.timestamp()))
    assert await stripe.checkout_session(session.session_id) == session
    for _ in range(2):
        await stripe.expire_checkout_session(session.session_id)
    found = await stripe.checkout_session(session.session_id)
    assert found is not None and (found.status, found.url) == ("expired", None)


async def test_one_key_makes_one_session(stripe: Stripe, stand_in: StripeStandIn) -> None:
    new = new_checkout()
    made = await asyncio.gather(*(stripe.create_checkout_session(new) for _ in range(10)))
    assert len({session.session_id for session in made}) == 1
    assert len(stand_in.account.of_kind("checkout.session")) == 1


async def test_a_charge_leads_to_its_invoice_and_its_subscription(
    stripe: Stripe, stand_in: StripeStandIn
) -> None:
    account = stand_in.account
    subscription_id = account.subscribe({"a": "b"})["id"]
    charge_id = account.one("charge")["id"]
    account.refund(charge_id, 99)
    account.dispute(charge_id)
    charge = await stripe.charge(charge_id)
    assert charge is not None and (charge.refunded_minor, charge.disputed) == (99, True)
    invoice = await stripe.invoice_of(charge)
    assert invoice is not None and invoice.subscription_id == subscription_id
    subscription = await stripe.subscription(subscription_id)
    assert subscription is not None and subscription.latest_invoice == invoice
    assert subscription.metadata == {"a": "b"}


async def test_a_charge_without_a_payment_intent_has_paid_no_invoice(
    stripe: Stripe, stand_in: StripeStandIn
) -> None:
    """Stripe cannot be asked by a charge, and would call the question wrong."""
    put = stand_in.account.put("ch", "charge", amount_refunded=0, invoice=None, payment_intent=None)
    charge = await stripe.charge(put["id"])
    assert charge is not None
    stand_in.requests.clear()
    assert await stripe.invoice_of(charge) is None
    assert stand_in.requests == []


@pytest.mark.parametrize(
    "payment", [{"type": "charge", "charge": "ch_1"}, {"type": "payment_intent", "charge": "ch_1"}, {}]
)
def test_the_stand_in_refuses_questions_that_stripe_does_not_know(payment: dict[str, str]) -> None:
    with stripe_stand_in() as stand_in:
        headers = {"authorization": f"Bearer {stand_in.secret_key}"}
        status, body = stand_in.answer("GET", "/v1/invoice_payments", {"payment": payment}, headers)
    assert (status, body["error"]["param"]) == (400, "payment[type]")


async def test_a_charge_says_what_it_was_for(stripe: Stripe, stand_in: StripeStandIn) -> None:
    order = {"order_id": "ord_1", "venue_id": "venue_001"}
    put = stand_in.account.put("ch", "charge", amount_refunded=0, payment_intent=None, metadata=order)
    charge = await stripe.charge(put["id"])
    assert charge is not None and charge.metadata == order


async def test_what_stripe_does_not_know_is_nothing(stripe: Stripe, stand_in: StripeStandIn) -> None:
    assert await stripe.subscription("sub_gone") is None
    assert await stripe.invoice("in_gone") is None
    assert await stripe.charge("ch_gone") is None
    assert await stripe.checkout_session("cs_gone") is None
    await stripe.expire_checkout_session("cs_gone")


@pytest.mark.parametrize("trouble", ["hang", "drop", "drop_after", "429", "500"])
async def test_a_stripe_in_trouble_is_unavailable_and_well_again_afterwards(
    stripe: Stripe, stand_in: StripeStandIn, trouble: Trouble
) -> None:
    subscription_id = stand_in.account.subscribe({})["id"]
    stand_in.misbehave(trouble, times=2)
    assert await refusal_of(stripe.subscription(subscription_id)) == "stripe_unavailable"
    stand_in.behave()
    assert await stripe.subscription(subscription_id) is not None


@pytest.mark.parametrize("trouble", ["drop", "drop_after", "500"])
async def test_a_short_trouble_is_got_over(stripe: Stripe, stand_in: StripeStandIn, trouble: Trouble) -> None:
    stand_in.misbehave(trouble)
    await stripe.create_checkout_session(new_checkout())
    assert len(stand_in.account.of_kind("checkout.session")) == 1


async def test_nobody_there_is_unavailable() -> None:
    with stripe_stand_in() as gone:
        address = settings(gone)
    async with payments.connected(address) as stripe:
        assert await refusal_of(stripe.subscription("sub_1")) == "stripe_unavailable"


Ask = Callable[[Stripe], Coroutine[Any, Any, Any]]


@pytest.mark.parametrize(
    ("more", "ask"),
    [
        ({"secret_key": "sk_of_another"}, lambda stripe: stripe.subscription("sub_1")),
        ({}, lambda stripe: stripe.create_checkout_session(new_checkout(price_id="price_gone"))),
    ],
)
async def test_what_stripe_refuses_was_configured_wrongly(
    stand_in: StripeStandIn, more: dict[str, Any], ask: Ask, caplog: pytest.LogCaptureFixture
) -> None:
    async with payments.connected(settings(stand_in, **more)) as stripe:
        assert await refusal_of(ask(stripe)) == "stripe_not_configured"
    assert "Stripe" in caplog.text
    assert "sk_" not in caplog.text


async def test_without_a_key_nobody_is_asked() -> None:
    with pytest.raises(Refused, match="stripe_not_configured"):
        async with payments.connected(StripeSettings()):
            raise AssertionError("it was not connected")


async def test_nothing_is_told_but_what_is_asked(stripe: Stripe, stand_in: StripeStandIn) -> None:
    for _ in range(3):
        await stripe.subscription(stand_in.account.subscribe({})["id"])
    assert all("telemetry" not in name.lower() for headers in stand_in.headers for name in headers)


async def test_events_are_noted_once_and_forgotten(database: Database) -> None:
    program_id = await new_program(database, "sessions")
    seen: list[int] = []
    for consumer in ("memberships", "memberships", "others"):
        async with database.connection() as connection:

            async def work(pipeline: Any, consumer: str = consumer) -> None:
                sent = payments.send_event(pipeline, program_id, consumer, Event("evt_1", "a", {}), NOW)
                await pipeline.flush()
                seen.append(len(sent.rows))

            await transact(connection, work)
    assert seen == [1, 0, 1]
    async with database.connection() as connection:
        assert await payments.forget_events(connection, NOW) == 0
        assert await payments.forget_events(connection, NOW + timedelta(seconds=1), limit=1) == 1
        assert await payments.forget_events(connection, NOW + timedelta(seconds=1)) == 1


async def test_questions_are_numbered_upwards(database: Database) -> None:
    async def ask() -> int:
        async with database.connection() as connection:
            return await payments.next_question(connection)

    numbers = await asyncio.gather(*(ask() for _ in range(8)))
    assert len(set(numbers)) == 8
    assert await ask() > max(numbers)
