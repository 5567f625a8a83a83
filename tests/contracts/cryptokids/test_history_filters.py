"""History's filters over HTTP, each on rows of every kind: types, verbs, sources, days, and its bounds."""

from datetime import UTC, datetime

import pytest

from tests.support.family import Family, ok
from tests.support.family_acts import earn_token, give_token, scan
from tests.support.family_history import a_life, many_rows, rows, table

KINDS = {
    "earn": ["earn_qr", "earn_admin_give", "earn_admin_quick", "earn_manual"],
    "spend": ["spend_redeemed", "sweets"],
    "adjust": ["adjust_debit"],
    "refund": ["refund"],
    "hold": ["hold_expired", "spend_hold", "spend_canceled", "spend_hold", "spend_hold"],
}
VERBS = {
    "earn": KINDS["earn"],
    "redeem": ["sweets"],
    "adjust": ["adjust_debit"],
    "refund": ["refund"],
    "hold.reserve": ["spend_hold"] * 3,
    "hold.redeem": ["spend_redeemed"],
    "hold.release": ["spend_canceled"],
    "hold.expire": ["hold_expired"],
}
SOURCES = {
    "task": ["earn_qr"],
    "admin": ["earn_admin_give", "earn_admin_quick"],
    "qr": ["earn_qr", "earn_admin_give"],
    "child": ["spend_hold"] * 3,
    "hold": ["spend_canceled", "spend_redeemed"],
    "ledger": ["hold_expired"],
    "all": [],
    "nothing of the kind": [],
}


async def a_full_life(home: Family) -> None:
    """Every action there is, leo's; the newest is the scan of chores."""
    await a_life(home)
    ok(await scan(home, await give_token(home)))
    await home.set(hold_lifetime_seconds=60)
    await home.reserve()
    home.clock.advance(minutes=2)
    ok(await scan(home, await earn_token(home)))


async def actions(home: Family, **query: str) -> list[str]:
    return [row["action"] for row in await rows(home, userId="leo", **query)]


async def test_types_and_verbs_choose_their_rows_and_no_others(home: Family) -> None:
    await a_full_life(home)
    everything = await actions(home)
    assert sorted(everything) == sorted(action for kind in KINDS.values() for action in kind)
    for kind, expected in KINDS.items():
        assert await actions(home, type=kind) == expected, kind
    for verb, expected in VERBS.items():
        assert await actions(home, verb=verb) == expected, verb
    assert await actions(home, type="all", verb="all", source="all") == everything


async def test_sources_are_the_pages_words_or_the_ledgers(home: Family) -> None:
    await a_full_life(home)
    everything = await actions(home)
    for source, expected in SOURCES.items():
        assert await actions(home, source=source) == (expected or (everything if source == "all" else []))


async def test_a_day_is_one_of_the_familys_time_zone(home: Family) -> None:
    """In London, a summer's day ends an hour before it does in Greenwich."""
    home.clock.now = datetime(2026, 7, 31, 22, 59, tzinfo=UTC)
    await home.earn(1)
    home.clock.now = datetime(2026, 7, 31, 23, 1, tzinfo=UTC)
    await home.earn(2)
    for whose in ({"userId": "leo"}, {}):
        for day, expected in (("2026-07-31", [1]), ("2026-08-01", [2])):
            found = await rows(home, **{"from": day, "to": day}, **whose)
            assert [row["delta"] for row in found] == expected
        assert [row["delta"] for row in await rows(home, to="2026-07-31T23:59", **whose)] == [1]
        assert [row["delta"] for row in await rows(home, to="2026-07-31T23:59Z", **whose)] == [2, 1]


@pytest.mark.parametrize(("limit", "count"), [(None, 100), ("200", 200), ("201", 200), ("7", 7), ("x", 100)])
async def test_a_childs_history_is_100_rows_and_200_at_most(
    home: Family, limit: str | None, count: int
) -> None:
    await many_rows(home, 203)
    query = {} if limit is None else {"limit": limit}
    found = ok(await home.get("/api/history/user/leo", key=None, **query))["rows"]
    assert [row["balance_after"] for row in found] == list(range(203, 203 - count, -1))


async def test_a_download_with_a_limit_has_500_rows_at_most(home: Family) -> None:
    await many_rows(home, 503)
    limited = await home.get("/api/history", format="csv", limit="9999")
    assert limited.headers["content-disposition"] == 'attachment; filename="history.csv"'
    assert len(table(limited)) == 500
    assert len(table(await home.get("/api/history", format="csv", limit="501", offset="10"))) == 493
    assert len(table(await home.get("/api/history", format="csv"))) == 503
    assert len(await rows(home, limit="9999")) == 500
