"""The published contract, endpoint by endpoint: the fields of every answer, every error that it names."""

from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from regulars.features.ledger.model import AMOUNT_MAX
from tests.support.family import Answer, Family, ok, refused
from tests.support.family_acts import approve, cancel, earn_token, give_token, scan
from tests.support.family_requests import prepared

HINTS = {
    "balance", "can_redeem", "max_redeem", "can_refund", "max_refund", "max_redeem_for_reward", "hold_status",
    "pending_hold_count", "active_hold_id", "refundable_redeems", "refund_window_ms", "features",
}  # fmt: skip
ROW = {
    "id", "at", "userId", "action", "verb", "delta", "balance_after", "itemId", "holdId", "templates",
    "finalCost", "note", "notes", "actor", "ip", "ua", "parent_tx_id", "refund_reason", "refund_notes",
    "idempotency_key",
}  # fmt: skip
HOLD = {
    "id", "userId", "status", "itemId", "itemName", "itemImage", "quotedCost", "finalCost", "note",
    "createdAt", "approvedAt",
}  # fmt: skip
SHARED = {"ok", "txId", "tx", "balance", "hints", "verb", "action"}

VERBS: dict[str, tuple[str, str, set[str]]] = {
    # The verb, the default action, and what the answer has beside what all of them have.
    "POST /ck/earn": ("earn", "earn_manual", set()),
    "POST /ck/redeem": ("redeem", "spend_manual", set()),
    "POST /ck/adjust": ("adjust", "adjust_credit", set()),
    "POST /ck/refund": ("refund", "refund", {"refund", "remaining_refundable"}),
    "POST /api/holds": ("hold.reserve", "spend_hold", {"holdId", "token", "qrText", "quotedCost"}),
    "POST /api/holds/{hold_id}/cancel": ("hold.release", "spend_canceled", {"holdId"}),
    "POST /api/holds/{hold_id}/approve": ("hold.redeem", "spend_redeemed", {"holdId", "finalCost"}),
    "POST /api/earn/scan": (
        "earn", "earn_admin_give", {"userId", "amount", "note", "templates", "tokenType"},
    ),
    "POST /api/earn/quick": ("earn", "earn_admin_quick", {"userId", "amount", "templates"}),
}  # fmt: skip


@pytest.mark.parametrize("route", VERBS)
async def test_every_verb_answers_the_shared_fields(home: Family, route: str) -> None:
    verb, action, more = VERBS[route]
    request = await prepared(home, route)
    body = ok(await home.post(request.path, request.body), 201 if route == "POST /api/holds" else 200)
    assert set(body) == SHARED | more
    assert (body["ok"], body["verb"], body["action"]) == (True, verb, action)
    assert str(UUID(body["txId"])) == body["txId"] == body["tx"]["id"]
    assert set(body["tx"]) == ROW
    assert (body["tx"]["verb"], body["tx"]["action"], body["tx"]["userId"]) == (verb, action, "leo")
    assert set(body["hints"]) == HINTS
    assert set(body["hints"]["features"]) == {"refunds"}
    assert type(body["balance"]) is int
    assert body["balance"] == body["hints"]["balance"] == await home.balance()


async def test_lists_are_as_published(home: Family) -> None:
    await home.earn(20)
    await home.reserve()
    redeem = await home.redeem(3)
    ok(await home.post("/ck/refund", request_refund(redeem["txId"])))
    holds = (await home.get("/api/holds")).json()
    assert [set(hold) for hold in holds] == [HOLD]
    history = ok(await home.get("/api/history", userId="leo", limit=3, offset=1))
    assert set(history) == {"rows", "limit", "offset"}
    assert [set(row) for row in history["rows"]] == [ROW] * 3
    assert (history["limit"], history["offset"]) == (3, 1)
    [refund] = ok(await home.get("/api/history", verb="refund"))["rows"]
    assert refund["parent_tx_id"] == redeem["txId"]
    [redeemed] = (await home.get("/api/history", userId="leo", verb="redeem")).json()["rows"]
    assert redeemed == redeem["tx"]


def request_refund(
    redeem_id: object, amount: int = 1, user_id: str = "leo", **more: object
) -> dict[str, object]:
    return {"user_id": user_id, "redeem_tx_id": redeem_id, "amount": amount, "reason": "mis_tap", **more}


Act = Callable[[Family], Awaitable[Answer]]


def sent(path: str, *, role: str | None = "admin", **body: object) -> Act:
    """One request is enough."""

    async def act(home: Family) -> Answer:
        return await home.post(path, body, role=role)

    return act


def refunded(**changes: object) -> Act:
    """A refund of leo's only redeem, with changes."""

    async def act(home: Family) -> Answer:
        await home.earn(5)
        redeem = await home.redeem(5)
        return await home.post("/ck/refund", request_refund(redeem["txId"]) | changes)

    return act


async def refund_of_an_earn(home: Family) -> Answer:
    earned = await home.earn(5)
    return await home.post("/ck/refund", request_refund(earned["txId"]))


async def refund_of_nothing_left(home: Family) -> Answer:
    await home.earn(5)
    redeem = await home.redeem(5)
    ok(await home.post("/ck/refund", request_refund(redeem["txId"], 5)))
    return await home.post("/ck/refund", request_refund(redeem["txId"]))


def refunded_twice_under_one_key(amount: int) -> Act:
    async def act(home: Family) -> Answer:
        await home.earn(5)
        redeem = await home.redeem(5)
        ok(await home.post("/ck/refund", request_refund(redeem["txId"], idempotency_key="k-1")))
        again = request_refund(redeem["txId"], amount, idempotency_key="k-1")
        return await home.post("/ck/refund", again)

    return act


async def refund_when_switched_off(home: Family) -> Answer:
    await home.set(refunds=False)
    return await refunded()(home)


async def refund_too_late(home: Family) -> Answer:
    await home.set(refund_window_days=1)
    await home.earn(5)
    redeem = await home.redeem(5)
    home.clock.advance(days=2)
    return await home.post("/ck/refund", request_refund(redeem["txId"]))


async def refund_by_a_parent(home: Family) -> Answer:
    return await home.post("/ck/refund", request_refund("x"), role="parent")


async def canceled_twice(home: Family) -> Answer:
    await home.earn(10)
    hold = await home.reserve()
    ok(await cancel(home, hold))
    return await cancel(home, hold)


async def canceled_with_a_wrong_note(home: Family) -> Answer:
    await home.earn(10)
    return await cancel(home, await home.reserve(), {"note": 5})


def approved(**changes: object) -> Act:
    """An approval of a new hold, with changes."""

    async def act(home: Family) -> Answer:
        await home.earn(10)
        return await approve(home, await home.reserve(), **changes)

    return act


async def approved_with_a_gift(home: Family) -> Answer:
    await home.earn(10)
    return await approve(home, await home.reserve(), token=await give_token(home))


async def approved_with_the_token_of_another_hold(home: Family) -> Answer:
    await home.earn(20)
    one, other = await home.reserve(), await home.reserve()
    return await approve(home, one, token=other["token"])


async def approved_twice(home: Family) -> Answer:
    await home.earn(10)
    hold = await home.reserve()
    ok(await approve(home, hold))
    return await approve(home, hold)


async def approved_after_it_was_canceled(home: Family) -> Answer:
    await home.earn(10)
    hold = await home.reserve()
    ok(await cancel(home, hold))
    return await approve(home, hold)


async def approved_for_somebody_who_was_erased(home: Family) -> Answer:
    await home.earn(10)
    hold = await home.reserve()
    ok(await home.client.delete("/api/members/leo", headers=home.headers()))
    return await approve(home, hold)


async def scanned_spend_token(home: Family) -> Answer:
    await home.earn(10)
    return await scan(home, (await home.reserve())["token"])


async def scanned_twice(home: Family) -> Answer:
    token = await give_token(home)
    ok(await scan(home, token))
    return await scan(home, token)


async def scanned_chores_without_a_key(home: Family) -> Answer:
    return await scan(home, await earn_token(home), key=None)


async def scanned_more_than_an_account_can_hold(home: Family) -> Answer:
    await home.earn(AMOUNT_MAX)
    return await scan(home, await give_token(home))


async def quick_more_than_an_account_can_hold(home: Family) -> Answer:
    await home.earn(AMOUNT_MAX)
    return await home.post("/api/earn/quick", {"userId": "leo", "templateId": home.template_id})


async def reserved_without_points(home: Family) -> Answer:
    return await home.post("/api/holds", {"userId": "leo", "itemId": home.reward_id}, key=None)


NOBODYS = "0199d6a2-5c00-7000-8000-000000000000"
# Of each endpoint: the published error, its status, whether it says balance and hints, what leads to it.
ERRORS: list[tuple[str, str, int, bool, Act]] = [
    ("earn", "INVALID_AMOUNT", 400, True, sent("/ck/earn", user_id="leo", amount=0)),
    ("earn", "INVALID_USER", 400, False, sent("/ck/earn", user_id=" ", amount=1)),
    ("earn", "EARN_FAILED", 400, True, sent("/ck/earn", user_id="leo", amount=1, note=5)),
    ("redeem", "INVALID_AMOUNT", 400, True, sent("/ck/redeem", user_id="leo", amount="1")),
    ("redeem", "INVALID_USER", 400, False, sent("/ck/redeem", user_id="nemo", amount=1)),
    ("redeem", "INSUFFICIENT_FUNDS", 409, True, sent("/ck/redeem", user_id="leo", amount=1)),
    ("redeem", "REDEEM_FAILED", 400, True, sent("/ck/redeem", user_id="leo", amount=1, note=5)),
    ("adjust", "INVALID_DELTA", 400, True, sent("/ck/adjust", user_id="leo", delta=0)),
    ("adjust", "INVALID_USER", 400, False, sent("/ck/adjust", user_id="nemo", delta=1)),
    ("adjust", "INSUFFICIENT_FUNDS", 409, True, sent("/ck/adjust", user_id="leo", delta=-1)),
    ("adjust", "ADJUST_FAILED", 400, True, sent("/ck/adjust", user_id="leo", delta=1, note=5)),
    ("refund", "FEATURE_DISABLED", 403, True, refund_when_switched_off),
    ("refund", "INVALID_AMOUNT", 400, True, refunded(amount=0)),
    ("refund", "REDEEM_NOT_FOUND", 404, True, refunded(redeem_tx_id=NOBODYS)),
    ("refund", "USER_MISMATCH", 400, True, refunded(user_id="maya")),
    ("refund", "NOT_REDEEM_TX", 400, True, refund_of_an_earn),
    ("refund", "REFUND_NOT_ALLOWED", 400, True, refund_of_nothing_left),
    ("refund", "OVER_REFUND", 400, True, refunded(amount=6)),
    ("refund", "INVALID_REASON", 400, True, refunded(reason="because")),
    ("refund", "REFUND_EXISTS", 409, True, refunded_twice_under_one_key(1)),
    ("refund", "IDEMPOTENCY_CONFLICT", 409, True, refunded_twice_under_one_key(2)),
    ("refund", "REFUND_WINDOW_EXPIRED", 400, True, refund_too_late),
    ("refund", "ROLE_REQUIRED", 403, True, refund_by_a_parent),
    ("reserve", "invalid_payload", 400, True, sent("/api/holds", userId="leo")),
    ("reserve", "reward_not_found", 404, True, sent("/api/holds", userId="leo", itemId=777)),
    ("reserve", "hold_failed", 409, True, reserved_without_points),
    ("release", "hold_not_pending", 404, True, canceled_twice),
    ("release", "hold_not_pending", 404, False, sent(f"/api/holds/{NOBODYS}/cancel")),
    ("release", "Cancel failed", 400, True, canceled_with_a_wrong_note),
    ("approve", "invalid_payload", 400, True, approved(finalCost=11)),
    ("approve", "unsupported_token", 400, True, approved_with_a_gift),
    ("approve", "hold_mismatch", 400, True, approved_with_the_token_of_another_hold),
    ("approve", "TOKEN_USED", 409, True, approved_twice),
    ("approve", "hold_not_pending", 404, True, approved_after_it_was_canceled),
    ("approve", "approve_failed", 400, True, approved_for_somebody_who_was_erased),
    ("scan", "missing_token", 400, False, sent("/api/earn/scan")),
    ("scan", "unsupported_token", 400, True, scanned_spend_token),
    ("scan", "TOKEN_USED", 409, True, scanned_twice),
    ("scan", "ADMIN_REQUIRED", 403, True, scanned_chores_without_a_key),
    ("scan", "scan_failed", 400, True, scanned_more_than_an_account_can_hold),
    ("quick", "invalid_payload", 400, True, sent("/api/earn/quick", role=None, userId="leo")),
    ("quick", "template_not_found", 404, True, sent("/api/earn/quick", userId="leo", templateId=777)),
    ("quick", "EARN_FAILED", 400, True, quick_more_than_an_account_can_hold),
]


@pytest.mark.parametrize(
    ("error", "status", "hinted", "act"),
    [case[1:] for case in ERRORS],
    ids=[
        f"{endpoint} {error} {'with' if hinted else 'without'} hints"
        for endpoint, error, _, hinted, _ in ERRORS
    ],
)
async def test_every_published_error_can_be_met(
    home: Family, error: str, status: int, hinted: bool, act: Act
) -> None:
    body = refused(await act(home), status, error)
    if hinted:
        assert set(body["hints"]) == HINTS
        assert body["balance"] == body["hints"]["balance"]
    else:
        assert not {"hints", "balance"} & set(body)
