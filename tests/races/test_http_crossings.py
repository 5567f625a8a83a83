"""Verbs that cross each other over HTTP and two workers: one of them wins, and no request fails for it."""

import asyncio
from collections import Counter
from contextlib import closing
from random import Random

from tests.support.http_socket import Answer
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, at_once, refund_of, some_name, statuses

pytestmark = as_long_as_asked

CROWD = 30


async def test_a_hold_is_approved_or_canceled_never_both(server: ServerProcess, till: Till) -> None:
    ends: Counter[str] = Counter()
    for _ in range(bounded(4, 100)):
        user = some_name("undecided")
        await till.earn(user, 10)
        hold = await till.reserve(user)
        requests = [till.approval(hold), till.cancellation(hold)] * (CROWD // 2)

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
            ends = [own.approval(hold), own.cancellation(hold)]
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
    end = random.choice([till.approval, till.cancellation])
    return [held, await till.ask(end(held.body))]


async def ask_later(server: ServerProcess, request: bytes, seconds: float) -> Answer:
    """The answer to a request that is made after a while, on a connection of its own."""
    await asyncio.sleep(seconds)
    with closing(Till(server)) as own:
        return await own.ask(request)


def no_server_fault(answers: list[Answer]) -> bool:
    """Whether the server took every request, granted or refused."""
    return all(answer.status < 500 for answer in answers)
