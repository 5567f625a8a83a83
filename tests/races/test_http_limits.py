"""Limits over HTTP and two workers: fifty more than are let through come at once, and exactly as many are."""

from contextlib import closing
from uuid import uuid4

from regulars.features.ledger.model import PENDING_HOLDS_MAX
from tests.support.server_process import ServerProcess, running_server
from tests.support.site import Site
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, refund_of, some_name, statuses

pytestmark = as_long_as_asked

MORE = 50
REFUNDS_PER_HOUR = 20


async def test_twenty_refunds_an_hour_of_seventy(site: Site) -> None:
    """Different members, redeems and keys are no way around it: the limit is the credential's.

    On a server of its own, because on the others' the hour is used up.
    """
    users = [some_name("refunded") for _ in range(5)]
    with running_server(site) as server, closing(Till(server, "neighbours")) as till:
        redeems = []
        for user in users:
            await till.earn(user, 100)
            redeems.append((user, await till.redeem(user, 100)))
        wanted = [
            till.post_request("/ck/refund", refund_of(*redeems[number % 5], 1), key=str(uuid4()))
            for number in range(REFUNDS_PER_HOUR + MORE)
        ]

        answers = await at_once(server, wanted)

        assert sum([await till.balance(user) for user in users]) == REFUNDS_PER_HOUR
    assert statuses(answers) == {(200, None): REFUNDS_PER_HOUR, (429, "REFUND_RATE_LIMIT"): MORE}
    assert all(0 < answer.body["retry_after_ms"] <= 3_600_000 for answer in answers if answer.status == 429)


async def test_a_hundred_pending_holds_of_a_hundred_and_fifty(server: ServerProcess, till: Till) -> None:
    for _ in range(bounded(1, 10)):
        user = some_name("wishful")
        await till.earn(user, 10 * (PENDING_HOLDS_MAX + MORE))
        wish = till.post_request("/api/holds", {"userId": user, "itemId": till.keys.reward_id})

        answers = await at_once(server, [wish] * (PENDING_HOLDS_MAX + MORE))

        assert statuses(answers) == {(201, None): PENDING_HOLDS_MAX, (409, "hold_failed"): MORE}
        said = await till.ok("/ck/earn", {"user_id": user, "amount": 1})
        assert said["hints"]["pending_hold_count"] == PENDING_HOLDS_MAX
        assert said["hints"]["max_redeem"] == 10 * MORE + 1


async def test_what_is_there_is_reserved_once(server: ServerProcess, till: Till) -> None:
    """Points for fifteen rewards, and fifty more who ask for one."""
    user = some_name("counted")
    await till.earn(user, 159)
    wish = till.post_request("/api/holds", {"userId": user, "itemId": till.keys.reward_id})

    answers = await at_once(server, [wish] * (15 + MORE))

    assert statuses(answers) == {(201, None): 15, (409, "hold_failed"): MORE}
    spends = [till.post_request("/ck/redeem", {"user_id": user, "amount": 1})] * (9 + MORE)
    assert statuses(await at_once(server, spends)) == {
        (200, None): 9,
        (409, "INSUFFICIENT_FUNDS"): MORE,
    }
    assert await till.balance(user) == 150
