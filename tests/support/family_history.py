"""A family's history: something for it to say, and ways to read it."""

import csv
import io
from typing import Any

from regulars.features.ledger.model import AccountReference, Attribution, Earn
from tests.support.family import Answer, Family, ok

COLUMNS = [
    "id", "at", "userId", "action", "verb", "delta", "balance_after", "itemId", "holdId", "templates",
    "finalCost", "note", "notes", "actor", "ip", "ua", "parent_tx_id", "refund_reason", "refund_notes",
    "idempotency_key",
]  # fmt: skip


async def rows(home: Family, **query: Any) -> list[dict[str, Any]]:
    """The rows that /api/history lists."""
    found: list[dict[str, Any]] = ok(await home.get("/api/history", **query))["rows"]
    return found


def table(answer: Answer) -> list[dict[str, str]]:
    """The rows of a CSV file by column, once its headers and columns are what they should be."""
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


async def many_rows(home: Family, count: int) -> None:
    """This many earns of one point, a second apart."""
    account = AccountReference(home.member_ids["leo"])
    command = Earn(account=account, action="earn_manual", attribution=Attribution("import"), amount=1)
    for start in range(0, count, 500):
        batch = [command] * min(500, count - start)
        await home.services.ledger.post_batch(home.program_id, batch, now=home.clock.advance(seconds=1))
