"""A reward or template that is gone: what was made from it is still answered under its key."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.support.family import Family, ok, refused
from tests.support.family_acts import earn_token, scan

KEY = {"Idempotency-Key": "k-1"}

RESERVE: tuple[str, dict[str, Any]] = ("/api/holds", {"userId": "leo", "itemId": 1})
QUICK: tuple[str, dict[str, Any]] = ("/api/earn/quick", {"userId": "leo", "templateId": 1})
REQUESTS = [(*RESERVE, "reward_not_found"), (*QUICK, "template_not_found")]

Gone = Callable[[Family], Awaitable[None]]


async def deleted(home: Family) -> None:
    async with home.database.transaction() as connection:
        for table in ("rewards", "earn_templates"):
            await connection.execute(f"delete from {table}")


async def switched_off(home: Family) -> None:
    for path in (f"/api/rewards/{home.reward_id}", f"/api/earn-templates/{home.template_id}"):
        ok(await home.client.patch(path, json={"active": False}, headers=home.headers()))


async def dearer(home: Family) -> None:
    for path, change in (
        (f"/api/rewards/{home.reward_id}", {"price": 11}),
        (f"/api/earn-templates/{home.template_id}", {"points": 11}),
    ):
        ok(await home.client.patch(path, json=change, headers=home.headers()))


@pytest.mark.parametrize("gone", [deleted, switched_off, dearer])
@pytest.mark.parametrize(("path", "body", "_word"), REQUESTS)
async def test_the_same_key_answers_the_original_row(
    home: Family, path: str, body: dict[str, Any], _word: str, gone: Gone
) -> None:
    await home.earn(20)
    first = (await home.post(path, body, headers=KEY)).json()
    await gone(home)
    await home.earn(5)
    again = ok(await home.post(path, body, headers=KEY))
    unchanged = first.keys() - {"balance", "hints"}
    assert {name: again[name] for name in unchanged} == {name: first[name] for name in unchanged}
    assert again["balance"] == again["hints"]["balance"] == first["balance"] + 5
    assert await home.rows() == 3


@pytest.mark.parametrize("gone", [deleted, switched_off])
@pytest.mark.parametrize(("path", "body", "word"), REQUESTS)
async def test_without_a_key_or_under_a_new_one_it_is_gone(
    home: Family, path: str, body: dict[str, Any], word: str, gone: Gone
) -> None:
    await home.earn(20)
    await home.post(path, body, headers=KEY)
    await gone(home)
    for headers in ({}, {"Idempotency-Key": "k-2"}, {"Idempotency-Key": "k-2"}):
        assert refused(await home.post(path, body, headers=headers), 404, word)["balance"] >= 20
    assert await home.rows() == 2


@pytest.mark.parametrize(("path", "body", "_word"), REQUESTS)
async def test_the_key_of_another_request_is_a_conflict_all_the_same(
    home: Family, path: str, body: dict[str, Any], _word: str
) -> None:
    await home.earn(20, idempotency_key="k-1")
    await deleted(home)
    answer = refused(await home.post(path, body, headers=KEY), 409, "IDEMPOTENCY_CONFLICT")
    assert answer["balance"] == 20
    for change in ({"userId": "maya"}, {"note": "x"}):
        changed = await home.post(path, {**body, **change}, headers=KEY)
        refused(changed, 409, "IDEMPOTENCY_CONFLICT")


async def test_a_refusal_that_is_remembered_stays_the_answer(home: Family) -> None:
    path, body = RESERVE
    refused(await home.post(path, body, headers=KEY), 409, "hold_failed")
    await deleted(home)
    await home.earn(20)
    assert refused(await home.post(path, body, headers=KEY), 409, "hold_failed")["balance"] == 20


@pytest.mark.parametrize(("path", "body", "word"), REQUESTS)
async def test_what_was_refused_for_want_of_it_may_succeed_once_it_is_back(
    home: Family, path: str, body: dict[str, Any], word: str
) -> None:
    """A validation failure does not use the key up."""
    await home.earn(20)
    await switched_off(home)
    refused(await home.post(path, body, headers=KEY), 404, word)
    for address in (f"/api/rewards/{home.reward_id}", f"/api/earn-templates/{home.template_id}"):
        ok(await home.client.patch(address, json={"active": True}, headers=home.headers()))
    assert (await home.post(path, body, headers=KEY)).status_code in (200, 201)


async def test_nobody_is_enrolled_for_a_template_that_is_gone(home: Family) -> None:
    await deleted(home)
    body = {"userId": "ada", "templateId": home.template_id}
    refused(await home.post("/api/earn/quick", body, headers=KEY), 404, "template_not_found")
    refused(await home.post("/ck/redeem", {"user_id": "ada", "amount": 1}), 400, "INVALID_USER")


@pytest.mark.parametrize("gone", [deleted, switched_off])
async def test_a_used_token_stays_used(home: Family, gone: Gone) -> None:
    used, unused = await earn_token(home), await earn_token(home)
    ok(await scan(home, used))
    await gone(home)
    assert refused(await scan(home, used), 409, "TOKEN_USED")["balance"] == 6
    refused(await scan(home, unused), 400, "TEMPLATE_MISSING")
