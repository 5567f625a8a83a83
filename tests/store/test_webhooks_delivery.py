"""Events come to endpoints: signed, once each, again after the schedule, whatever receivers do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest_asyncio
from standardwebhooks import Webhook

from regulars.db.database import Database
from regulars.features.webhooks import endpoints, rules
from tests.support.webhook_endpoints import EVENT, Received, Receiver, Telling, receiving


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver


@pytest_asyncio.fixture
async def telling(database: Database) -> Telling:
    return await Telling.create(database)


def verified(secret: str, webhook: Received) -> dict[str, object]:
    """What the published library makes of it; it looks at the real time."""
    said: dict[str, object] = Webhook(secret).verify(webhook.body, webhook.headers)
    return said


async def test_an_event_comes_once_signed_and_with_its_id(telling: Telling, receiver: Receiver) -> None:
    telling.now = datetime.now(UTC)
    made = await telling.add(receiver.url("/ok"))
    await telling.emit(EVENT, data={"loan_id": "1", "n": 2})
    assert await telling.deliver() == 1
    assert await telling.deliver() == 0
    [webhook] = receiver.received
    assert verified(made.secret, webhook) == msgspec.json.decode(webhook.body)
    said = msgspec.json.decode(webhook.body)
    assert said["type"] == EVENT and said["data"] == {"loan_id": "1", "n": 2}
    assert said["timestamp"] == telling.now.isoformat().replace("+00:00", "Z")
    assert webhook.headers["content-type"] == "application/json"
    [delivery] = await telling.log(1)
    assert delivery.event_id == webhook.event_id
    assert (delivery.state, delivery.attempts, delivery.answer_status) == ("delivered", 1, 200)
    assert delivery.tried_at == telling.now and delivery.due_at is None and delivery.failures == []
    assert (await telling.endpoint(1)).delivered_at == telling.now


async def test_signatures_verify_by_the_old_and_the_new_secret_during_rotation(
    telling: Telling, receiver: Receiver
) -> None:
    telling.now = datetime.now(UTC)
    old = await telling.add(receiver.url("/ok"))
    async with telling.database.transaction() as connection:
        new = await endpoints.rotate_secret(
            connection, telling.seal, telling.program_id, 1, overlap=timedelta(minutes=2), now=telling.now
        )
    await telling.emit(EVENT)
    await telling.deliver()
    [webhook] = receiver.received
    assert new.secret != old.secret
    assert verified(new.secret, webhook) == verified(old.secret, webhook)
    assert len(webhook.headers["webhook-signature"].split(" ")) == 2
    telling.pass_time(timedelta(minutes=3))
    await telling.emit(EVENT)
    await telling.deliver()
    assert len(receiver.received[1].headers["webhook-signature"].split(" ")) == 1
    assert verified(new.secret, receiver.received[1])


async def test_only_what_is_wanted_is_told_and_kept(telling: Telling, receiver: Receiver) -> None:
    await telling.emit(EVENT)
    assert await telling.rows("select 1 from events") == []
    await telling.add(receiver.url("/all"))
    await telling.add(receiver.url("/loans"), "loan.*")
    await telling.add(receiver.url("/one"), "loan.swapped", "webhook.test")
    await telling.emit(EVENT, "membership.ended")
    await telling.emit("loan.swapped")
    assert await telling.deliver() == 6
    heard = {
        path: [msgspec.json.decode(webhook.body)["type"] for webhook in receiver.at(path)]
        for path in ("/all", "/loans", "/one")
    }
    assert sorted(heard["/all"]) == [EVENT, "loan.swapped", "membership.ended"]
    assert sorted(heard["/loans"]) == [EVENT, "loan.swapped"]
    assert heard["/one"] == ["loan.swapped"]


async def test_the_schedule_is_kept_to_its_end_under_one_id(telling: Telling, receiver: Receiver) -> None:
    await telling.add(receiver.url("/500"))
    other = await telling.add(receiver.url("/ok"), "webhook.disabled")
    await telling.emit(EVENT)
    for number, delay in enumerate(rules.DELAYS, start=1):
        assert await telling.deliver() == 1, number
        [delivery] = await telling.log(1)
        assert delivery.due_at is not None and delivery.tried_at == telling.now
        assert delay <= delivery.due_at - telling.now <= delay * (1 + rules.JITTER)
        telling.now = delivery.due_at - timedelta(milliseconds=1)
        assert await telling.deliver() == 0
        telling.now = delivery.due_at
    assert await telling.deliver() == 2
    [delivery] = await telling.log(1)
    assert (delivery.state, delivery.attempts, delivery.due_at) == ("failed", rules.ATTEMPTS_MAX, None)
    assert [failure.trouble for failure in delivery.failures] == ["answered 500"] * rules.ATTEMPTS_MAX
    assert delivery.failures[0].at == telling.now and delivery.answer == "no"
    assert len({webhook.event_id for webhook in receiver.at("/500")}) == 1
    assert len({webhook.body for webhook in receiver.at("/500")}) == 1
    endpoint = await telling.endpoint(1)
    assert (endpoint.status, endpoint.reason) == ("disabled", rules.EXHAUSTED)
    [told] = receiver.at("/ok")
    assert msgspec.json.decode(told.body)["data"] == {"endpoint_id": 1, "reason": rules.EXHAUSTED}
    assert other.endpoint.endpoint_id == 2


async def test_one_event_that_a_receiver_cannot_take_disables_nothing(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.add(receiver.url("/ok"))
    await telling.emit(EVENT)
    receiver.answers["/ok"].extend([b"HTTP/1.1 500 X\r\ncontent-length: 0\r\n\r\n"] * rules.ATTEMPTS_MAX)
    for number in range(rules.ATTEMPTS_MAX):
        if number == 5:
            await telling.deliver()
            receiver.answers["/ok"].appendleft(b"HTTP/1.1 200 X\r\ncontent-length: 0\r\n\r\n")
            await telling.emit(EVENT)
        await telling.deliver()
        telling.pass_time(timedelta(hours=27))
    assert sorted(delivery.state for delivery in await telling.log(1)) == ["delivered", "failed"]
    assert (await telling.endpoint(1)).status == "enabled"


async def test_410_disables_at_once(telling: Telling, receiver: Receiver) -> None:
    await telling.add(receiver.url("/x"))
    receiver.answers["/x"].append(b"HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n")
    await telling.emit(EVENT)
    assert await telling.deliver() == 1
    endpoint = await telling.endpoint(1)
    assert (endpoint.status, endpoint.reason) == ("disabled", rules.GONE)
    assert [delivery.state for delivery in await telling.log(1)] == ["failed"]
    await telling.emit(EVENT)
    assert await telling.deliver() == 0
    async with telling.database.transaction() as connection:
        await endpoints.switch_endpoint(connection, telling.program_id, 1, enabled=True, now=telling.now)
    assert await telling.deliver() == 0
    await telling.emit(EVENT)
    assert await telling.deliver() == 1


async def test_what_waits_for_a_disabled_endpoint_is_told_when_it_is_enabled(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.add(receiver.url("/ok"))
    await telling.emit(EVENT)
    for enabled, attempts in ((False, 0), (True, 1)):
        async with telling.database.transaction() as connection:
            await endpoints.switch_endpoint(
                connection, telling.program_id, 1, enabled=enabled, now=telling.now
            )
        assert await telling.deliver() == attempts


async def test_retry_after_is_honoured(telling: Telling, receiver: Receiver) -> None:
    await telling.add(receiver.url("/429"))
    receiver.answers["/429"].append(
        b"HTTP/1.1 429 Slow down\r\nRetry-After: 1800\r\ncontent-length: 0\r\n\r\n"
    )
    await telling.emit(EVENT)
    await telling.deliver()
    [delivery] = await telling.log(1)
    assert delivery.due_at == telling.now + timedelta(minutes=30)
    assert delivery.trouble == "answered 429"


async def test_a_secret_of_another_server_disables_and_loses_nothing(
    telling: Telling, receiver: Receiver
) -> None:
    await telling.add(receiver.url("/ok"))
    await telling.emit(EVENT, EVENT)
    await telling.rows("update webhook_secrets set sealed = sealed || 'x' returning 1")
    await telling.deliver()
    assert (await telling.endpoint(1)).reason == rules.UNREADABLE and receiver.received == []
    async with telling.database.transaction() as connection:
        await endpoints.rotate_secret(
            connection, telling.seal, telling.program_id, 1, overlap=timedelta(0), now=telling.now
        )
        await endpoints.switch_endpoint(connection, telling.program_id, 1, enabled=True, now=telling.now)
    await telling.deliver()
    assert len(receiver.received) == 2
