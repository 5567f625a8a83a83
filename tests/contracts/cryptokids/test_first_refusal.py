"""Of several things that are wrong, which one is answered: each step mends the one before."""

from typing import Any

import pytest

from tests.support.family import Family, ok, refused
from tests.support.family_acts import approve, cancel, change_template, earn_token, give_token, scan

UNKNOWN = "0199d6a2-5c00-7000-8000-000000000000"
Step = tuple[int, str, dict[str, Any]]
VERBS: dict[str, list[Step]] = {
    "/ck/earn": [
        (400, "INVALID_AMOUNT", {"user_id": 5, "amount": 0, "note": 5, "idempotency_key": "k" * 256}),
        (400, "INVALID_USER", {"amount": 1}),
        (400, "EARN_FAILED", {"user_id": "ada"}),
        (400, "EARN_FAILED", {"note": "n"}),
        (400, "INVALID_USER", {"idempotency_key": "k"}),
    ],
    "/ck/redeem": [
        (400, "INVALID_AMOUNT", {"user_id": 5, "amount": "1", "action": 5}),
        (400, "INVALID_USER", {"amount": 1}),
        (400, "REDEEM_FAILED", {"user_id": "ada"}),
        (400, "INVALID_USER", {"action": "kiosk"}),
        (409, "INSUFFICIENT_FUNDS", {"user_id": "leo"}),
    ],
    "/ck/adjust": [
        (400, "INVALID_DELTA", {"user_id": 5, "delta": 1.5, "note": []}),
        (400, "INVALID_USER", {"delta": -1}),
        (400, "ADJUST_FAILED", {"user_id": "ada"}),
        (400, "INVALID_DELTA", {"note": "n", "delta": 0}),
        (400, "INVALID_USER", {"delta": -1}),
        (409, "INSUFFICIENT_FUNDS", {"user_id": "leo"}),
    ],
    "/api/holds": [
        (400, "invalid_payload", {"userId": "ada", "itemId": "x", "note": "n"}),
        (400, "INVALID_USER", {"itemId": 777}),
        (404, "reward_not_found", {"userId": "leo"}),
        (409, "hold_failed", {"itemId": 1}),
    ],
    "/api/earn/quick": [
        (400, "invalid_payload", {"userId": " ", "templateId": 777}),
        (404, "template_not_found", {"userId": "ada"}),
        (400, "INVALID_USER", {"templateId": 1}),
    ],
    "/api/tokens/earn": [
        (400, "invalid_payload", {"userId": 5, "templates": []}),
        (400, "invalid_templates", {"userId": "ada"}),
        (400, "INVALID_USER", {"templates": [{"id": 777}]}),
        (400, "TEMPLATE_MISSING", {"userId": "leo"}),
    ],
    "/api/tokens/give": [
        (400, "invalid_payload", {"userId": 5, "amount": 0}),
        (400, "INVALID_AMOUNT", {"userId": "ada"}),
        (400, "INVALID_USER", {"amount": 1}),
    ],
}


@pytest.mark.parametrize("path", VERBS)
async def test_the_first_that_applies_wins(home: Family, path: str) -> None:
    await home.set(enrol_on_earn=False)
    body: dict[str, Any] = {}
    for status, error, changes in VERBS[path]:
        body |= changes
        refused(await home.post(path, body), status, error)
    assert (await home.rows(), await home.balance()) == (0, 0)


async def test_a_role_is_asked_for_before_anything_in_the_body(home: Family) -> None:
    for path in ("/ck/earn", "/ck/redeem", "/ck/adjust", "/ck/refund", f"/api/holds/{UNKNOWN}/cancel"):
        for raw in (b"{", b"{}", b"[]"):
            refused(await home.post(path, raw=raw, role="parent"), 403, "ROLE_REQUIRED")


async def test_a_scan_looks_at_the_token_before_the_key(home: Family) -> None:
    used, fresh, gift = await earn_token(home), await earn_token(home), await give_token(home)
    ok(await scan(home, used))
    ok(await scan(home, gift))
    refused(await scan(home, "x", key=None), 400, "BAD_TOKEN")
    refused(await scan(home, fresh[:-2] + "AA", key=None), 400, "BAD_SIGNATURE")
    for token in (used, fresh):
        refused(await scan(home, token, key=None), 403, "ADMIN_REQUIRED")
    await change_template(home, active=False)
    refused(await scan(home, used), 409, "TOKEN_USED")
    refused(await scan(home, fresh), 400, "TEMPLATE_MISSING")
    home.clock.advance(seconds=120)
    for token in (used, fresh, gift):
        refused(await scan(home, token, key=None), 400, "EXPIRED")


async def test_a_spend_token_that_is_too_old_is_too_old_wherever_it_is_brought(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    home.clock.advance(seconds=120)
    refused(await scan(home, hold["token"]), 400, "EXPIRED")
    refused(await approve(home, hold, hold_id=UNKNOWN), 400, "EXPIRED")


async def test_a_cancellation_looks_for_the_hold_before_its_body(home: Family) -> None:
    await home.earn(20)
    hold = await home.reserve()
    refused(await home.post(f"/api/holds/{UNKNOWN}/cancel", {"note": 5}), 404, "hold_not_pending")
    key = {"Idempotency-Key": "k-1"}
    await home.earn(1, idempotency_key="k-1")
    refused(await cancel(home, hold, {"note": 5}, headers=key), 400, "Cancel failed")
    refused(await cancel(home, hold, headers=key), 409, "IDEMPOTENCY_CONFLICT")
    ok(await cancel(home, hold))
    refused(await cancel(home, hold, headers=key), 409, "IDEMPOTENCY_CONFLICT")
    refused(await cancel(home, hold), 404, "hold_not_pending")
