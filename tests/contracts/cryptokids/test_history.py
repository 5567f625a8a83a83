"""History over HTTP: rows, filters, pages, and the child's short one."""

from datetime import timedelta

import pytest

from tests.support.family import Family, ok, refused
from tests.support.family_history import COLUMNS, a_life, rows, table


async def test_rows_carry_everything_that_was_said(home: Family) -> None:
    await a_life(home)
    found = await rows(home, userId=" LEO ")
    assert all(list(row) == COLUMNS for row in found)
    assert [(row["verb"], row["action"], row["delta"], row["balance_after"]) for row in found] == [
        ("earn", "earn_admin_quick", 3, 79),
        ("adjust", "adjust_debit", -1, 76),
        ("hold.release", "spend_canceled", 0, 77),
        ("hold.reserve", "spend_hold", 0, 77),
        ("hold.redeem", "spend_redeemed", -8, 77),
        ("hold.reserve", "spend_hold", 0, 85),
        ("refund", "refund", 5, 85),
        ("redeem", "sweets", -20, 80),
        ("earn", "earn_manual", 100, 100),
    ]
    refund, redeem = found[6], found[7]
    assert (refund["parent_tx_id"], refund["refund_reason"], refund["refund_notes"]) == (
        redeem["id"], "mis_tap", "sorry",
    )  # fmt: skip
    assert (refund["actor"], refund["idempotency_key"]) == ("mum", "k-1")
    approved = found[4]
    assert (approved["finalCost"], approved["itemId"]) == (8, home.reward_id)
    assert approved["holdId"] == found[5]["holdId"]
    assert found[0]["templates"] == [{"id": home.template_id, "title": "Dishes", "points": 3, "count": 1}]
    assert (found[8]["note"], found[8]["ip"], found[8]["userId"]) == ("Birthday", "127.0.0.1", "leo")
    assert found[8]["ua"].startswith("python-httpx")
    assert found[8]["at"] == int((home.clock() - timedelta(minutes=8)).timestamp() * 1000)


async def test_without_a_member_it_is_everyones(home: Family) -> None:
    await a_life(home)
    answer = ok(await home.get("/api/history"))
    assert (answer["limit"], answer["offset"], len(answer["rows"])) == (50, 0, 10)
    assert [row["userId"] for row in answer["rows"]] == ["maya"] + ["leo"] * 9


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({"verb": "redeem"}, ["sweets"]),
        ({"verb": "hold.redeem"}, ["spend_redeemed"]),
        ({"type": "spend"}, ["spend_redeemed", "sweets"]),
        ({"type": "refund"}, ["refund"]),
        ({"source": "admin"}, ["earn_admin_quick"]),
        ({"actor": "mum"}, ["spend_redeemed", "refund"]),
        ({"actor": "nobody' or '1'='1"}, []),
        ({"verb": "steal"}, []),
        ({"userId": "nobody"}, []),
        ({"user_id": "maya"}, ["earn_manual"]),
        ({"userId": "leo", "verb": "earn", "limit": "1", "offset": "1"}, ["earn_manual"]),
    ],
)
async def test_filters(home: Family, query: dict[str, str], actions: list[str]) -> None:
    await a_life(home)
    assert [row["action"] for row in await rows(home, **query)] == actions


async def test_a_range_of_time_in_either_spelling(home: Family) -> None:
    await a_life(home)
    everything = await rows(home, userId="leo")
    refund_at = next(row["at"] for row in everything if row["verb"] == "refund")
    span = {"from": str(refund_at), "to": str(refund_at)}
    for whose in ({"userId": "leo"}, {}):
        assert [row["verb"] for row in await rows(home, **span, **whose)] == ["refund"]
        later = [
            row for row in await rows(home, **{"from": str(refund_at)}, **whose) if row["userId"] == "leo"
        ]
        assert later == everything[:7]
        assert await rows(home, to=str(refund_at), **whose) == everything[6:]
    today = home.clock().date().isoformat()
    assert len(await rows(home, userId="leo", **{"from": today, "to": today})) == 9
    assert await rows(home, userId="leo", to=(home.clock() - timedelta(days=1)).date().isoformat()) == []
    iso = (home.clock() - timedelta(minutes=6)).isoformat().replace("+00:00", "Z")
    assert await rows(home, userId="leo", **{"from": iso}) == everything[:7]


@pytest.mark.parametrize("name", ["from", "to"])
async def test_a_date_that_cannot_be_read_is_refused(home: Family, name: str) -> None:
    refused(await home.get("/api/history", **{name: "last week"}), 400, f"invalid_{name}")


@pytest.mark.parametrize(
    "query",
    [
        "userId=%00",
        "actor=%00",
        "verb=%ff",
        "limit=%00",
        "from=%F0%9F%92%A9",
        "offset=-9",
        "limit=" + "9" * 5000,
    ]
    + [
        "&".join(f"a{number}=1" for number in range(200)),
        "userId=" + "x" * 5000,
        "format=csv&userId=%0d%0aX:1",
    ]
    + ["from=0001-01-01T00:00%2B14:00&to=9999-12-31", "source=%00", "type=%00", "offset=9007199254740993"],
)
async def test_no_query_is_the_servers_fault(home: Family, query: str) -> None:
    await home.earn(1)
    answer = await home.client.get(f"/api/history?{query}", headers=home.headers(role=None))
    assert answer.status_code in (200, 400, 413)


async def test_pages_meet_without_gap_or_overlap(home: Family) -> None:
    for amount in range(1, 24):
        await home.earn(amount)
        home.clock.advance(seconds=1)
    for query in ({"userId": "leo"}, {}):
        pages = [await rows(home, limit="5", offset=str(offset), **query) for offset in range(0, 30, 5)]
        assert [len(page) for page in pages] == [5, 5, 5, 5, 3, 0]
        assert [row["delta"] for page in pages for row in page] == list(range(23, 0, -1))
    answer = ok(await home.get("/api/history", limit="9999", offset="-4"))
    assert (answer["limit"], answer["offset"]) == (500, 0)


@pytest.mark.parametrize("key", [None, "leo"])
async def test_the_whole_history_needs_the_admin_key(home: Family, key: str | None) -> None:
    refused(await home.get("/api/history", key=key), 401, "UNAUTHORIZED")


async def test_a_childs_history_says_little(home: Family) -> None:
    await a_life(home)
    found = ok(await home.get("/api/history/user/leo", key=None))["rows"]
    assert all(list(row) == ["at", "action", "delta", "balance_after", "note"] for row in found)
    assert found[-1] | {"at": 0} == {
        "at": 0, "action": "earn_manual", "delta": 100, "balance_after": 100, "note": "Birthday",
    }  # fmt: skip
    assert len(ok(await home.get("/api/history/user/leo", key=None, limit="2"))["rows"]) == 2
    assert len(ok(await home.get("/api/history/user/leo", key=None, limit="0"))["rows"]) == 1
    assert ok(await home.get("/api/history/user/nobody", key=None)) == {"rows": []}
    refused(await home.get("/api/history/user/%20", key=None), 400, "userId required")


async def test_a_device_reaches_its_own_child_only(production: Family) -> None:
    await production.earn(5)
    await production.earn(6, "maya")
    assert len(ok(await production.get("/api/history/user/leo", key="leo"))["rows"]) == 1
    assert len(table(await production.get("/api/history.csv/leo", key="leo"))) == 1
    assert ok(await production.get("/api/history/user/maya", key="leo")) == {"rows": []}
    foreign, unknown = [
        await production.get(f"/api/history.csv/{name}", key="leo") for name in ("maya", "nono")
    ]
    assert (foreign.status_code, foreign.content) == (unknown.status_code, unknown.content)
    refused(await production.get("/api/history/user/leo", key=None), 401, "UNAUTHORIZED")
    refused(await production.get("/api/history.csv/leo", key=None), 401, "UNAUTHORIZED")
