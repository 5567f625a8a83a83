"""Idempotency over HTTP and two workers: a request that is made again has no second effect."""

import asyncio
from contextlib import closing
from random import Random
from typing import Any
from uuid import uuid4

import pytest

from tests.support.http_socket import Answer, HttpSocket
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, some_name, statuses

pytestmark = as_long_as_asked


async def ask_anew(till: Till, request: bytes) -> Answer:
    """The answer on a connection of its own, which either worker may take."""
    till.close()
    return await till.ask(request)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/ck/earn", {"amount": 5}),
        ("/ck/redeem", {"amount": 5}),
        ("/ck/adjust", {"delta": -5}),
        ("/ck/adjust", {"delta": 5}),
    ],
)
async def test_ten_times_in_a_row(till: Till, path: str, body: dict[str, Any]) -> None:
    user = some_name("again")
    await till.earn(user, 10)
    request = till.post_request(path, {"user_id": user, **body}, key=str(uuid4()))

    answers = [await ask_anew(till, request) for _ in range(10)]

    first = answers[0].body
    assert [answer.status for answer in answers] == [200] * 10
    assert all(answer.body["tx"] == first["tx"] for answer in answers)
    newest, _ = await till.rows(user)
    assert newest["id"] == first["txId"]


async def test_a_hold_is_reserved_and_canceled_once(till: Till) -> None:
    user = some_name("again")
    await till.earn(user, 100)
    reserve = till.post_request("/api/holds", {"userId": user, "itemId": till.keys.reward_id}, key="reserve")
    held = [await ask_anew(till, reserve) for _ in range(10)]
    assert len({answer.body["holdId"] for answer in held}) == 1

    cancel = till.post_request(f"/api/holds/{held[0].body['holdId']}/cancel", key="cancel")
    canceled = [await ask_anew(till, cancel) for _ in range(10)]

    assert statuses(canceled) == {(200, None): 10}
    assert len({answer.body["txId"] for answer in canceled}) == 1
    assert len(await till.rows(user)) == 3


async def test_another_body_under_the_same_key_is_a_conflict(server: ServerProcess, till: Till) -> None:
    user = some_name("conflict")
    key = str(uuid4())
    five, six = (till.post_request("/ck/earn", {"user_id": user, "amount": n}, key=key) for n in (5, 6))

    answers = await at_once(server, [five, six] * 10)

    assert statuses(answers) == {(200, None): 10, (409, "IDEMPOTENCY_CONFLICT"): 10}
    assert statuses(answers[::2]) in ({(200, None): 10}, {(409, "IDEMPOTENCY_CONFLICT"): 10})
    assert await till.balance(user) in (5, 6)
    spend = await till.post("/ck/redeem", {"user_id": user, "amount": 5}, key=key)
    assert (spend.status, spend.error) == (409, "IDEMPOTENCY_CONFLICT")


async def test_another_programs_key_never_sees_it(server: ServerProcess, till: Till) -> None:
    user, key = some_name("both"), str(uuid4())
    body = {"user_id": user, "amount": 5}
    with closing(Till(server, "neighbours")) as other:
        mine = await till.ok("/ck/earn", body, key=key)
        theirs = await other.ok("/ck/earn", body, key=key)
        unlike = await other.post("/ck/earn", {**body, "amount": 6}, key=key)

        assert mine["txId"] != theirs["txId"]
        assert unlike.error == "IDEMPOTENCY_CONFLICT"
        assert [row["id"] for row in await till.rows(user)] == [mine["txId"]]
        assert [row["id"] for row in await other.rows(user)] == [theirs["txId"]]


async def test_a_client_that_hung_up_and_comes_back(server: ServerProcess, till: Till) -> None:
    """Whether the server had got that far or not when the connection broke: there is one effect."""
    random = Random(4)
    users = [some_name("dropped") for _ in range(bounded(30, 1000))]
    for user in users:
        await till.earn(user, 10)
    spends = [
        till.post_request("/ck/redeem", {"user_id": user, "amount": 3}, key=f"spend of {user}")
        for user in users
    ]
    for spend in spends:
        socket = await HttpSocket.open(server.port)
        await socket.send(spend)
        await asyncio.sleep(random.uniform(0, 0.02))
        socket.reset()
    assert 7 in {await till.balance(user) for user in users}, "nobody hung up after the effect"

    answers = [await ask_anew(till, spend) for spend in spends]

    assert statuses(answers) == {(200, None): len(users)}
    assert {await till.balance(user) for user in users} == {7}


async def test_a_refusal_is_remembered_after_funds_arrive(till: Till) -> None:
    user, key = some_name("poor"), str(uuid4())
    await till.earn(user, 1)
    request = till.post_request("/ck/redeem", {"user_id": user, "amount": 5}, key=key)
    refused = await ask_anew(till, request)
    await till.earn(user, 100)

    again = [await ask_anew(till, request) for _ in range(4)]

    assert statuses([refused, *again]) == {(409, "INSUFFICIENT_FUNDS"): 5}
    assert (await till.post("/ck/redeem", {"user_id": user, "amount": 5}, key=str(uuid4()))).status == 200
    assert await till.balance(user) == 96


@pytest.mark.parametrize("amount", [0, -1, 1.5, "5", True, None, 2**53])
async def test_a_body_that_is_wrong_does_not_use_the_key_up(till: Till, amount: Any) -> None:
    user, key = some_name("typo"), str(uuid4())
    refused = await till.post("/ck/earn", {"user_id": user, "amount": amount}, key=key)
    assert (refused.status, refused.error) == (400, "INVALID_AMOUNT")

    answer = await till.post("/ck/earn", {"user_id": user, "amount": 5}, key=key)

    assert answer.status == 200
    assert await till.balance(user) == 5
