"""Every refusal of the notes, in the notes' words, and the first that applies wins."""

from typing import Any

import pytest

from regulars.base.ids import new_id
from regulars.contracts.rejoes.errors import FAILURES, KEPT, REFUSALS, published
from regulars.http.failures import FailureKind, failure
from tests.support.stores import STORE_B, Stores, ok, refused

MISSING = "Missing required fields"


def checkout_of(member_id: str, uploads: list[str], **more: Any) -> dict[str, Any]:
    return {"memberId": member_id, "uploadIds": uploads, "storeLocation": "Store A", **more}


@pytest.mark.parametrize("route", ["checkout", "return", "swap"])
async def test_the_key_and_the_fields_are_required(shop: Stores, route: str) -> None:
    member_id = await shop.member()
    full = checkout_of(member_id, await shop.photos(member_id), loanId=str(new_id()))
    refused(await shop.post(f"/loans/{route}", full), 400, "Missing idempotency key")
    refused(await shop.post(f"/loans/{route}", full, once=" "), 400, "Missing idempotency key")
    refused(await shop.post(f"/loans/{route}", full, once="k" * 256), 400, "Invalid idempotency key")
    needed = {
        "checkout": ["memberId", "uploadIds", "storeLocation"],
        "return": ["memberId", "loanId"],
        "swap": ["memberId", "loanId", "storeLocation", "uploadIds"],
    }[route]
    for name in needed:
        for body in (
            {key: value for key, value in full.items() if key != name},
            full | {name: None},
            full | {name: [] if name == "uploadIds" else "  "},
        ):
            refused(await shop.post(f"/loans/{route}", body, once="k"), 400, MISSING)
    refused(await shop.post(f"/loans/{route}", {}, once="k"), 400, MISSING)


async def test_what_a_checkout_says(shop: Stores) -> None:
    member_id = await shop.member("BASIC")
    other = await shop.member("BASIC")
    foreign = await shop.photos(other)
    unknown = [str(new_id())]

    async def said(message: str, uploads: list[str], status: int = 400, member: str = member_id) -> None:
        body = checkout_of(member, uploads)
        refused(await shop.post("/loans/checkout", body, once=str(new_id())), status, message)

    await said("Member not found", unknown, 404, member="nobody")
    await said("Member not found", unknown, 404, member=str(new_id()))
    await said("Upload not found", unknown, 404)
    await said("Upload not found", ["photo1-id"], 404)
    await said("Invalid upload reference(s)", foreign)
    mine = await shop.photos(member_id)
    await said("Invalid upload reference(s)", [*mine, *mine])
    await shop.checkout(member_id, mine)
    await said("BASIC plan: 0 of 1 items remaining this month", foreign)
    shop.clock.advance(days=31)
    await said("BASIC plan: Maximum 1 items allowed out. Return items to continue.", foreign)
    ok(await shop.subscription("771", status="paused"))
    await said("Subscription is paused - no new loans allowed", unknown)
    ok(await shop.subscription("771", status="CANCELLED"))
    await said("Subscription inactive", unknown)


async def test_what_a_swap_says(shop: Stores) -> None:
    member_id, basic = await shop.member("PLUS"), await shop.member("BASIC")

    async def said(
        message: str, loan_id: str, uploads: list[str], status: int = 400, by: str = member_id
    ) -> None:
        body = checkout_of(by, uploads, loanId=loan_id)
        refused(await shop.post("/loans/swap", body, once=str(new_id())), status, message)

    nothing, mine = str(new_id()), await shop.photos(member_id)
    await said("Member not found", nothing, mine, 404, by="nobody")
    await said("BASIC plan: 0 of 0 swaps remaining this month", nothing, mine, by=basic)
    await said("No items out to swap", nothing, mine)
    loan = await shop.checkout(member_id)
    await said("Loan not found", nothing, mine, 404)
    await said("Loan not found", "existing-loan-id", mine, 404)
    await said("Invalid upload reference(s)", loan["id"], await shop.photos(basic))
    await said("Upload not found", loan["id"], [str(new_id())], 404)
    second = await shop.checkout(member_id)
    await shop.take_back(member_id, second["id"])
    await said("Loan already returned", second["id"], mine)
    for _ in range(2):
        body = checkout_of(member_id, await shop.photos(member_id), loanId=loan["id"])
        loan = ok(await shop.post("/loans/swap", body, once=str(new_id())))["newLoan"]
    await said("PLUS plan: 0 of 2 swaps remaining this month", loan["id"], mine)
    ok(await shop.subscription("771", planHandle="premium"))
    await shop.checkout(member_id)
    ok(await shop.subscription("771", status="PAUSED"))
    await said("Subscription is paused - no new loans allowed", loan["id"], mine)


async def test_swaps_end_with_the_items_of_the_month(shop: Stores) -> None:
    plans = {"ONE": {"items_per_cycle": 1, "swaps_per_cycle": 9, "items_out_max": 3}}
    await shop.set_program(lending__plans=plans)
    member_id = await shop.member("ONE")
    loan = await shop.checkout(member_id)
    body = checkout_of(member_id, await shop.photos(member_id), loanId=loan["id"])
    refused(await shop.post("/loans/swap", body, once="k"), 400, "ONE plan: Monthly item limit reached")


async def test_what_a_return_says(shop: Stores) -> None:
    member_id, other = await shop.member(), await shop.member()
    loan = await shop.checkout(member_id)

    async def said(message: str, status: int, member: str, loan_id: str) -> None:
        body = {"memberId": member, "loanId": loan_id}
        refused(await shop.post("/loans/return", body, once=str(new_id())), status, message)

    await said("Loan not found", 404, member_id, str(new_id()))
    await said("Loan not found", 404, other, loan["id"])
    await said("Loan not found", 404, "nobody", loan["id"])
    ok(await shop.subscription("771", status="paused"))
    await shop.take_back(member_id, loan["id"])
    await said("Loan already returned", 400, member_id, loan["id"])


async def test_members_that_are_not_there_or_there_already(shop: Stores) -> None:
    await shop.member(card="CARD-1")
    refused(await shop.get("/members/by-card/CARD-2"), 404, "Member not found")
    refused(await shop.get("/loans/active/nobody"), 404, "Member not found")
    for path in ("/loans/active", "/loans/active/", "/api/loans/active/"):
        refused(await shop.get(path), 400, "memberId is required")
    body = {"cardToken": "CARD-1", "shopifyCustomerId": "1"}
    refused(await shop.post("/members/add", body), 409, "Member with this card token already exists")
    taken = {"cardToken": "CARD-3", "shopifyCustomerId": "771"}
    refused(
        await shop.post("/members/add", taken), 409, "Member with this Shopify customer id already exists"
    )
    refused(await shop.post("/members/add", body | {"tier": "GOLD"}), 400, "Unknown tier")
    refused(await shop.post("/members/add", {"cardToken": "x"}), 400, MISSING)


async def test_seeding_is_for_development(shop: Stores) -> None:
    for key in ("", shop.key):
        answer = await shop.post("/members/dev/seed-member", {"cardToken": "CARD-1"}, key=key)
        refused(answer, 403, "Not available in production")
    refused(await shop.get("/members/by-card/CARD-1"), 404, "Member not found")


async def test_what_seeding_refuses(workshop: Stores) -> None:
    path = "/api/members/dev/seed-member"
    for body in ({}, {"cardToken": None}, {"cardToken": " "}, {"tier": "PLUS"}):
        refused(await workshop.post(path, body, key=""), 400, "cardToken is required")
    refused(await workshop.post(path, {"cardToken": "c", "tier": "GOLD"}, key=""), 400, "Unknown tier")
    said = ok(await workshop.post(path, {"cardToken": "c"}, key=""))
    assert said["member"]["tier"] == "BASIC"
    again = await workshop.post(path, {"cardToken": " c "}, key="")
    refused(again, 409, "Member with this card token already exists")


async def test_what_an_upload_says(shop: Stores) -> None:
    member_id = await shop.member()
    refused(await shop.upload(None), 400, "memberId is required")
    refused(await shop.upload(" "), 400, "memberId is required")
    refused(await shop.upload(member_id, field="picture"), 400, "Photo file is required")
    refused(await shop.upload(member_id, b""), 400, "Photo file is required")
    for content in (b"<svg/>", b"<html>", b"x" * 100, b"%PDF-1.7"):
        refused(await shop.upload(member_id, content, name="a.jpg"), 400, "Invalid file type")
    # It begins like a picture, and is none.
    refused(await shop.upload(member_id, b"\xff\xd8\xff" + b"x" * 500), 400, "Invalid file type")
    refused(await shop.upload(str(new_id())), 404, "Member not found")
    refused(await shop.upload("nobody"), 404, "Member not found")
    limit = shop.services.photos.limits.received_bytes_max
    refused(await shop.upload(member_id, b"\xff\xd8\xff" + b"x" * limit), 413, "Photo file is too large")
    refused(await shop.upload(member_id, b"\xff\xd8\xff" + b"x" * 2 * limit), 413, "Request is too large")
    refused(await shop.post("/uploads/loan-photo", {"memberId": member_id}), 400, "Invalid form data")


@pytest.mark.parametrize("change", ["nothing", "name", "expires", "signature", "late", "digits", "twice"])
async def test_addresses_of_photos_that_were_not_made_here(shop: Stores, change: str) -> None:
    member_id = await shop.member()
    upload_id = ok(await shop.upload(member_id), 201)["uploadId"]
    address = (await shop.checkout(member_id, [upload_id]))["photoUrl"]
    other = str(new_id())
    changed = {
        "nothing": address.partition("?")[0],
        "name": address.replace(upload_id, other),
        "expires": address.replace("expires=1", "expires=2"),
        "signature": address[:-1] + ("A" if address[-1] != "A" else "B"),
        "late": address,
        "digits": address.replace("expires=1", "expires=%D9%A1"),
        "twice": address.replace("?", "?expires=9999999999&"),
    }[change]
    if change == "late":
        assert (await shop.client.get(changed)).status_code == 200
        shop.clock.advance(minutes=66)
    refused(await shop.client.get(changed), 403, "This link is not valid or has expired")


async def test_a_store_s_key_may_be_for_one_store(shop: Stores) -> None:
    member_id = await shop.member()
    _, key = await shop.new_key(store=STORE_B)
    uploads = await shop.photos(member_id)
    elsewhere = await shop.post("/loans/checkout", checkout_of(member_id, uploads), once="k", key=key)
    refused(elsewhere, 403, "This key is for another store")
    for number, name in enumerate(("Store B", " store-b ")):
        body = checkout_of(member_id, await shop.photos(member_id), storeLocation=name)
        ok(await shop.post("/loans/checkout", body, once=f"k{number}", key=key), 201)


async def test_guessing_cards_meets_a_limit_and_locks_nobody_out(shop: Stores) -> None:
    await shop.set_program(rejoes__unknown_cards_per_minute=3)
    await shop.member(card="CARD-1")
    for number in range(3):
        refused(await shop.get(f"/members/by-card/none-{number}"), 404, "Member not found")
    answer = await shop.get("/members/by-card/none")
    refused(answer, 429, "Too many requests")
    assert int(answer.headers["retry-after"]) > 0
    ok(await shop.get("/members/by-card/CARD-1"))


def test_the_table_knows_every_failure_and_what_is_kept() -> None:
    assert set(FAILURES) == set(FailureKind)
    assert set(REFUSALS) > KEPT
    for kind in FailureKind:
        status, sentence = published(failure(kind))
        assert 400 <= status <= 599
        assert sentence
    details = {"tier": "PLUS", "remaining": 0, "limit": 5}
    for code in REFUSALS:
        _, sentence = published(failure(FailureKind.REFUSED, code=code, details=details))
        assert "{" not in sentence
