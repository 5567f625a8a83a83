"""A running server with two workers tells receivers of referrals, signed, and nobody waits for another."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count

from jsonschema import Draft202012Validator, FormatChecker
from standardwebhooks import Webhook

from regulars.base.clock import utc_now
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.catalogue_page import schema_of
from regulars.features.webhooks.sending import SECONDS_MAX
from regulars.jobs import defer_in
from tests.support.market_endpoints import MarketEndpoints
from tests.support.market_events import KINDS, happen, of_type, said, verifies
from tests.support.markets import Markets
from tests.support.soak import as_long_as_asked, bounded
from tests.support.webhook_endpoints import Received, Receiver, until

pytestmark = as_long_as_asked

PROMPT_SECONDS_MAX = 3.0
"""So long an event may take to a receiver that answers, on a machine with much else to do."""


async def test_each_event_of_a_referral_arrives_as_the_catalogue_says(
    market: Markets, receiver: Receiver, endpoints: MarketEndpoints
) -> None:
    number = await endpoints.add(receiver.url("/ok"))
    what = await happen(market)
    async with market.database.transaction() as connection:
        await defer_in(connection, "mature_rewards", timestamp=int(utc_now().timestamp()))
    await until(lambda: len(receiver.received) == len(KINDS))
    assert Counter(said(webhook)["type"] for webhook in receiver.received) == KINDS
    for webhook in receiver.received:
        body = Webhook(endpoints.secrets[number]).verify(webhook.body, webhook.headers)
        assert list(body) == ["type", "timestamp", "data"]
        schema = schema_of(CATALOGUE[body["type"]])
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(body["data"])
        assert body["data"].keys() == schema["properties"].keys(), "nothing but what is documented"
    rid, order_id = what["rid"], what["order"]
    assert of_type(receiver.received, "referral.click") == [{"rid": rid}]
    assert of_type(receiver.received, "referral.conversion") == [
        {"rid": rid, "orderId": order_id, "orderTotal": 12900, "currency": "USD"}
    ]
    [payable] = [webhook for webhook in receiver.received if b"reward_payable" in webhook.body]
    assert said(payable)["data"] == {
        "rid": rid, "orderId": order_id, "rewardAmount": 1000, "currency": "USD", "status": "payable",
    }  # fmt: skip
    [flag] = of_type(receiver.received, "referral.fraud_flag")
    [queued] = await market.flags()
    assert flag == {
        "flagId": str(queued.flag_id), "rid": rid, "orderId": what["flagged"],
        "rule": "device_of_many_buyers", "observed": 2,
    }  # fmt: skip


async def test_signatures_verify_before_during_and_after_a_rotation(
    market: Markets, receiver: Receiver, endpoints: MarketEndpoints
) -> None:
    number = await endpoints.add(receiver.url("/ok"))
    old, rid = endpoints.secrets[number], await market.rid()
    arrived: list[Received] = []

    async def click() -> Received:
        await market.ok(market.click(rid, f"device {len(arrived)}"))
        await until(lambda: len(receiver.received) > len(arrived))
        arrived.append(receiver.received[-1])
        return arrived[-1]

    async def rotate(overlap: str) -> str:
        command = ("webhooks", "rotate", str(number), "--overlap", overlap)
        outcome = await asyncio.to_thread(
            market.server.site.command, *command, "--program", market.program.slug
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout.strip()

    def verifying(webhook: Received, *secrets: str) -> list[bool]:
        return [verifies(secret, webhook) for secret in secrets]

    before = await click()
    new = await rotate("1h")
    during = await click()
    newest = await rotate("0")
    after = await click()
    assert verifying(before, old, new, newest) == [True, False, False]
    assert verifying(during, old, new, newest) == [True, True, False]
    assert verifying(after, old, new, newest) == [False, False, True]
    counts = [len(webhook.headers["webhook-signature"].split(" ")) for webhook in arrived]
    assert counts == [1, 2, 1]


SLOW = ("/hang", "/drip")
ODD = {
    "/302": ("pending", "answered 302, and redirects are not followed"),
    "/drop": ("pending", "RemoteProtocolError: Server disconnected without sending a response."),
    "/megabytes": ("delivered", None),
}


async def test_nobody_waits_for_receivers_that_hang_drip_redirect_or_answer_megabytes(
    market: Markets, receiver: Receiver, endpoints: MarketEndpoints
) -> None:
    slow = [await endpoints.add(receiver.url(path)) for path in SLOW]
    odd = {path: await endpoints.add(receiver.url(path), "referral.conversion") for path in ODD}
    await endpoints.add(receiver.url("/ok"))
    async with clicking(market, receiver) as latencies:
        await happen(market)
        await market.mature()
        for path, number in odd.items():
            [delivery] = await endpoints.until_logged(
                number, lambda log: [one.attempts for one in log] == [1]
            )
            assert (delivery.state, delivery.trouble) == ODD[path]
        for _ in range(bounded(1, 5)):
            await asyncio.gather(*(_is_late_again(endpoints, number) for number in slow))
            await endpoints.pass_time(timedelta(days=2))
    assert receiver.at("/redirected") == []
    assert receiver.megabytes < 25, "the rest was never taken"
    assert max(latencies) < PROMPT_SECONDS_MAX
    assert len(latencies) > 20


async def _is_late_again(endpoints: MarketEndpoints, number: int) -> None:
    before = sum(len(delivery.failures) for delivery in await endpoints.log(number))
    deliveries = await endpoints.until_logged(
        number, lambda log: sum(len(delivery.failures) for delivery in log) > before, SECONDS_MAX + 15
    )
    [latest] = {delivery.trouble for delivery in deliveries if delivery.trouble}
    assert latest == f"did not answer within {SECONDS_MAX:g} s"


@asynccontextmanager
async def clicking(market: Markets, receiver: Receiver) -> AsyncIterator[list[float]]:
    """Somebody clicks all the time; how many seconds each click takes to the healthy receiver."""
    latencies: list[float] = []
    over = asyncio.Event()

    async def click_again_and_again() -> None:
        rid = (await market.rid()).encode()
        for number in count(1):
            began = asyncio.get_running_loop().time()
            await market.ok(market.click(rid.decode(), f"clicker {number}"))
            await until(lambda number=number: sum(rid in one.body for one in receiver.at("/ok")) == number)  # type: ignore[misc]
            latencies.append(asyncio.get_running_loop().time() - began)
            if over.is_set():
                return

    clicks = asyncio.create_task(click_again_and_again())
    try:
        yield latencies
    finally:
        over.set()
        await clicks
