"""History as CSV: the same as in JSON, harmless to spreadsheets, and without what a child should not see."""

from tests.support.family import Family, ok
from tests.support.family_history import a_life, rows, table


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
