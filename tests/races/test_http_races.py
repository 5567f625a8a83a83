"""Races over HTTP against a server with two workers: however many come at once, one is the first."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from random import Random
from uuid import uuid4

import msgspec
import pytest

from tests.support.http_socket import Answer
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, refund_of, some_name, statuses

pytestmark = as_long_as_asked

CROWD = 30


class Race(msgspec.Struct, frozen=True):
    """Requests that come at once, how they must be answered, and what the member has afterwards."""

    requests: list[bytes]
    answers: dict[tuple[int, str | None], int]
    balance: int
    rows: int


async def one_earn(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/ck/earn", {"user_id": user, "amount": 5}, key=str(uuid4()))
    return Race([request] * CROWD, {(200, None): CROWD}, balance=15, rows=2)


async def one_redeem(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/ck/redeem", {"user_id": user, "amount": 7}, key=str(uuid4()))
    return Race([request] * CROWD, {(200, None): CROWD}, balance=3, rows=2)


async def one_adjustment(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/ck/adjust", {"user_id": user, "delta": -7}, key=str(uuid4()))
    return Race([request] * CROWD, {(200, None): CROWD}, balance=3, rows=2)


async def one_refund(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request(
        "/ck/refund", refund_of(user, await till.redeem(user, 10), 4), key=str(uuid4())
    )
    return Race([request] * CROWD, {(200, None): 1, (409, "REFUND_EXISTS"): CROWD - 1}, balance=4, rows=3)


async def one_reservation(till: Till, user: str) -> Race:
    await till.earn(user, 100)
    body = {"userId": user, "itemId": till.keys.reward_id}
    request = till.post_request("/api/holds", body, key=str(uuid4()))
    return Race([request] * CROWD, {(201, None): 1, (200, None): CROWD - 1}, balance=100, rows=2)


async def a_redeem_refunded_in_full(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/ck/refund", refund_of(user, await till.redeem(user, 10), 10))
    return Race([request] * CROWD, {(200, None): 1, (400, "REFUND_NOT_ALLOWED"): CROWD - 1}, 10, rows=3)


async def a_redeem_refunded_point_by_point(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/ck/refund", refund_of(user, await till.redeem(user, 10), 1))
    return Race([request] * CROWD, {(200, None): 10, (400, "REFUND_NOT_ALLOWED"): CROWD - 10}, 10, rows=12)


async def the_last_points(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/ck/redeem", {"user_id": user, "amount": 10})
    return Race([request] * CROWD, {(200, None): 1, (409, "INSUFFICIENT_FUNDS"): CROWD - 1}, 0, rows=2)


async def the_last_points_held(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    request = till.post_request("/api/holds", {"userId": user, "itemId": till.keys.reward_id})
    return Race([request] * CROWD, {(201, None): 1, (409, "hold_failed"): CROWD - 1}, 10, rows=2)


async def a_give_token(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    token = (await till.ok("/api/tokens/give", {"userId": user, "amount": 4}))["token"]
    request = till.post_request("/api/earn/scan", {"token": token})
    return Race([request] * CROWD, {(200, None): 1, (409, "TOKEN_USED"): CROWD - 1}, balance=14, rows=2)


async def an_earn_token(till: Till, user: str) -> Race:
    await till.earn(user, 10)
    wanted = {"userId": user, "templates": [{"id": till.keys.template_id, "count": 2}]}
    token = (await till.ok("/api/tokens/earn", wanted))["token"]
    request = till.post_request("/api/earn/scan", {"token": token})
    return Race([request] * CROWD, {(200, None): 1, (409, "TOKEN_USED"): CROWD - 1}, balance=16, rows=2)


async def an_approval(till: Till, user: str) -> Race:
    await till.earn(user, 50)
    request = till.approval(await till.reserve(user))
    return Race([request] * CROWD, {(200, None): 1, (409, "TOKEN_USED"): CROWD - 1}, balance=40, rows=3)


async def a_cancellation(till: Till, user: str) -> Race:
    await till.earn(user, 50)
    request = till.cancellation(await till.reserve(user))
    return Race([request] * CROWD, {(200, None): 1, (404, "hold_not_pending"): CROWD - 1}, 50, rows=3)


async def the_first_earn_of_a_stranger(till: Till, user: str) -> Race:
    request = till.post_request("/ck/earn", {"user_id": user, "amount": 1})
    return Race([request] * CROWD, {(200, None): CROWD}, balance=CROWD, rows=CROWD)


async def an_enrolment(till: Till, user: str) -> Race:
    request = till.post_request("/api/members", {"userId": user, "name": "Somebody"})
    return Race([request] * CROWD, {(201, None): 1, (409, "USER_EXISTS"): CROWD - 1}, balance=0, rows=0)


RACES: list[Callable[[Till, str], Awaitable[Race]]] = [
    one_earn,
    one_redeem,
    one_adjustment,
    one_refund,
    one_reservation,
    a_redeem_refunded_in_full,
    a_redeem_refunded_point_by_point,
    the_last_points,
    the_last_points_held,
    a_give_token,
    an_earn_token,
    an_approval,
    a_cancellation,
    the_first_earn_of_a_stranger,
    an_enrolment,
]


@pytest.mark.parametrize("prepare", RACES, ids=lambda prepare: prepare.__name__)
async def test_what_is_single_happens_once(
    server: ServerProcess, till: Till, prepare: Callable[[Till, str], Awaitable[Race]]
) -> None:
    for _ in range(bounded(1, 20)):
        user = some_name("racer")
        race = await prepare(till, user)

        answers = await at_once(server, race.requests)

        assert statuses(answers) == race.answers
        assert await till.balance(user) == race.balance
        assert len(await till.rows(user)) == race.rows
        # Those who are told that it worked are all told of the same posting, or each of its own.
        told = Counter(answer.body["txId"] for answer in answers if "txId" in answer.body)
        assert set(told) <= {row["id"] for row in await till.rows(user)}


async def test_exactly_twenty_refunds_an_hour_are_let_through(server: ServerProcess) -> None:
    """Of the program that has the limit of the contract's notes."""
    user = some_name("refunded")
    with closing(Till(server, "neighbours")) as till:
        await till.earn(user, 100)
        request = till.post_request("/ck/refund", refund_of(user, await till.redeem(user, 100), 1))

        answers = await at_once(server, [request] * CROWD)

        assert await till.balance(user) == 20
    assert statuses(answers) == {(200, None): 20, (429, "REFUND_RATE_LIMIT"): CROWD - 20}
    assert all("retry-after" in answer.headers for answer in answers if answer.status == 429)


async def test_no_point_is_spent_twice(server: ServerProcess, till: Till) -> None:
    """64 clients, 50 members with 10 points each, and many more spends than there are points."""
    users = [some_name("spender") for _ in range(50)]
    for user in users:
        await till.earn(user, 10)
    spends = [user for user in users for _ in range(bounded(100, 200))]
    Random(1).shuffle(spends)

    async def client(number: int) -> list[Answer]:
        with closing(Till(server)) as own:
            return [
                await own.post("/ck/redeem", {"user_id": user, "amount": 1}) for user in spends[number::64]
            ]

    answers = [answer for each in await asyncio.gather(*map(client, range(64))) for answer in each]

    assert statuses(answers) == {(200, None): 500, (409, "INSUFFICIENT_FUNDS"): len(spends) - 500}
    assert {await till.balance(user) for user in users} == {0}
