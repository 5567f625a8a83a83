"""Whom a verb is about: ids in any spelling, unknown ones, and those of members who were erased."""

import pytest

from regulars.features.ledger.actions import close_accounts
from regulars.features.members import actions as members
from tests.support.family import Family, ok, refused
from tests.support.ledger import NOW

NOW_MILLISECONDS = int(NOW.timestamp()) * 1000
HINTS = {
    "balance": 5,
    "can_redeem": True,
    "max_redeem": 5,
    "can_refund": False,
    "max_refund": 0,
    "max_redeem_for_reward": 5,
    "hold_status": "none",
    "pending_hold_count": 0,
    "active_hold_id": None,
    "refundable_redeems": [],
    "refund_window_ms": None,
    "features": {"refunds": True},
}


@pytest.mark.parametrize("named", [{"user_id": "leo"}, {"userId": "leo"}, {"user_id": "  LEO "}])
async def test_user_ids_are_trimmed_and_lower_cased_under_either_name(
    home: Family, named: dict[str, str]
) -> None:
    answer = ok(await home.post("/ck/earn", {**named, "amount": 5}))
    assert answer["tx"]["userId"] == "leo"
    assert await home.balance() == 5


UNUSABLE_IDS = [None, 5, "", "   ", "a\nb", "x" * 65, "a\u0000b", "\u202eoel", ["leo"]]


@pytest.mark.parametrize("user_id", UNUSABLE_IDS)
@pytest.mark.parametrize("path", ["/ck/earn", "/ck/redeem", "/ck/adjust"])
async def test_what_cannot_be_a_user_id_is_an_invalid_user(home: Family, path: str, user_id: object) -> None:
    body = {"user_id": user_id, "amount": 1, "delta": 1}
    answer = refused(await home.post(path, body), 400, "INVALID_USER")
    assert "balance" not in answer
    assert "hints" not in answer


async def test_earn_makes_a_member_of_an_unknown_id(home: Family) -> None:
    answer = ok(await home.post("/ck/earn", {"user_id": " Ada ", "amount": 4}))
    assert (answer["tx"]["userId"], answer["balance"]) == ("ada", 4)
    async with home.database.connection() as connection:
        member = await members.find(connection, home.program_id, "handle", "ada")
    assert member is not None
    assert member.name == "Ada"
    assert (await home.earn(1, "ADA"))["balance"] == 5


async def test_an_invalid_earn_enrols_nobody(home: Family) -> None:
    refused(await home.post("/ck/earn", {"user_id": "ada", "amount": 0}), 400, "INVALID_AMOUNT")
    refused(await home.post("/ck/earn", {"user_id": "ada", "amount": 1, "note": 5}), 400, "EARN_FAILED")
    async with home.database.connection() as connection:
        assert await members.find(connection, home.program_id, "handle", "ada") is None


async def test_a_program_may_not_want_earn_to_enrol(home: Family) -> None:
    await home.set(enrol_on_earn=False)
    refused(await home.post("/ck/earn", {"user_id": "ada", "amount": 1}), 400, "INVALID_USER")


@pytest.mark.parametrize("path", ["/ck/redeem", "/ck/adjust"])
async def test_other_verbs_enrol_nobody(home: Family, path: str) -> None:
    body = {"user_id": "ada", "amount": 1, "delta": 1}
    refused(await home.post(path, body), 400, "INVALID_USER")


async def test_a_wrong_amount_is_answered_before_an_unknown_user(home: Family) -> None:
    refused(await home.post("/ck/redeem", {"user_id": "ada", "amount": 0}), 400, "INVALID_AMOUNT")


async def test_a_handle_that_another_member_has_by_now_is_looked_up_again(home: Family) -> None:
    await home.earn(5)
    await _erase(home, "leo")
    answer = await home.earn(2)
    assert (answer["balance"], answer["tx"]["balance_after"]) == (2, 2)
    async with home.database.connection() as connection:
        member = await members.find(connection, home.program_id, "handle", "leo")
    assert member is not None
    assert member.member_id != home.member_ids["leo"]


@pytest.mark.parametrize("path", ["/ck/redeem", "/ck/adjust"])
async def test_an_erased_member_is_an_invalid_user(home: Family, path: str) -> None:
    await home.earn(5)
    await _erase(home, "leo")
    answer = refused(await home.post(path, {"user_id": "leo", "amount": 1, "delta": 1}), 400, "INVALID_USER")
    assert answer == {"error": "INVALID_USER"}


async def _erase(home: Family, user_id: str) -> None:
    """Erases a member as another process would: this one's caches know nothing of it."""
    member_id = home.member_ids[user_id]
    async with home.database.transaction() as connection:
        await members.erase(connection, home.program_id, member_id, home.clock())
        await close_accounts(connection, home.program_id, member_id, home.clock())
