"""The server is stopped in an orderly way and started again: nobody is refused, nothing is forgotten."""

import asyncio
import time
from contextlib import closing
from typing import Any
from uuid import uuid4

from tests.support.journal import Journal
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, refund_of, some_name, statuses

pytestmark = as_long_as_asked

Asked = tuple[str, str, int]
"""A verb, the error word it was answered with (none for success), and how often."""


async def test_a_restart_under_load_answers_everyone(server: ServerProcess) -> None:
    """Who is under way gets an answer, who comes meanwhile waits; PostgreSQL is stopped and started too."""
    journal = Journal(server)
    async with journal.writing():
        for _ in range(bounded(1, 30)):
            await asyncio.sleep(0.5)
            assert await asyncio.to_thread(server.stop) == 0
            assert server.site.cluster.postmaster() is None
            await asyncio.to_thread(server.start)
        await asyncio.sleep(0.5)
    assert journal.times(503) == 0
    assert journal.strange_answers() == {}
    await journal.settle()
    await journal.compare()


async def test_keys_are_remembered_over_a_restart(server: ServerProcess) -> None:
    """The one effect, the conflict, the refusal, the used token: all as before."""
    user = some_name("before")
    with closing(Till(server)) as till:
        await till.earn(user, 10)
        earn = till.post_request("/ck/earn", {"user_id": user, "amount": 5}, key="the earn")
        other = till.post_request("/ck/earn", {"user_id": user, "amount": 6}, key="the earn")
        poor = till.post_request("/ck/redeem", {"user_id": user, "amount": 99}, key="too much")
        token = (await till.ok("/api/tokens/give", {"userId": user, "amount": 4}))["token"]
        scan = till.post_request("/api/earn/scan", {"token": token})
        first = [await till.ask(request) for request in (earn, other, poor, scan)]
        assert [answer.status for answer in first] == [200, 409, 409, 200]
        await till.earn(user, 1000)

    assert server.stop() == 0
    server.start()

    again = await at_once(server, [earn] * 10 + [other] * 5 + [poor] * 5 + [scan] * 5)
    assert statuses(again) == {
        (200, None): 10,
        (409, "IDEMPOTENCY_CONFLICT"): 5,
        (409, "INSUFFICIENT_FUNDS"): 5,
        (409, "TOKEN_USED"): 5,
    }
    assert all(answer.body["tx"] == first[0].body["tx"] for answer in again[:10])
    with closing(Till(server)) as till:
        assert await till.balance(user) == 10 + 5 + 4 + 1000


async def test_telemetry_adds_up_over_workers_and_a_restart(server: ServerProcess) -> None:
    """In a program that nobody else asks for anything."""
    asked = await ask_for_everything(server, some_name("counted"))
    await until_counted(server, asked)
    asked += await ask_for_everything(server, some_name("counted"))

    # Stopped at once: what the workers have counted and not yet written must not be lost.
    assert server.stop() == 0
    server.start()

    await until_counted(server, asked)
    asked += await ask_for_everything(server, some_name("counted"))
    await until_counted(server, asked)


async def ask_for_everything(server: ServerProcess, user: str) -> list[Asked]:
    """Requests of several verbs, granted and refused, which both workers get some of."""
    with closing(Till(server, "neighbours")) as till:
        await till.earn(user, 1000)
        redeem_id = await till.redeem(user, 10)
        holds = [await till.reserve(user) for _ in range(2)]
        refund = refund_of(user, redeem_id, 1)
        requests = [
            *[till.post_request("/ck/earn", {"user_id": user, "amount": 1})] * 20,
            *[till.post_request("/ck/earn", {"user_id": user, "amount": 0})] * 7,
            *[till.post_request("/ck/redeem", {"user_id": user, "amount": 100_000})] * 9,
            *[till.post_request("/ck/adjust", {"user_id": user, "delta": -1})] * 8,
            *[till.post_request("/ck/refund", refund, key=str(uuid4()))] * 3,
            *[till.approval(holds[0])] * 4,
            *[till.cancellation(holds[1])] * 5,
        ]
        await at_once(server, requests)
    return [
        ("earn", "", 21),
        ("earn", "INVALID_AMOUNT", 7),
        ("redeem", "", 1),
        ("redeem", "INSUFFICIENT_FUNDS", 9),
        ("adjust", "", 8),
        ("refund", "", 1),
        ("refund", "REFUND_EXISTS", 2),
        ("hold.reserve", "", 2),
        ("hold.redeem", "", 1),
        ("hold.redeem", "TOKEN_USED", 3),
        ("hold.release", "", 1),
        ("hold.release", "hold_not_pending", 4),
    ]


async def until_counted(server: ServerProcess, asked: list[Asked]) -> None:
    """Returns when telemetry says just this; workers write what they have counted every 0.2 seconds."""
    expected: dict[str, tuple[int, dict[str, int]]] = {}
    for verb, error, times in asked:
        count, failures = expected.setdefault(verb, (0, {}))
        if error:
            failures[error] = failures.get(error, 0) + times
        expected[verb] = (count + times, failures)
    with closing(Till(server, "neighbours")) as till:
        deadline = time.monotonic() + 5
        health = await till.get("/api/admin/telemetry/core-health")
        while counts_of(health) != expected and time.monotonic() < deadline:
            await asyncio.sleep(0.1)
            health = await till.get("/api/admin/telemetry/core-health")
    assert counts_of(health) == expected
    assert health["totalCount"] == sum(times for _, _, times in asked)
    assert health["totalFailures"] == sum(times for _, error, times in asked if error)


def counts_of(health: dict[str, Any]) -> dict[str, tuple[int, dict[str, int]]]:
    """Each verb with its count and its failures."""
    return {
        row["verb"]: (row["count"], {each["message"]: each["count"] for each in row["topFailures"]})
        for row in health["verbs"]
        if row["count"]
    }
