"""Stores that lend at once against a server with two workers: nobody gets more than the plan allows."""

from collections.abc import AsyncIterator
from random import Random

import pytest_asyncio

from tests.support.closets import Closets, open_closets, outcomes
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

CROWD = 30
ROUNDS = bounded(2, 60)
USED_UP = (400, "BASIC plan: 0 of 1 items remaining this month")
NOT_USABLE = (400, "Invalid upload reference(s)")


@pytest_asyncio.fixture
async def closets(server: ServerProcess) -> AsyncIterator[Closets]:
    """Stores of the test's own."""
    async with open_closets(server) as closets:
        yield closets


async def test_the_last_item_is_lent_once(closets: Closets) -> None:
    for _ in range(ROUNDS):
        member_id = await closets.member("BASIC")
        answers = await closets.at_once(await closets.checkouts(member_id, CROWD))
        assert outcomes(answers) == {(201, None): 1, USED_UP: CROWD - 1}
        assert await closets.counts(member_id) == (1, 0, 1, 1)


async def test_no_more_are_out_than_the_plan_allows(closets: Closets) -> None:
    """N and 50 callers get N."""
    member_id = await closets.member("PREMIUM")
    answers = await closets.at_once(await closets.checkouts(member_id, 54))
    full = (400, "PREMIUM plan: Maximum 4 items allowed out. Return items to continue.")
    assert outcomes(answers) == {(201, None): 4, full: 50}
    assert await closets.counts(member_id) == (4, 0, 4, 4)


async def test_the_last_swap_is_made_once(closets: Closets) -> None:
    for _ in range(ROUNDS):
        member_id = await closets.member("PLUS")
        loans = [await closets.loan(member_id) for _ in range(2)]
        [upload] = await closets.photos(member_id)
        await closets.ok("swap", memberId=member_id, loanId=loans[0], uploadIds=[upload], storeLocation="A")
        uploads = await closets.photos(member_id, CROWD)
        requests = [
            closets.request("swap", turn, memberId=member_id, loanId=loans[1], uploadIds=[one])
            for turn, one in enumerate(uploads)
        ]
        answers = await closets.at_once(requests)
        none_left = (400, "PLUS plan: 0 of 2 swaps remaining this month")
        assert outcomes(answers) == {(200, None): 1, none_left: CROWD - 1}
        assert await closets.counts(member_id) == (4, 2, 2, 2)


async def test_one_photo_is_of_one_loan(closets: Closets) -> None:
    for _ in range(ROUNDS):
        member_id = await closets.member("PREMIUM")
        uploads = await closets.photos(member_id)
        requests = [
            closets.request("checkout", turn, memberId=member_id, uploadIds=uploads) for turn in range(CROWD)
        ]
        answers = await closets.at_once(requests)
        assert outcomes(answers) == {(201, None): 1, NOT_USABLE: CROWD - 1}
        assert await closets.counts(member_id) == (1, 0, 1, 1)


async def test_one_loan_comes_back_once(closets: Closets) -> None:
    for _ in range(ROUNDS):
        member_id = await closets.member("PREMIUM")
        loan_id = await closets.loan(member_id)
        await closets.loan(member_id)
        requests = [
            closets.request("return", turn, memberId=member_id, loanId=loan_id) for turn in range(CROWD)
        ]
        answers = await closets.at_once(requests)
        assert outcomes(answers) == {(200, None): 1, (400, "Loan already returned"): CROWD - 1}
        assert await closets.counts(member_id) == (2, 0, 1, 1)


async def test_one_key_has_one_effect_and_one_answer(closets: Closets) -> None:
    for number in range(ROUNDS):
        member_id = await closets.member("PREMIUM")
        uploads = await closets.photos(member_id)
        request = closets.request("checkout", memberId=member_id, uploadIds=uploads, once=f"key-{number}")
        answers = await closets.at_once([request] * 20)
        assert outcomes(answers) == {(201, None): 20}
        assert len({str(answer.body) for answer in answers}) == 1
        assert await closets.counts(member_id) == (1, 0, 1, 1)
        # Other members' requests under the same key, at the same moment.
        others = [await closets.member() for _ in range(6)]
        mixed = [
            closets.request(
                "checkout", memberId=one, uploadIds=await closets.photos(one), once=f"mix-{number}"
            )
            for one in others
        ]
        conflict = (422, "Idempotency key was used for another request")
        assert outcomes(await closets.at_once(mixed)) == {(201, None): 1, conflict: 5}


async def test_checkouts_swaps_and_returns_cross(closets: Closets) -> None:
    random = Random(3)
    for _ in range(ROUNDS):
        member_id = await closets.member("PREMIUM")
        loans = [await closets.loan(member_id) for _ in range(3)]
        uploads = iter(await closets.photos(member_id, CROWD))
        requests = []
        for turn in range(CROWD // 3):
            loan_id = random.choice(loans)
            requests += [
                closets.request("checkout", turn, memberId=member_id, uploadIds=[next(uploads)]),
                closets.request("swap", turn, memberId=member_id, loanId=loan_id, uploadIds=[next(uploads)]),
                closets.request("return", turn, memberId=member_id, loanId=loan_id),
            ]
        random.shuffle(requests)
        answers = await closets.at_once(requests)
        assert {answer.status for answer in answers} <= {200, 201, 400}
        taken = sum(answer.status == 201 for answer in answers)
        swapped = sum("newLoan" in answer.body for answer in answers)
        returned = sum(answer.status == 200 for answer in answers) - swapped
        expected = (3 + taken + swapped, swapped, 3 + taken - returned)
        assert await closets.counts(member_id) == (*expected, expected[2])
        assert expected[0] <= 10
        assert expected[2] <= 4


async def test_opposite_orders_of_photos_block_nobody(closets: Closets) -> None:
    """The same photos, named forwards and backwards, by two members each of whom owns half of them."""
    for _ in range(ROUNDS):
        ann, ben = await closets.member(), await closets.member()
        uploads = [*await closets.photos(ann, 5), *await closets.photos(ben, 5)]
        requests = [
            closets.request(
                "checkout",
                turn,
                memberId=(ann, ben)[turn % 2],
                uploadIds=uploads if turn % 4 < 2 else uploads[::-1],
            )
            for turn in range(CROWD)
        ]
        assert outcomes(await closets.at_once(requests)) == {NOT_USABLE: CROWD}
        own = [
            closets.request("checkout", turn, memberId=ann, uploadIds=uploads[:5][:: 1 if turn % 2 else -1])
            for turn in range(CROWD)
        ]
        assert outcomes(await closets.at_once(own)) == {(201, None): 1, NOT_USABLE: CROWD - 1}
