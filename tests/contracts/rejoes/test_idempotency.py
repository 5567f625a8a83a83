"""A request under a key has one effect and one answer, byte for byte, also after a restart of the server."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from regulars.base.ids import new_id
from regulars.features.replays.actions import forget_replays
from tests.support.stores import Stores, ok, refused, stores

CONFLICT = "Idempotency key was used for another request"


async def a_checkout(shop: Stores, member_id: str) -> dict[str, Any]:
    """The body of a new checkout."""
    return {"memberId": member_id, "uploadIds": await shop.photos(member_id, 2), "storeLocation": "Store A"}


async def test_the_same_request_ten_times_and_twenty_at_once(shop: Stores) -> None:
    member_id = await shop.member()
    body = await a_checkout(shop, member_id)
    answers = [await shop.post("/loans/checkout", body, once="one") for _ in range(10)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(201, answers[0].content)}
    other = await a_checkout(shop, member_id)
    crowd = await asyncio.gather(*(shop.post("/loans/checkout", other, once="two") for _ in range(20)))
    assert {(answer.status_code, answer.content) for answer in crowd} == {(201, crowd[0].content)}
    assert (await shop.card("CARD-1"))["member"]["itemsOut"] == 2


async def test_every_act_is_replayed_however_the_request_is_written(shop: Stores) -> None:
    member_id = await shop.member()
    loan = await shop.checkout(member_id)
    swap = {**await a_checkout(shop, member_id), "loanId": loan["id"]}
    first = await shop.post("/loans/swap", swap, once="swap")
    shop.clock.advance(hours=2)
    again = await shop.post("/api/loans/swap", dict(reversed(swap.items())), once='"swap"')
    assert (again.status_code, again.content) == (200, first.content)
    back = {"memberId": member_id, "loanId": first.json()["newLoan"]["id"]}
    returned = await shop.post("/loans/return", back, once="return")
    spaced = b'{ "memberId" : "%b" , "loanId":"%b", "x": 1}' % (
        back["memberId"].encode(), back["loanId"].encode(),
    )  # fmt: skip
    again = await shop.post("/loans/return", raw=spaced, once="return")
    assert (again.status_code, again.content) == (200, returned.content)
    assert (await shop.card("CARD-1"))["member"]["itemsOut"] == 0


async def test_another_request_under_the_key_is_a_conflict(shop: Stores) -> None:
    member_id = await shop.member()
    body = await a_checkout(shop, member_id)
    loan = ok(await shop.post("/loans/checkout", body, once="k"), 201)
    other = {**body, "storeLocation": "Store B"}
    refused(await shop.post("/loans/checkout", other, once="k"), 422, CONFLICT)
    swap = {**body, "loanId": loan["id"]}
    refused(await shop.post("/loans/swap", swap, once="k"), 422, CONFLICT)
    back = {"memberId": member_id, "loanId": loan["id"]}
    refused(await shop.post("/loans/return", back, once="k"), 422, CONFLICT)
    assert ok(await shop.post("/loans/checkout", body, once="k"), 201) == loan


async def test_keys_of_another_credential_or_program_are_others(shop: Stores) -> None:
    member_id = await shop.member()
    _, second = await shop.new_key()
    ok(await shop.post("/loans/checkout", await a_checkout(shop, member_id), once="k"), 201)
    ok(await shop.post("/loans/checkout", await a_checkout(shop, member_id), once="k", key=second), 201)
    back = {"memberId": member_id, "loanId": str(new_id())}
    refused(await shop.post("/loans/return", back, once="k", key=shop.other_key), 404, "Loan not found")


async def test_without_keys_of_stores_all_idempotency_keys_are_one_crowd_s(workshop: Stores) -> None:
    member_id = await workshop.member()
    body = await a_checkout(workshop, member_id)
    first = await workshop.post("/loans/checkout", body, once="k", key="")
    again = await workshop.post("/api/loans/checkout", body, once="k", key="")
    assert (again.status_code, again.content) == (201, first.content)
    # A store that has a key is somebody else.
    answer = await workshop.post("/loans/checkout", body, once="k")
    refused(answer, 400, "Invalid upload reference(s)")


async def test_a_refusal_by_the_plan_stays_one(shop: Stores) -> None:
    member_id = await shop.member("BASIC")
    loan = await shop.checkout(member_id)
    body = await a_checkout(shop, member_id)
    sentence = "BASIC plan: 0 of 1 items remaining this month"
    refused(await shop.post("/loans/checkout", body, once="k"), 400, sentence)
    await shop.take_back(member_id, loan["id"])
    shop.clock.advance(days=40)
    refused(await shop.post("/loans/checkout", body, once="k"), 400, sentence)
    refused(await shop.post("/loans/checkout", {**body, "storeLocation": "B"}, once="k"), 422, CONFLICT)
    ok(await shop.post("/loans/checkout", body, once="k2"), 201)


@pytest.mark.parametrize("status", ["PAUSED", "CANCELLED"])
async def test_a_refusal_by_the_subscription_stays_one(shop: Stores, status: str) -> None:
    member_id = await shop.member()
    body = await a_checkout(shop, member_id)
    ok(await shop.subscription("771", status=status))
    first = await shop.post("/loans/checkout", body, once="k")
    assert first.status_code == 400
    ok(await shop.subscription("771", status="ACTIVE"))
    again = await shop.post("/loans/checkout", body, once="k")
    assert (again.status_code, again.content) == (400, first.content)


async def test_a_wrong_request_leaves_the_key_free(shop: Stores) -> None:
    member_id, other = await shop.member(), await shop.member()
    right = await a_checkout(shop, member_id)
    for wrong in (
        {**right, "uploadIds": []},
        {**right, "memberId": str(new_id())},
        {**right, "uploadIds": [str(new_id())]},
        {**right, "uploadIds": await shop.photos(other)},
        {**right, "storeLocation": 5},
    ):
        assert (await shop.post("/loans/checkout", wrong, once="k")).status_code in (400, 404)
    loan = ok(await shop.post("/loans/checkout", right, once="k"), 201)
    back = {"memberId": member_id, "loanId": str(new_id())}
    refused(await shop.post("/loans/return", back, once="r"), 404, "Loan not found")
    ok(await shop.post("/loans/return", {**back, "loanId": loan["id"]}, once="r"))


async def test_answers_outlive_the_server(database_url: str, tmp_path: Path) -> None:
    async with stores(database_url, tmp_path) as shop:
        member_id = await shop.member()
        body = await a_checkout(shop, member_id)
        first = await shop.post("/loans/checkout", body, once="k")
        key, program_id, clock = shop.key, shop.program_id, shop.clock
    async with stores(database_url, tmp_path, furnish=False, clock=clock) as shop:
        shop.program_id = program_id
        shop.clock.advance(hours=20)
        again = await shop.post("/loans/checkout", body, once="k", key=key)
        assert (again.status_code, again.content) == (201, first.content)
        assert again.headers["content-type"] == "application/json"


async def test_an_erased_member_leaves_no_answers_and_old_ones_are_forgotten(shop: Stores) -> None:
    ann, ben = await shop.member(), await shop.member()
    await shop.checkout(ann)
    await shop.checkout(ben)
    ok(await shop.shopify("/webhooks/customers/delete", {"shopifyCustomerId": "771"}))

    async def left() -> list[str]:
        async with shop.database.connection() as connection:
            cursor = await connection.execute("select subject_id::text from replays")
            return [subject for (subject,) in await cursor.fetchall()]

    assert await left() == [ben]
    async with shop.database.connection() as connection:
        assert await forget_replays(connection, shop.clock() - timedelta(days=1), 10) == 0
        assert await forget_replays(connection, shop.clock() + timedelta(days=1), 10) == 1
    assert await left() == []
