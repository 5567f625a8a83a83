"""A key stands for all of its request: whatever is different makes it another one, which is a conflict."""

from typing import Any

import pytest

from tests.support.family import Answer, Family, ok, refused

REQUESTS: dict[str, dict[str, Any]] = {
    "/ck/redeem": {"user_id": "leo", "amount": 2, "note": "Comic", "action": "kiosk"},
    "/ck/adjust": {"user_id": "leo", "delta": 2, "note": "Counted twice", "action": "recount"},
    "/ck/refund": {
        "user_id": "leo", "redeem_tx_id": "ONE REDEEM", "amount": 2, "reason": "mis_tap", "notes": "Sorry",
    },
    "/api/holds": {"userId": "leo", "itemId": 1, "note": "Please"},
    "/api/holds/ONE HOLD/cancel": {"note": "Later"},
    "/api/earn/quick": {"userId": "leo", "templateId": 1, "note": "Well done"},
}  # fmt: skip
OTHERS: list[tuple[str, str, Any]] = [
    # The request, what differs in it the second time, and how; None leaves it out.
    ("/ck/redeem", "user_id", "maya"),
    ("/ck/redeem", "amount", 3),
    ("/ck/redeem", "note", "Comics"),
    ("/ck/redeem", "note", None),
    ("/ck/redeem", "action", None),
    ("/ck/adjust", "user_id", "maya"),
    ("/ck/adjust", "delta", -2),
    ("/ck/adjust", "note", "Counted"),
    ("/ck/adjust", "action", "recounted"),
    ("/ck/refund", "redeem_tx_id", "OTHER REDEEM"),
    ("/ck/refund", "amount", 1),
    ("/ck/refund", "reason", "duplicate"),
    ("/ck/refund", "notes", None),
    ("/api/holds", "userId", "maya"),
    ("/api/holds", "itemId", 2),
    ("/api/holds", "note", None),
    ("/api/holds/ONE HOLD/cancel", "note", None),
    ("/api/holds/ONE HOLD/cancel", "address", "OTHER HOLD"),
    ("/api/earn/quick", "userId", "maya"),
    ("/api/earn/quick", "templateId", 2),
    ("/api/earn/quick", "note", "Well"),
]
KEY = {"Idempotency-Key": "k-1"}


async def furnish(home: Family) -> dict[str, str]:
    """Two of everything that a request may name; reward and template of number 2 cost what number 1 does."""
    for child in ("leo", "maya"):
        await home.earn(100, child)
    ok(await home.post("/api/rewards", {"name": "Theatre", "cost": 10}), 201)
    ok(await home.post("/api/earn-templates", {"title": "Laundry", "points": 3}), 201)
    return {
        "ONE REDEEM": (await home.redeem(5))["txId"],
        "OTHER REDEEM": (await home.redeem(5))["txId"],
        "ONE HOLD": (await home.reserve())["holdId"],
        "OTHER HOLD": (await home.reserve())["holdId"],
    }


async def send(home: Family, path: str, body: dict[str, Any], ids: dict[str, str]) -> Answer:
    """The answer to the request under the key, with the ids in place of their names."""
    for name, identifier in ids.items():
        path = path.replace(name, identifier)
    named = {name: ids.get(str(value), value) for name, value in body.items() if value is not None}
    return await home.post(path, named, headers=KEY)


@pytest.mark.parametrize(("path", "field", "other"), OTHERS)
async def test_whatever_is_different_makes_it_another_request(
    home: Family, path: str, field: str, other: Any
) -> None:
    ids, body = await furnish(home), REQUESTS[path]
    first = await send(home, path, body, ids)
    assert first.status_code in (200, 201), first.text
    before = {child: (await home.balance(child), await home.rows(child)) for child in ("leo", "maya")}

    if field == "address":
        changed = await send(home, path.replace("ONE HOLD", other), body, ids)
    else:
        changed = await send(home, path, {**body, field: other}, ids)

    refused(changed, 409, "IDEMPOTENCY_CONFLICT")
    assert changed.json()["balance"] == changed.json()["hints"]["balance"]
    assert {child: (await home.balance(child), await home.rows(child)) for child in before} == before
    again = await send(home, path, body, ids)
    same = again.json()["existing"] if path == "/ck/refund" else again.json()["tx"]
    assert same == first.json()["tx"]


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', r"a\b"),
        ('"', '"'),
        ('a"b', 'a"b'),
        (r"a\b", r"a\b"),
        ("‹ключ›".encode(), "‹ключ›"),
    ],
)
async def test_a_key_in_quotes_is_read_as_the_text_in_them(
    home: Family, header: str | bytes, key: str
) -> None:
    body = {"user_id": "leo", "amount": 1}
    first = ok(await home.post("/ck/earn", body, headers={"Idempotency-Key": header}))
    assert first["tx"]["idempotency_key"] == key
    assert ok(await home.post("/ck/earn", {**body, "idempotency_key": key}))["txId"] == first["txId"]


async def test_no_two_requests_are_taken_for_one_by_chance(home: Family) -> None:
    """What is kept of a request to tell it from others is long enough that two never look alike."""
    await home.earn(1, idempotency_key="k-1")
    async with home.database.connection() as connection:
        cursor = await connection.execute("select octet_length(fingerprint) from claims where key = 'k-1'")
        assert await cursor.fetchall() == [(16,)]
