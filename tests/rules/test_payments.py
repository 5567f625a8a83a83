"""Signed events: which are let in, what they are about, and both shapes of what they hold."""

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import stripe

from regulars.base.refusals import Refused
from regulars.features.payments import actions as payments
from regulars.features.payments.model import Event, Invoice, Period, StripeSettings, Subject
from regulars.features.payments.rules import is_of_now, signed_at, subject_of
from regulars.features.payments.rules_shapes import charge_in, id_in, invoice_in, session_in, subscription_in
from regulars.stand_ins.stripe.account import StripeAccount
from regulars.stand_ins.stripe.shapes import NEW_SHAPE, OLD_SHAPE, in_shape
from regulars.stand_ins.stripe.signing import signature

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = int(NOW.timestamp())
SECRET = "whsec_of_the_test"
SETTINGS = StripeSettings(webhook_secret=SECRET)
BODY = (
    b'{"id": "evt_1", "object": "event", "type": "customer.subscription.updated",'
    b' "data": {"object": {"id": "sub_1", "name": "Caf\xc3\xa9"}}}'
)
GOOD = signature(BODY, AT, SECRET)


def verify(body: bytes = BODY, header: str | None = GOOD, settings: StripeSettings = SETTINGS) -> Event:
    return payments.verify_event(body, header, settings, NOW)


def refusal_of(*arguments: Any, **named: Any) -> str:
    with pytest.raises(Refused) as refused:
        verify(*arguments, **named)
    return refused.value.code


@pytest.mark.parametrize(
    "header",
    [
        GOOD,
        signature(BODY, AT - 300, SECRET),
        signature(BODY, AT + 300, SECRET),
        GOOD + ",v0=0000",
        GOOD + ",v1=0000",
        GOOD.replace(",v1=", f",v1={'0' * 64},v1="),
        stripe.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, AT),
    ],
)
def test_what_stripe_signed_just_now_is_let_in(header: str) -> None:
    event = verify(header=header)
    assert event == Event("evt_1", "customer.subscription.updated", {"id": "sub_1", "name": "Café"})


@pytest.mark.parametrize(
    "header",
    [
        signature(BODY, AT - 301, SECRET),
        signature(BODY, AT + 301, SECRET),
        signature(BODY, 0, SECRET),
        signature(BODY, AT, "whsec_of_another"),
        signature(BODY + b" ", AT, SECRET),
        signature(msgspec.json.encode(msgspec.json.decode(BODY)), AT, SECRET),
        GOOD.replace(f"t={AT}", f"t={AT + 1}"),
        GOOD.replace(f"t={AT}", f"t={AT},t={AT - 9000}").replace(f"t={AT},", "", 1),
        GOOD.replace("v1=", "v0="),
        GOOD[:-1],
        GOOD.upper(),
        GOOD.split(",")[0],
        GOOD.split(",")[1],
        f"t={AT},v1=",
        f"t=,v1={GOOD[-64:]}",
        f"t=now,v1={GOOD[-64:]}",
        f"t=-{AT},v1={GOOD[-64:]}",
        f"t={AT}.0,v1={GOOD[-64:]}",
        f"t={'9' * 5000},v1={GOOD[-64:]}",
        f"t=١٢٣,v1={GOOD[-64:]}",
        "garbage",
        ",,,===",
        "v1",
    ],
)
def test_any_other_signature_is_refused(header: str) -> None:
    assert refusal_of(header=header) == "signature_verification_failed"


@pytest.mark.parametrize("header", [None, ""])
def test_no_signature_is_its_own_refusal(header: str | None) -> None:
    assert refusal_of(header=header) == "missing_stripe_signature"


def test_without_a_secret_nothing_is_let_in() -> None:
    assert refusal_of(settings=StripeSettings()) == "stripe_not_configured"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"{}",
        b"\xff\xfe",
        b'{"id": 1, "type": "a", "data": {"object": {}}}',
        b'{"id": "evt_1", "type": "a", "data": {"object": []}}',
        b'{"id": "evt_1", "type": "a", "data": {}}',
        b"[" * 10_000,
    ],
)
def test_what_is_no_event_is_refused_though_it_is_signed(body: bytes) -> None:
    assert refusal_of(body, signature(body, AT, SECRET)) == "signature_verification_failed"


def test_settings_do_not_show_their_keys() -> None:
    settings = StripeSettings(secret_key="sk_live_secret", webhook_secret="whsec_secret")
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("header", "at"),
    [
        ("t=12,v1=a", 12),
        ("v1=a,t=12", 12),
        ("t=12,t=13", 12),
        ("t=,t=13", None),
        ("v1=a", None),
        ("t=1_2", None),
    ],
)
def test_the_time_of_a_signature_is_the_first_one(header: str, at: int | None) -> None:
    assert signed_at(header) == at


@pytest.mark.parametrize(
    ("seconds", "is_now"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_signatures_hold_for_five_minutes_both_ways(seconds: int, is_now: bool) -> None:
    assert is_of_now(f"t={AT + seconds},v1=a", NOW) is is_now


def account_with_all() -> StripeAccount:
    """An account with one of each, at a fixed time."""
    account = StripeAccount(clock=lambda: float(AT))
    session = account.open_session({"subscription_data": {"metadata": {"customer_id": "ann"}}})
    account.complete(session["id"])
    charge = account.one("charge")
    account.refund(charge["id"], 300)
    account.dispute(charge["id"])
    return account


@pytest.mark.parametrize("shape", [OLD_SHAPE, NEW_SHAPE])
def test_both_shapes_say_the_same(shape: str) -> None:
    account = account_with_all()
    period = Period(NOW, datetime(2026, 3, 31, 12, tzinfo=UTC))
    told = in_shape(account.one("invoice"), shape)
    invoice = invoice_in(told)
    assert invoice == Invoice(
        invoice_id=account.one("invoice")["id"],
        subscription_id=account.one("subscription")["id"],
        status="paid",
        total_minor=999,
        paid_minor=999,
        period=period,
    )
    subscription = subscription_in(in_shape(account.one("subscription"), shape) | {"latest_invoice": told})
    assert (subscription.period, subscription.latest_invoice) == (period, invoice)
    assert (subscription.started_at, subscription.metadata) == (NOW, {"customer_id": "ann"})
    charge = charge_in(in_shape(account.one("charge"), shape), account.of_kind("dispute"))
    assert (charge.refunded_minor, charge.disputed) == (300, True)
    assert charge.invoice_id == (invoice.invoice_id if shape == OLD_SHAPE else None)
    assert session_in(account.one("checkout.session")).subscription_id == subscription.subscription_id


@pytest.mark.parametrize("shape", [OLD_SHAPE, NEW_SHAPE])
def test_changes_within_a_period_are_no_period(shape: str) -> None:
    told = in_shape(account_with_all().one("invoice"), shape)
    [line] = told["lines"]["data"]
    line.get("parent", {}).get("subscription_item_details", {})["proration"] = line["proration"] = True
    assert invoice_in(told).period is None


def test_of_several_lines_the_one_that_began_last_is_the_period() -> None:
    told = in_shape(account_with_all().one("invoice"), NEW_SHAPE)
    [line] = told["lines"]["data"]
    told["lines"]["data"] = [line, line | {"period": {"start": AT + 5, "end": AT + 9}}, line, {"amount": 5}]
    period = invoice_in(told).period
    assert period is not None and period.start.timestamp() == AT + 5


@pytest.mark.parametrize(
    ("status", "disputed"),
    [
        ("needs_response", True),
        ("under_review", True),
        ("lost", True),
        ("something_new", True),
        ("won", False),
        ("prevented", False),
        ("warning_needs_response", False),
        ("warning_under_review", False),
        ("warning_closed", False),
    ],
)
def test_a_dispute_counts_until_the_shop_has_its_money(status: str, disputed: bool) -> None:
    assert charge_in({"id": "ch_1"}, [{"status": "won"}, {"status": status}]).disputed is disputed


def test_events_are_about_what_they_name() -> None:
    account = account_with_all()
    subscription_id, charge_id = account.one("subscription")["id"], account.one("charge")["id"]
    invoice = invoice_in(in_shape(account.one("invoice"), NEW_SHAPE))
    for shape in (OLD_SHAPE, NEW_SHAPE):
        told = [account.told(event, shape) for event in account.events]
        assert [subject_of(Event(sent["id"], sent["type"], sent["data"]["object"])) for sent in told] == [
            Subject(subscription_id),
            Subject(subscription_id),
            Subject(subscription_id, invoice),
            Subject(charge_id=charge_id),
            Subject(charge_id=charge_id),
        ]


@pytest.mark.parametrize(
    ("type_", "about"),
    [
        ("customer.created", {"id": "cus_1"}),
        ("checkout.session.completed", {"id": "cs_1", "mode": "payment", "subscription": None}),
        ("checkout.session.expired", {"id": "cs_1", "subscription": "sub_1"}),
        ("invoice.paid", {"id": "in_1"}),
        ("invoice.paid", {"id": "in_1", "parent": {"type": "quote_details", "subscription_details": None}}),
        ("invoice.created", {"id": "in_1", "subscription": "sub_1"}),
        ("customer.subscription.updated", {}),
        ("charge.refunded", {"id": ""}),
        ("charge.dispute.created", {"id": "dp_1", "charge": None}),
    ],
)
def test_other_events_are_about_nothing(type_: str, about: dict[str, Any]) -> None:
    assert subject_of(Event("evt_1", type_, about)) is None


@pytest.mark.parametrize(
    ("value", "found"),
    [("sub_1", "sub_1"), ({"id": "sub_1"}, "sub_1"), ({}, None), ("", None), (None, None), (5, None)],
)
def test_what_is_named_may_be_there_in_full(value: Any, found: str | None) -> None:
    assert id_in(value) == found
