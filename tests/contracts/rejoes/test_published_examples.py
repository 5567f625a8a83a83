"""Each published example gives the example's exact shape, under both addresses."""

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.support.pictures import decoded
from tests.support.stores import Stores, ok

MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
LOAN = [
    "id", "memberId", "storeLocation", "photoUrl", "thumbnailUrl", "checkoutAt", "dueDate", "returnedAt",
    "createdAt",
]  # fmt: skip
GALLERY_LOAN = [*LOAN, "gallery"]
GALLERY = ["id", "r2Key", "metadata"]
SEEDED = [
    "id", "cardToken", "tier", "status", "cycleStart", "cycleEnd", "itemsUsed", "swapsUsed", "itemsOut",
]  # fmt: skip
MEMBER = [
    "id", "cardToken", "shopifyCustomerId", "tier", "status", "cycleStart", "cycleEnd", "itemsUsed",
    "swapsUsed", "itemsOut", "createdAt", "updatedAt", "loans",
]  # fmt: skip

both_addresses = pytest.mark.parametrize("prefix", ["", "/api"])


def check_loan(loan: dict[str, Any], fields: list[str], *, is_open: bool) -> None:
    assert list(loan) == fields
    assert all(MOMENT.fullmatch(loan[name]) for name in ("checkoutAt", "dueDate", "createdAt"))
    assert (loan["returnedAt"] is None) == is_open
    for name in ("photoUrl", "thumbnailUrl"):
        assert loan[name].startswith("https://closet.test/")
    for row in loan.get("gallery", []):
        assert list(row) == GALLERY
        assert msgspec.json.decode(row["metadata"]).keys() == {"originalName", "mimeType", "size"}


@both_addresses
async def test_seed_member(workshop: Stores, prefix: str) -> None:
    body = {"cardToken": "CARD-9", "tier": "PREMIUM"}
    said = ok(await workshop.post(f"{prefix}/members/dev/seed-member", body, key=""))
    assert list(said) == ["message", "member"]
    assert said["message"] == "Test member created successfully"
    assert list(said["member"]) == SEEDED
    assert said["member"] | {"id": ""} == {
        "id": "", "cardToken": "CARD-9", "tier": "PREMIUM", "status": "ACTIVE",
        "cycleStart": "2026-03-01T12:00:00.000Z", "cycleEnd": "2026-04-01T12:00:00.000Z",
        "itemsUsed": 0, "swapsUsed": 0, "itemsOut": 0,
    }  # fmt: skip


@both_addresses
async def test_by_card(shop: Stores, prefix: str) -> None:
    member_id = await shop.member("PLUS", "CARD-1")
    old = await shop.checkout(member_id, await shop.photos(member_id, 2))
    await shop.take_back(member_id, old["id"])
    new = await shop.checkout(member_id)
    said = ok(await shop.get(f"{prefix}/members/by-card/CARD-1"))
    assert list(said) == ["member", "allowances", "activeLoans"]
    member = said["member"]
    assert list(member) == MEMBER
    assert said["allowances"] == {"itemsPerMonth": 5, "swaps": 2, "maxItemsOut": 2}
    assert (member["id"], member["cardToken"], member["tier"]) == (member_id, "CARD-1", "PLUS")
    assert (member["itemsUsed"], member["swapsUsed"], member["itemsOut"]) == (2, 0, 1)
    assert member["shopifyCustomerId"] == "771"
    assert all(
        MOMENT.fullmatch(member[name]) for name in ("cycleStart", "cycleEnd", "createdAt", "updatedAt")
    )
    assert [loan["id"] for loan in member["loans"]] == [old["id"], new["id"]]
    assert [loan["id"] for loan in said["activeLoans"]] == [new["id"]]
    check_loan(member["loans"][0], GALLERY_LOAN, is_open=False)
    check_loan(said["activeLoans"][0], GALLERY_LOAN, is_open=True)


@both_addresses
@pytest.mark.parametrize("field", ["photo", "file"])
async def test_upload_and_a_picture_that_a_browser_opens(shop: Stores, prefix: str, field: str) -> None:
    member_id = await shop.member()
    answer = await shop.upload(
        member_id, field=field, path=f"{prefix}/uploads/loan-photo", name="C:\\my\\a.jpg"
    )
    said = ok(answer, 201)
    assert list(said) == ["uploadId", "status"]
    assert said["status"] == "success"
    second = ok(await shop.upload(member_id, name="../b.jpg"), 201)["uploadId"]
    loan = await shop.checkout(member_id, [said["uploadId"], second])
    for name, width in (("photoUrl", 64), ("thumbnailUrl", 64)):
        shown = await shop.client.get(loan[name])
        assert shown.status_code == 200
        assert shown.headers["content-type"] == "image/jpeg"
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert decoded(shown.content).width == width
    [row] = loan["gallery"]
    assert row["id"] == second
    assert row["r2Key"].startswith("loan/")
    assert msgspec.json.decode(row["metadata"])["originalName"] == "b.jpg"
    assert msgspec.json.decode(row["metadata"])["mimeType"] == "image/jpeg"


@both_addresses
async def test_active_loans(shop: Stores, prefix: str) -> None:
    member_id = await shop.member()
    assert ok(await shop.get(f"{prefix}/loans/active/{member_id}")) == []
    first = await shop.checkout(member_id, await shop.photos(member_id, 3))
    second = await shop.checkout(member_id)
    said = ok(await shop.get(f"{prefix}/loans/active/{member_id}"))
    assert [loan["id"] for loan in said] == [first["id"], second["id"]]
    assert [len(loan["gallery"]) for loan in said] == [2, 0]
    for loan in said:
        check_loan(loan, GALLERY_LOAN, is_open=True)


@both_addresses
async def test_checkout(shop: Stores, prefix: str) -> None:
    member_id = await shop.member()
    uploads = await shop.photos(member_id, 3)
    body = {"memberId": member_id, "uploadIds": uploads, "storeLocation": "Store A"}
    said = ok(await shop.post(f"{prefix}/loans/checkout", body, once="k1"), 201)
    check_loan(said, GALLERY_LOAN, is_open=True)
    assert (said["memberId"], said["storeLocation"]) == (member_id, "Store A")
    assert (said["checkoutAt"], said["dueDate"]) == ("2026-03-01T12:00:00.000Z", "2026-03-31T12:00:00.000Z")
    # The first is the one that is shown, the others are the gallery, in the order of the request.
    assert uploads[0] in urlsplit(said["photoUrl"]).path
    assert f"{uploads[0]}.thumbnail" in urlsplit(said["thumbnailUrl"]).path
    assert [row["id"] for row in said["gallery"]] == uploads[1:]


@both_addresses
async def test_return(shop: Stores, prefix: str) -> None:
    member_id = await shop.member()
    loan = await shop.checkout(member_id, await shop.photos(member_id, 2))
    shop.clock.advance(hours=1)
    body = {"memberId": member_id, "loanId": loan["id"]}
    said = ok(await shop.post(f"{prefix}/loans/return", body, once="k1"))
    check_loan(said, LOAN, is_open=False)
    assert said["returnedAt"] == "2026-03-01T13:00:00.000Z"
    # The gallery stays, for the history.
    [kept] = (await shop.card("CARD-1"))["member"]["loans"]
    assert [row["id"] for row in kept["gallery"]] == [row["id"] for row in loan["gallery"]]


@both_addresses
async def test_swap(shop: Stores, prefix: str) -> None:
    member_id = await shop.member()
    loan = await shop.checkout(member_id, await shop.photos(member_id, 2))
    uploads = await shop.photos(member_id, 2)
    body = {"memberId": member_id, "loanId": loan["id"], "storeLocation": "Store B", "uploadIds": uploads}
    said = ok(await shop.post(f"{prefix}/loans/swap", body, once="k1"))
    assert list(said) == ["returnedLoan", "newLoan"]
    check_loan(said["returnedLoan"], GALLERY_LOAN, is_open=False)
    check_loan(said["newLoan"], GALLERY_LOAN, is_open=True)
    assert said["returnedLoan"]["id"] == loan["id"]
    assert said["returnedLoan"]["gallery"] == loan["gallery"]
    assert said["newLoan"]["storeLocation"] == "Store B"
    assert [row["id"] for row in said["newLoan"]["gallery"]] == uploads[1:]
    member = (await shop.card("CARD-1"))["member"]
    assert (member["itemsUsed"], member["swapsUsed"], member["itemsOut"]) == (2, 1, 1)


@both_addresses
async def test_add_member(shop: Stores, prefix: str) -> None:
    body = {"cardToken": "CARD-7", "shopifyCustomerId": "4711", "storeLocation": "Store A"}
    said = ok(await shop.post(f"{prefix}/members/add", body), 201)
    assert list(said) == ["message", "member"]
    assert said["member"] | {"id": ""} == {
        "id": "", "cardToken": "CARD-7", "tier": "BASIC", "status": "ACTIVE",
        "cycleStart": "2026-03-01T12:00:00.000Z", "cycleEnd": "2026-04-01T12:00:00.000Z",
        "itemsUsed": 0, "swapsUsed": 0, "itemsOut": 0, "shopifyCustomerId": "4711",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tier", "allowances"),
    [("BASIC", (1, 0, 1)), ("PLUS", (5, 2, 2)), ("PREMIUM", (10, 5, 4))],
)
async def test_allowances(shop: Stores, tier: str, allowances: tuple[int, int, int]) -> None:
    await shop.member(tier, "CARD")
    said = (await shop.card("CARD"))["allowances"]
    assert (said["itemsPerMonth"], said["swaps"], said["maxItemsOut"]) == allowances
