"""History over HTTP: rows, filters, pages, the child's short one, and CSV."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import AccountReference, Attribution, Earn
from tests.support.family import Answer, Family, ok, refused

COLUMNS = [
    "id", "at", "userId", "action", "verb", "delta", "balance_after", "itemId", "holdId", "templates",
    "finalCost", "note", "notes", "actor", "ip", "ua", "parent_tx_id", "refund_reason", "refund_notes",
    "idempotency_key",
]  # fmt: skip


async def rows(home: Family, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ok(await home.get("/api/history", **query))["rows"]
    return found


def table(answer: Answer) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    reader = csv.DictReader(io.StringIO(answer.text, newline=""))
    assert reader.fieldnames == COLUMNS
    return list(reader)


async def a_life(home: Family) -> None:
    """One row of each kind for leo, a minute apart, and one for maya."""
    await home.earn(100, note="Birthday")
    home.clock.advance(minutes=1)
    redeemed = await home.redeem(20, action="sweets")
    home.clock.advance(minutes=1)
    body = {
        "user_id": "leo",
        "redeem_tx_id": redeemed["txId"],
        "amount": 5,
        "reason": "mis_tap",
        "notes": "sorry",
    }
    ok(await home.post("/ck/refund", body, headers={"X-Admin-Actor": "mum", "Idempotency-Key": "k-1"}))
    home.clock.advance(minutes=1)
    held = await home.reserve()
    home.clock.advance(minutes=1)
    approve = {"token": held["token"], "finalCost": 8}
    ok(await home.post(f"/api/holds/{held['holdId']}/approve", approve, headers={"X-Admin-Actor": "mum"}))
    home.clock.advance(minutes=1)
    held = await home.reserve()
    ok(await home.post(f"/api/holds/{held['holdId']}/cancel"))
    home.clock.advance(minutes=1)
    ok(await home.post("/ck/adjust", {"user_id": "leo", "delta": -1}))
    home.clock.advance(minutes=1)
    ok(await home.post("/api/earn/quick", {"userId": "leo", "templateId": home.template_id}))
    home.clock.advance(minutes=1)
    await home.earn(7, "maya")


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


async def test_csv_says_what_json_says(home: Family) -> None:
    await a_life(home)
    listed = await rows(home)
    downloaded = table(await home.get("/api/history", format="csv"))
    assert len(downloaded) == len(listed) == 10
    for cells, row in zip(downloaded, listed, strict=True):
        for name in ("id", "userId", "action", "verb", "holdId", "note", "parent_tx_id", "actor", "ip", "ua"):
            assert cells[name] == (row[name] or "")
        for name in ("at", "delta", "balance_after"):
            assert int(cells[name]) == row[name]
    assert downloaded[2]["delta"] == "-1"
    assert downloaded[5]["finalCost"] == "8"
    assert '"title":"Dishes"' in downloaded[1]["templates"]


async def test_csv_heeds_filters_and_an_explicit_limit(home: Family) -> None:
    await a_life(home)
    assert [row["verb"] for row in table(await home.get("/api/history", format="csv", type="spend"))] == [
        "hold.redeem",
        "redeem",
    ]
    assert len(table(await home.get("/api/history", format="csv", limit="3", offset="1"))) == 3
    assert len(table(await home.get("/api/history", format="csv", offset="4"))) == 6
    assert table(await home.get("/api/history", format="csv", userId="nobody")) == []


async def test_formulas_in_csv_are_inert_and_numbers_stay_numbers(home: Family) -> None:
    for note in ("=1+1", "+1", "-1", "@x", "\t=1", "fine"):
        await home.earn(1, note=note, action=note)
    await home.redeem(6)
    spent, *earned = table(await home.get("/api/history.csv/leo"))
    assert spent["delta"] == "-6"
    assert [row["note"] for row in reversed(earned)] == ["'=1+1", "'+1", "'-1", "'@x", "'=1", "fine"]
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in earned for cell in row.values())


async def test_a_childs_csv_hides_where_the_parent_was(home: Family) -> None:
    await home.earn(1)
    [parents], [childs] = [table(await home.get("/api/history.csv/leo", key=key)) for key in ("admin", "leo")]
    assert (parents["ip"], childs["ip"], childs["ua"]) == ("127.0.0.1", "", "")
    assert parents | {"ip": "", "ua": ""} == childs
    answer = await home.get("/api/history.csv/leo")
    assert answer.headers["content-disposition"] == 'attachment; filename="history_leo.csv"'
    assert answer.headers["cache-control"] == "no-store"


async def test_the_name_of_a_file_cannot_break_out(home: Family) -> None:
    ok(await home.post("/api/members", {"userId": 'a"; x=\\é', "name": "X"}), 201)
    answer = await home.get("/api/history.csv/a%22;%20x=%5C%C3%A9")
    assert answer.headers["content-disposition"] == 'attachment; filename="history_a___x___.csv"'


async def test_a_long_life_is_downloaded_in_pages(home: Family) -> None:
    await many_rows(home, 1203)
    downloaded = table(await home.get("/api/history.csv/leo"))
    assert [int(row["balance_after"]) for row in downloaded] == list(range(1203, 0, -1))
    assert len({row["id"] for row in downloaded}) == 1203
    assert len(table(await home.get("/api/history", format="csv", offset="700"))) == 503


async def test_a_download_reads_no_more_than_a_page_ahead(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a slow reader has not taken is not in memory: the next page is read when this one is gone."""
    await many_rows(home, 2600)
    pages_read = 0
    pages_sent: list[int] = []
    complete = asyncio.Event()
    read_page = ledger.list_history

    async def list_history(*arguments: Any) -> Any:
        nonlocal pages_read
        pages_read += 1
        return await read_page(*arguments)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and message.get("body"):
            pages_sent.append(message["body"].count(b"\r\n"))
            assert pages_read <= len(pages_sent)
            await asyncio.sleep(0.02)
        if message["type"] == "http.response.body" and not message.get("more_body"):
            complete.set()

    async def receive() -> Any:
        await complete.wait()
        return {"type": "http.disconnect"}

    monkeypatch.setattr("regulars.contracts.cryptokids.history_rows.ledger.list_history", list_history)
    await home.application(request_scope(home, "/api/history.csv/leo"), receive, send)
    assert pages_sent == [501, 500, 500, 500, 500, 100]


async def test_a_reader_who_leaves_stops_the_download(home: Family) -> None:
    await many_rows(home, 2600)
    pages_sent = 0
    gone = asyncio.Event()

    async def send(message: Any) -> None:
        nonlocal pages_sent
        if message["type"] == "http.response.body" and message.get("body"):
            pages_sent += 1
            gone.set()
            await asyncio.sleep(0.05)

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    await home.application(request_scope(home, "/api/history.csv/leo"), receive, send)
    assert pages_sent < 6
    # Whatever was cut off, its connection is back in the pool.
    for _ in range(8):
        assert len(await rows(home, userId="leo")) == 50


def request_scope(home: Family, path: str) -> Any:
    """A GET with the admin's key as the server hands it to the application."""
    key = home.headers()["X-Admin-Key"].encode()
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"host", b"family.test"), (b"x-admin-key", key)], "client": ("127.0.0.1", 1),
        "server": ("family.test", 80), "state": {},
    }  # fmt: skip


async def many_rows(home: Family, count: int) -> None:
    """This many earns of one point, a second apart."""
    account = AccountReference(home.member_ids["leo"])
    command = Earn(account=account, action="earn_manual", attribution=Attribution("import"), amount=1)
    for start in range(0, count, 500):
        batch = [command] * min(500, count - start)
        await home.services.ledger.post_batch(home.program_id, batch, now=home.clock.advance(seconds=1))
