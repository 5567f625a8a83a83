"""Every refusal in its published envelope, and the first that applies wins."""

from typing import Any

import pytest

from regulars.base.ids import new_id
from regulars.contracts.fittwin.cursors import cursor_before
from regulars.contracts.fittwin.errors import FAILURES, MISSING, REASONS, REFUSALS, published
from regulars.features.members import actions as members
from regulars.features.referrals import actions as referrals
from regulars.http.failures import FailureKind, Problem, failure
from tests.support.ledger import NOW
from tests.support.market import ANN, BEN, Market, ok, refused


async def test_what_recommending_refuses(shop: Market) -> None:
    async def said(body: Any, status: int, code: str, field: str | None = None) -> None:
        refused(await shop.post("/referrals", body, shop.as_shopper()), status, code, field)

    bodies: list[Any] = [{}, {"productId": None}, {"productId": " "}, {"channel": "social"}]
    for body in bodies:
        await said(body, 400, "RID_PRODUCT_REQUIRED", "productId")
    wrong: list[Any] = [5, True, [], "jacket", "0197c1a2", shop.product_id + "0", f"{{{shop.product_id}}}"]
    for value in wrong:
        await said({"productId": value}, 400, "VALIDATION_FAILED", "productId")
    wrong = [5, [], "x" * 41]
    for value in wrong:
        await said({"productId": shop.product_id, "channel": value}, 400, "VALIDATION_FAILED", "channel")
    await said({"productId": str(new_id())}, 404, "PRODUCT_NOT_FOUND")
    refused(await shop.post("/referrals", raw=b"{", headers=shop.as_shopper()), 400, "VALIDATION_FAILED")
    # Nobody became a member by what was refused.
    assert await shop.rows("select count(*) from members where program_id = %(program_id)s") == [(0,)]
    for channel in (None, "", " ", "email"):
        ok(await shop.create(await shop.product(), channel=channel), 201)


async def test_a_product_that_is_no_longer_sold(shop: Market) -> None:
    from uuid import UUID

    rid = ok(await shop.create(), 201)["rid"]
    async with shop.database.transaction() as connection:
        await referrals.change_product(
            connection, shop.program_id, UUID(shop.product_id), active=False, now=NOW
        )
    refused(await shop.create(), 404, "PRODUCT_NOT_FOUND")
    # What was shared goes on.
    assert (await shop.client.get(f"/r/{rid}")).status_code == 302
    await shop.buy(rid)


async def test_the_active_rid_comes_before_the_limit(shop: Market) -> None:
    first = ok(await shop.create(), 201)
    for _ in range(9):
        await shop.rid()
    assert ok(await shop.create(), 409) == first
    refused(await shop.create(await shop.product()), 429, "RID_RATE_LIMITED")
    shop.clock.advance(days=1)
    ok(await shop.create(await shop.product()), 201)


async def test_what_reading_refuses(shop: Market) -> None:
    rid = await shop.rid()
    await shop.rid(BEN)
    unknown = "A" * 22
    for path in (f"/referrals/{unknown}", "/referrals/x", "/referrals/%00", f"/referrals/{rid}A"):
        for more in ("", "/events"):
            answer = await shop.get(path + more)
            assert answer.status_code == 404
            refused(answer, 404, answer.json()["error"]["code"])
    for who in (BEN, "nobody"):
        refused(await shop.get(f"/referrals/{rid}", who), 404, "RID_NOT_FOUND")
        refused(await shop.get(f"/referrals/{rid}/events", who), 404, "RID_NOT_FOUND")
    for limit in ("0", "51", "-1", "x", "1.5", "9" * 30):
        refused(await shop.get(f"/referrals/{rid}/events?limit={limit}"), 400, "VALIDATION_FAILED", "limit")
    for cursor in ("x", "0", "é", "%20", cursor_before(5) + "=", cursor_before(5)[:-1], "YmVmb3JlIDA"):
        answer = await shop.get(f"/referrals/{rid}/events?cursor={cursor}")
        refused(answer, 400, "VALIDATION_FAILED", "cursor")
    assert ok(await shop.get(f"/referrals/{rid}/events?cursor={cursor_before(5)}"))["events"] == []
    refused(await shop.client.get(f"/r/{unknown}"), 404, "RID_NOT_FOUND")
    refused(await shop.client.get("/r/x"), 404, "RID_NOT_FOUND")


async def test_pages_are_the_same_whatever_comes(shop: Market) -> None:
    rid = await shop.rid()

    async def click(name: str) -> None:
        body = {"deviceFingerprint": name, "ip": name}
        assert (await shop.post(f"/referrals/{rid}/track-click", body)).status_code == 204

    for number in range(60):
        await click(f"device-{number}")
    seen: list[str] = []
    cursor = ""
    while True:
        page = ok(await shop.get(f"/referrals/{rid}/events?limit=7{cursor}"))
        seen += [event["eventId"] for event in page["events"]]
        await click(f"late-{len(seen)}")
        if page["nextCursor"] is None:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(seen) == len(set(seen)) == 60
    assert len(ok(await shop.get(f"/referrals/{rid}/events"))["events"]) == 20
    assert len(ok(await shop.get(f"/referrals/{rid}/events?limit=50"))["events"]) == 50


async def test_what_asking_about_an_order_refuses(shop: Market) -> None:
    rid = await shop.rid()
    full = {"rid": rid, "orderId": "order", "userId": "user", "deviceFingerprint": "d", "ip": "i"}
    for nothing in (None, "", "  "):
        refused(await shop.post("/referrals/validate", full | {"rid": nothing}), 400, "RID_REQUIRED", "rid")
    wrong: list[Any] = [None, "", 5, [], "x" * 201]
    refused(await shop.post("/referrals/validate", {}), 400, "RID_REQUIRED", "rid")
    for field in ("orderId", "userId"):
        for value in wrong:
            answer = await shop.post("/referrals/validate", full | {field: value})
            refused(answer, 400, "VALIDATION_FAILED", field)
        short = {name: value for name, value in full.items() if name != field}
        refused(await shop.post("/referrals/validate", short), 400, "VALIDATION_FAILED", field)
    for missing in ("deviceFingerprint", "ip"):
        ok(await shop.post("/referrals/validate", full | {missing: None}))

    async def reason(rid: str, order_id: str) -> str:
        said = ok(await shop.validate(rid, order_id), 409)
        assert list(said) == ["valid", "attribution", "reason"]
        assert (said["valid"], said["attribution"]) == (False, None)
        return str(said["reason"])

    assert await reason("A" * 22, "new") == "RID_EXPIRED"
    assert await reason("no rid at all", "new") == "RID_EXPIRED"
    assert await reason(await shop.rid(), "order") == "RID_ORDER_ATTRIBUTED"
    shop.clock.advance(days=30)
    assert await reason(rid, "new") == "RID_EXPIRED"
    ok(await shop.validate(rid, "order"))


async def test_what_telling_of_a_purchase_refuses(shop: Market) -> None:
    rid = await shop.rid()

    async def said(status: int, code: str, field: str | None = None, **changes: Any) -> None:
        body = {"rid": rid, "orderId": "order", "orderTotal": 12900, "currency": "USD", **changes}
        refused(await shop.post("/referrals/attribute-purchase", body), status, code, field)

    await said(400, "RID_REQUIRED", "rid", rid=None)
    for value in (0, -1, 1.5, "5", True, None, 2**53):
        await said(400, "VALIDATION_FAILED", "orderTotal", orderTotal=value)
    for value in ("EUR", "", "dollars", None, 5):
        await said(400, "VALIDATION_FAILED", "currency", currency=value)
    for value in (
        "yesterday", 5, "2026-03-01", "2026-03-01T12:00:00", "1999-01-01T00:00:00Z", "2028-01-01T00:00:00Z",
    ):  # fmt: skip
        await said(400, "VALIDATION_FAILED", "deliveredAt", deliveredAt=value)
    assert await shop.rows("select count(*) from referral_conversions") == [(0,)]
    ok(await shop.attribute(rid, "order", currency="usd"))
    await said(409, "ORDER_ALREADY_ATTRIBUTED", orderTotal=1)
    await said(409, "RID_ORDER_ATTRIBUTED", rid=await shop.rid())
    await said(409, "RID_EXPIRED", rid="A" * 22, orderId="another")
    for way in ("refund", "cancel"):
        refused(await shop.post(f"/referrals/orders/nothing/{way}"), 404, "ORDER_NOT_FOUND")
        refused(await shop.post(f"/referrals/orders/{'x' * 201}/{way}"), 404, "ORDER_NOT_FOUND")


async def test_a_revoked_rid(shop: Market) -> None:
    rid = await shop.rid()
    for _ in range(12):
        await shop.post(f"/referrals/{rid}/track-click", {"deviceFingerprint": "one"})
    [flag] = await shop.flags()
    await shop.decide(referrals.block, flag.flag_id)
    assert ok(await shop.validate(rid), 409)["reason"] == "RID_REVOKED"
    refused(await shop.attribute(rid, "order"), 409, "RID_REVOKED")
    assert (await shop.stats(rid))["status"] == "revoked"


async def test_an_erased_shopper_begins_anew(shop: Market) -> None:
    rid = await shop.rid()
    async with shop.database.transaction() as connection:
        member = await members.find(connection, shop.program_id, "shopper", ANN)
        assert member is not None
        await referrals.erase(connection, shop.program_id, member.member_id, NOW)
    refused(await shop.get(f"/referrals/{rid}"), 404, "RID_NOT_FOUND")
    assert ok(await shop.validate(rid), 409)["reason"] == "RID_REVOKED"
    assert await shop.rid() != rid


async def test_a_shop_without_an_address_of_its_own(shop: Market) -> None:
    await shop.set_program(referrals__shop_url=None)
    made = ok(await shop.create(), 201)
    assert made["shareUrl"] == f"https://regulars.test/p/slug?rid={made['rid']}"


@pytest.mark.parametrize("path", ["/referrals/validate", "/referrals", "/referrals/orders/x/refund"])
async def test_the_wrong_method(shop: Market, path: str) -> None:
    answer = await shop.client.put(path, headers=shop.as_shop())
    refused(answer, 405, "METHOD_NOT_ALLOWED")


def test_the_table_knows_every_failure() -> None:
    assert set(FAILURES) == set(FailureKind)
    for kind in FailureKind:
        status, code, sentence = published(failure(kind))
        assert 400 <= status <= 599
        assert code == code.upper()
        assert sentence.endswith(".")
    assert {code for _, code, _ in REFUSALS.values()} >= set(REASONS.values())
    for name, line in MISSING.items():
        assert published(failure(FailureKind.INPUT_REFUSED, field=name, problem=Problem.MISSING)) == line
