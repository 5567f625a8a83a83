"""Races over HTTP against a server with two workers: however many come at once, one is the first."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import closing
from random import Random
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from tests.support.http_socket import Answer
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, some_name, statuses

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
    request = approval(till, await till.reserve(user))
    return Race([request] * CROWD, {(200, None): 1, (409, "TOKEN_USED"): CROWD - 1}, balance=40, rows=3)


async def a_cancellation(till: Till, user: str) -> Race:
    await till.earn(user, 50)
    request = cancellation(till, await till.reserve(user))
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


async def test_a_hold_is_approved_or_canceled_never_both(server: ServerProcess, till: Till) -> None:
    ends: Counter[str] = Counter()
    for _ in range(bounded(4, 100)):
        user = some_name("undecided")
        await till.earn(user, 10)
        hold = await till.reserve(user)
        requests = [approval(till, hold), cancellation(till, hold)] * (CROWD // 2)

        answers = await at_once(server, requests)

        refused = {"TOKEN_USED", "hold_not_pending"}
        assert {answer.error for answer in answers if answer.status != 200} == refused & {
            answer.error for answer in answers
        }
        [winner] = [answer.body for answer in answers if answer.status == 200]
        ends[winner["verb"]] += 1
        captured = 10 if winner["verb"] == "hold.redeem" else 0
        assert await till.balance(user) == 10 - captured
        assert [row["verb"] for row in await till.rows(user)] == [winner["verb"], "hold.reserve", "earn"]
    assert set(ends) <= {"hold.redeem", "hold.release"}


async def test_a_hold_that_lapses_meanwhile_ends_once(server: ServerProcess) -> None:
    """Approvals and cancellations arrive around the moment at which the hold's second is over."""
    random = Random(2)
    users = [some_name("late") for _ in range(bounded(20, 300))]

    async def decide(user: str) -> list[Answer]:
        with closing(Till(server, "hurried")) as own:
            await own.earn(user, 10)
            hold = await own.reserve(user)
            ends = [approval(own, hold), cancellation(own, hold)]
            return await asyncio.gather(*(ask_later(server, end, random.uniform(0.9, 1.1)) for end in ends))

    answers = await asyncio.gather(*map(decide, users))

    await asyncio.sleep(0.3)
    with closing(Till(server, "hurried")) as till:
        for user, (approved, canceled) in zip(users, answers, strict=True):
            assert {approved.status, canceled.status} <= {200, 404}, (approved, canceled)
            assert not (approved.status == canceled.status == 200)
            said = await till.ok("/ck/earn", {"user_id": user, "amount": 1})
            assert said["hints"]["pending_hold_count"] == 0
            assert said["balance"] == (1 if approved.status == 200 else 11)
            verbs = Counter(row["verb"] for row in await till.rows(user))
            assert verbs["hold.redeem"] + verbs["hold.release"] + verbs["hold.expire"] == 1


async def test_spending_from_a_member_who_is_erased(server: ServerProcess, till: Till) -> None:
    for _ in range(bounded(3, 50)):
        user = some_name("leaver")
        await till.earn(user, 100)
        spend = till.post_request("/ck/redeem", {"user_id": user, "amount": 1})
        erase = till.delete_request(f"/api/members/{user}")

        answers = await at_once(server, [spend, erase] * (CROWD // 2))

        # Erasing is the same however often it is done, so more than one may be told that it worked.
        assert {(200, None)} <= set(statuses(answers[1::2])) <= {(200, None), (404, "NOT_FOUND")}
        assert set(statuses(answers[::2])) <= {(200, None), (400, "INVALID_USER")}
        assert (await till.post("/ck/redeem", {"user_id": user, "amount": 1})).error == "INVALID_USER"


async def test_erased_and_enrolled_again_and_again(server: ServerProcess, till: Till) -> None:
    """An earn makes a new member of the id of an erased one; none of it may fail on the server's side."""
    user = some_name("phoenix")
    earn = till.post_request("/ck/earn", {"user_id": user, "amount": 3})
    spend = till.post_request("/ck/redeem", {"user_id": user, "amount": 1})
    hold = till.post_request("/api/holds", {"userId": user, "itemId": till.keys.reward_id})
    erase = till.delete_request(f"/api/members/{user}")
    for _ in range(bounded(3, 50)):
        answers = await at_once(server, [earn, earn, earn, spend, hold, erase] * (CROWD // 6))

        assert no_server_fault(answers), statuses(answers)


async def test_everything_crosses_everything(server: ServerProcess, till: Till) -> None:
    """32 clients on three members, in every order of locks there is."""
    users = [some_name("crossed") for _ in range(3)]
    for user in users:
        await till.earn(user, 1000)

    async def client(seed: int) -> list[Answer]:
        random = Random(seed)
        with closing(Till(server)) as own:
            errands = [await errand(own, random.choice(users), random) for _ in range(bounded(6, 200))]
        return [answer for each in errands for answer in each]

    answers = [answer for each in await asyncio.gather(*map(client, range(32))) for answer in each]

    assert no_server_fault(answers), statuses(answers)
    for user in users:
        rows = await till.rows(user)
        assert await till.balance(user) == sum(row["delta"] for row in rows) >= 0


async def errand(till: Till, user: str, random: Random) -> list[Answer]:
    """A few requests that belong together, of a kind that chance decides."""
    if random.random() < 0.4:
        redeemed = await till.post("/ck/redeem", {"user_id": user, "amount": random.randint(1, 9)})
        if redeemed.status != 200:
            return [redeemed]
        wanted = refund_of(user, redeemed.body["txId"], random.randint(1, 9))
        return [redeemed, await till.post("/ck/refund", wanted)]
    if random.random() < 0.3:
        return [await till.post("/ck/adjust", {"user_id": user, "delta": random.choice([-5, 20])})]
    held = await till.post("/api/holds", {"userId": user, "itemId": till.keys.reward_id})
    if held.status != 201:
        return [held]
    end = random.choice([approval, cancellation])
    return [held, await till.ask(end(till, held.body))]


async def ask_later(server: ServerProcess, request: bytes, seconds: float) -> Answer:
    """The answer to a request that is made after a while, on a connection of its own."""
    await asyncio.sleep(seconds)
    with closing(Till(server)) as own:
        return await own.ask(request)


def refund_of(user: str, redeem_id: str, amount: int) -> dict[str, Any]:
    """The body of a refund."""
    return {"user_id": user, "redeem_tx_id": redeem_id, "amount": amount, "reason": "mis_tap"}


def approval(till: Till, hold: dict[str, Any]) -> bytes:
    """A request that debits the hold."""
    return till.post_request(f"/api/holds/{hold['holdId']}/approve", {"token": hold["token"]})


def cancellation(till: Till, hold: dict[str, Any]) -> bytes:
    """A request that lets the hold go."""
    return till.post_request(f"/api/holds/{hold['holdId']}/cancel")


def no_server_fault(answers: list[Answer]) -> bool:
    """Whether the server took every request, granted or refused."""
    return all(answer.status < 500 for answer in answers)
