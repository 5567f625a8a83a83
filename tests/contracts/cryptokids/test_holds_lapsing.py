"""Holds with a lifetime, around the instant at which it ends: every answer agrees that it is over, or not."""

from typing import Any

import pytest

from tests.support.family import Family, ok, refused
from tests.support.family_acts import approve, cancel


async def held(home: Family) -> dict[str, Any]:
    """A hold that lasts a minute, of all the points that there are."""
    await home.set(hold_lifetime_seconds=60)
    await home.earn(10)
    return await home.reserve()


async def listed(home: Family, status: str) -> list[tuple[str, str]]:
    rows = (await home.get("/api/holds", status=status)).json()
    return [(row["id"], row["status"]) for row in rows]


async def test_until_the_last_moment_it_is_pending(home: Family) -> None:
    hold = await held(home)
    home.clock.advance(seconds=59.999)
    assert await listed(home, "pending") == await listed(home, "all") == [(hold["holdId"], "pending")]
    hints = ok(await home.get("/ck/ledger/leo"))["hints"]
    assert (hints["hold_status"], hints["pending_hold_count"], hints["max_redeem"]) == ("pending", 1, 0)
    assert hints["active_hold_id"] == hold["holdId"]
    assert ok(await approve(home, hold))["balance"] == 0


async def test_from_then_on_it_is_expired(home: Family) -> None:
    hold = await held(home)
    home.clock.advance(seconds=60)
    assert await listed(home, "pending") == []
    assert await listed(home, "all") == [(hold["holdId"], "expired")]
    for status in ("redeemed", "canceled"):
        assert await listed(home, status) == []
    hints = ok(await home.get("/ck/ledger/leo"))["hints"]
    assert (hints["hold_status"], hints["pending_hold_count"], hints["max_redeem"]) == ("expired", 0, 10)
    assert hints["active_hold_id"] is None
    for act in (approve, cancel):
        refused(await act(home, hold), 404, "hold_not_pending")
    assert (await home.redeem(10))["hints"]["hold_status"] == "expired"


@pytest.mark.parametrize("status", ["pending", "all"])
async def test_the_next_hold_is_listed_beside_what_lapsed(home: Family, status: str) -> None:
    first = await held(home)
    home.clock.advance(seconds=60)
    second = await home.reserve()
    expected = [(second["holdId"], "pending")]
    if status == "all":
        expected.append((first["holdId"], "expired"))
    assert await listed(home, status) == expected


async def test_a_hold_without_a_lifetime_waits_for_ever(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    home.clock.advance(days=3650)
    assert await listed(home, "pending") == [(hold["holdId"], "pending")]
    assert ok(await cancel(home, hold))["hints"]["max_redeem"] == 10
