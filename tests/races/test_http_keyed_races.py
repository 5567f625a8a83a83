"""The rest of what is done once under a key, brought by thirty at the same moment to two workers."""

from collections.abc import Awaitable, Callable
from uuid import uuid4

import pytest

from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, some_name, statuses

pytestmark = as_long_as_asked

CROWD = 30


async def a_quick_earn(till: Till, user: str) -> tuple[bytes, int, list[str]]:
    body = {"userId": user, "templateId": till.keys.template_id}
    return till.post_request("/api/earn/quick", body, key=str(uuid4())), 23, ["earn", "earn"]


async def the_first_quick_earn_of_a_stranger(till: Till, user: str) -> tuple[bytes, int, list[str]]:
    body = {"userId": f"{user}-new", "templateId": till.keys.template_id}
    return till.post_request("/api/earn/quick", body, key=str(uuid4())), 20, ["earn"]


async def a_cancellation(till: Till, user: str) -> tuple[bytes, int, list[str]]:
    hold = await till.reserve(user)
    request = till.post_request(f"/api/holds/{hold['holdId']}/cancel", key=str(uuid4()))
    return request, 20, ["hold.release", "hold.reserve", "earn"]


async def a_credit(till: Till, user: str) -> tuple[bytes, int, list[str]]:
    body = {"user_id": user, "delta": 7}
    return till.post_request("/ck/adjust", body, key=str(uuid4())), 27, ["adjust", "earn"]


Prepare = Callable[[Till, str], Awaitable[tuple[bytes, int, list[str]]]]


@pytest.mark.parametrize(
    "prepare",
    [a_quick_earn, the_first_quick_earn_of_a_stranger, a_cancellation, a_credit],
    ids=lambda prepare: prepare.__name__,
)
async def test_all_are_told_of_the_one_posting(server: ServerProcess, till: Till, prepare: Prepare) -> None:
    for _ in range(bounded(1, 20)):
        user = some_name("keyed")
        await till.earn(user, 20)
        request, balance, verbs = await prepare(till, user)

        answers = await at_once(server, [request] * CROWD)

        assert statuses(answers) == {(200, None): CROWD}
        assert len({answer.body["txId"] for answer in answers}) == 1
        rows = [answer.body["tx"] for answer in answers]
        assert all(row == rows[0] for row in rows)
        assert await till.balance(user) == balance
        assert [row["verb"] for row in await till.rows(user)] == verbs


async def test_a_poor_wish_under_a_key_stays_refused_for_all(server: ServerProcess, till: Till) -> None:
    user = some_name("keyed")
    await till.earn(user, 9)
    wish = till.post_request("/api/holds", {"userId": user, "itemId": till.keys.reward_id}, key=str(uuid4()))
    assert statuses(await at_once(server, [wish] * CROWD)) == {(409, "hold_failed"): CROWD}
    await till.earn(user, 100)
    assert statuses(await at_once(server, [wish] * CROWD)) == {(409, "hold_failed"): CROWD}
    assert [row["verb"] for row in await till.rows(user)] == ["earn", "earn"]
