"""What the server's own settings say for every program that says nothing, over HTTP."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.family import Family, family, ok, refused


async def refund(home: Family, redeem_id: str) -> Any:
    body = {"user_id": "leo", "redeem_tx_id": redeem_id, "amount": 1, "reason": "mis_tap"}
    return await home.post("/ck/refund", body)


async def spent(home: Family) -> str:
    await home.earn(5)
    return str((await home.redeem(5))["txId"])


async def test_refunds_may_be_switched_off_for_all(database_url: str, tmp_path: Path) -> None:
    async with family(database_url, tmp_path, feature_refunds=False) as home:
        redeem_id = await spent(home)
        body = refused(await refund(home, redeem_id), 403, "FEATURE_DISABLED")
        assert (body["hints"]["can_refund"], body["hints"]["features"]) == (False, {"refunds": False})
        assert body["hints"]["max_refund"] == 5
        assert ok(await home.get("/api/features", key=None)) == {"refunds": False}
        await home.set(refunds=True)
        assert ok(await refund(home, redeem_id))["hints"]["features"] == {"refunds": True}


async def test_the_window_may_be_set_for_all(database_url: str, tmp_path: Path) -> None:
    async with family(database_url, tmp_path, ck_refund_window_days=14) as home:
        redeem_id = await spent(home)
        home.clock.advance(days=14)
        assert ok(await refund(home, redeem_id))["hints"]["refund_window_ms"] == 14 * 86_400_000
        home.clock.advance(seconds=1)
        refused(await refund(home, redeem_id), 400, "REFUND_WINDOW_EXPIRED")
        await home.set(refund_window_days=None)
        assert ok(await refund(home, redeem_id))["hints"]["refund_window_ms"] is None


async def test_by_default_refunds_are_on_and_never_too_late(home: Family) -> None:
    redeem_id = await spent(home)
    home.clock.advance(days=5000)
    answer = ok(await refund(home, redeem_id))
    assert (answer["hints"]["refund_window_ms"], answer["hints"]["can_refund"]) == (None, True)


@pytest.mark.parametrize("mode", ["development", "production"])
async def test_only_development_is_open_to_callers_without_a_key(
    database_url: str, tmp_path: Path, mode: str
) -> None:
    async with family(database_url, tmp_path, mode=mode) as home:
        for path in ("/balance/leo", "/summary/leo", "/api/rewards", "/api/earn-templates", "/version"):
            status = (await home.get(path, key=None)).status_code
            assert status == (200 if mode == "development" else 401), path
