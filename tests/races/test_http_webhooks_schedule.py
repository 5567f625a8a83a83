"""A running server comes again on schedule, under the same id, and as receivers ask it to.

Two workers deliver. The schedule's hours pass by moving what waits, for a server has one clock.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

from regulars.base.clock import utc_now
from regulars.features.webhooks import rules
from regulars.features.webhooks.model import Delivery
from tests.support.market_endpoints import MarketEndpoints
from tests.support.market_events import KINDS, happen, of_type, verifies
from tests.support.markets import Markets
from tests.support.webhook_endpoints import Received, Receiver, until

AHEAD = timedelta(seconds=0.3)
EVENTS = len(KINDS)


async def test_the_schedule_of_a_referral_s_events_is_kept_to_its_end(
    market: Markets, receiver: Receiver, endpoints: MarketEndpoints
) -> None:
    number = await endpoints.add(receiver.url("/500"))
    await endpoints.add(receiver.url("/ok"), "referral.*", "webhook.disabled")
    await happen(market)
    await market.mature()
    due_from: dict[UUID, float] = {}
    for attempt in range(1, rules.ATTEMPTS_MAX):
        deliveries = await endpoints.until_logged(number, _all_have(attempt))
        arrived = receiver.at("/500")[EVENTS * (attempt - 1) :]
        assert len(arrived) == EVENTS, "once each"
        assert all(webhook.seconds > due_from.get(webhook.event_id, 0) for webhook in arrived)
        for delivery in deliveries:
            _is_on_schedule(delivery, attempt)
        due_from = await _until_shortly_before_it_is_due(endpoints, deliveries)
    disabled = await _until_all_have_failed(endpoints, number)
    _are_the_same_each_time(receiver.at("/500"), rules.ATTEMPTS_MAX, endpoints.secrets[number])
    assert await endpoints.event_ids() > {webhook.event_id for webhook in receiver.at("/500")}
    told = {"endpoint_id": number, "reason": rules.EXHAUSTED}
    await until(lambda: of_type(receiver.at("/ok"), "webhook.disabled") == [told] * disabled)
    assert len(receiver.at("/ok")) == EVENTS + disabled


async def _until_shortly_before_it_is_due(
    endpoints: MarketEndpoints, deliveries: list[Delivery]
) -> dict[UUID, float]:
    """When each event is due, by the event loop's time: the last of them in a moment, the others before."""
    due = {delivery.event_id: delivery.due_at for delivery in deliveries if delivery.due_at is not None}
    now, loop_now = utc_now(), asyncio.get_running_loop().time()
    skipped = max(due.values()) - now - AHEAD
    await endpoints.pass_time(skipped)
    return {event_id: loop_now + (at - skipped - now).total_seconds() for event_id, at in due.items()}


async def _until_all_have_failed(endpoints: MarketEndpoints, number: int) -> int:
    """How often the endpoint was disabled: by the first that failed for good, and by the next if enabled."""
    for disabled in range(1, EVENTS + 1):
        async with asyncio.timeout(10):
            while (await endpoints.endpoint(number)).reason != rules.EXHAUSTED or await endpoints.leases():
                await asyncio.sleep(0.02)
        failed = [
            delivery for delivery in await endpoints.log(number) if delivery.attempts == rules.ATTEMPTS_MAX
        ]
        assert {(each.state, each.due_at, each.answer_status) for each in failed} == {("failed", None, 500)}
        if len(failed) == EVENTS:
            return disabled
        await endpoints.enable(number)
    raise AssertionError("some never fail")


def _all_have(attempts: int) -> Any:
    return lambda log: [delivery.attempts for delivery in log] == [attempts] * EVENTS


def _is_on_schedule(delivery: Delivery, attempt: int) -> None:
    """Its next attempt is when Standard Webhooks says, a tenth later at most."""
    assert delivery.due_at is not None and delivery.tried_at is not None
    assert len(delivery.failures) == attempt and delivery.state == "pending"
    delay, waits = rules.DELAYS[attempt - 1], delivery.due_at - delivery.tried_at
    answered_after = timedelta(milliseconds=delivery.milliseconds or 0)
    assert delay <= waits <= delay * (1 + rules.JITTER) + answered_after + timedelta(seconds=1)


def _are_the_same_each_time(webhooks: list[Received], attempts: int, secret: str) -> None:
    """Every event came so often, under one id, with the same bytes, and signed anew each time."""
    assert set(Counter(webhook.event_id for webhook in webhooks).values()) == {attempts}
    bodies = {(webhook.event_id, webhook.body) for webhook in webhooks}
    assert len(bodies) == len({event_id for event_id, _ in bodies})
    assert all(verifies(secret, webhook) for webhook in webhooks)


async def test_410_ends_it_and_retry_after_is_waited_for(
    market: Markets, receiver: Receiver, endpoints: MarketEndpoints
) -> None:
    gone = await endpoints.add(receiver.url("/410"))
    busy = await endpoints.add(receiver.url("/429"))
    refusal = b"HTTP/1.1 429 Slow down\r\nRetry-After: 1800\r\ncontent-length: 0\r\n\r\n"
    receiver.answers["/429"].extend([refusal] * EVENTS)
    await happen(market)
    await market.mature()
    deliveries = await endpoints.until_logged(busy, _all_have(1))
    for delivery in deliveries:
        assert delivery.due_at is not None and delivery.tried_at is not None
        assert (
            timedelta(minutes=30) <= delivery.due_at - delivery.tried_at <= timedelta(minutes=30, seconds=5)
        )
    # Its own schedule says five seconds; it is not asked before the half hour that it wants.
    await endpoints.pass_time(timedelta(minutes=29))
    await endpoints.until_logged(gone, lambda log: "failed" in {delivery.state for delivery in log})
    assert (await endpoints.endpoint(gone)).reason == rules.GONE
    receiver.answers["/429"].append(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
    await market.ok(market.click(await market.rid(), "another"))
    await until(lambda: len(receiver.at("/429")) == EVENTS + 1)
    newest = receiver.at("/429")[-1].event_id
    assert newest not in {delivery.event_id for delivery in deliveries}, "the others still wait"
    assert newest not in {webhook.event_id for webhook in receiver.at("/410")}
    receiver.answers["/429"].extend([b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"] * EVENTS)
    await endpoints.pass_time(timedelta(minutes=1))
    await endpoints.until_logged(busy, lambda log: {delivery.state for delivery in log} == {"delivered"})
    assert len(receiver.at("/429")) == 2 * EVENTS + 1
