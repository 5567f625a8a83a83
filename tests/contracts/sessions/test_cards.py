"""Cards: issuing them over the counter, handing them to phones, and Apple's web service at its addresses."""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.sessions.context import INTERNAL_SCOPE
from tests.contracts.sessions.test_wallet_page import page_of, text_of
from tests.support.kiosks import PASS_TYPE, PHONE, VENUE, Kiosks, carrying, kiosks, ok, refused

PUSH_TOKEN = "ab" * 32
CHANGES = f"/wallet/apple/v1/devices/phone-1/registrations/{PASS_TYPE}"


@pytest_asyncio.fixture
async def apple_shop(database_url: str, tmp_path: Path) -> AsyncIterator[Kiosks]:
    """A shop that can sign cards for Apple Wallet."""
    async with kiosks(database_url, tmp_path, **carrying()) as opened:
        yield opened


async def test_issuing_a_card(shop: Kiosks) -> None:
    body = {"phone_raw": PHONE, "venue_id": VENUE}
    issued = ok(await shop.post("/api/issue-card", body))
    token = issued["wallet_token"]
    assert list(issued) == [
        "customer_id", "is_new_customer", "points_balance", "rewards_balance", "membership_status",
        "wallet_token", "venue_id", "wallet_url", "apple_wallet_url", "google_wallet_url", "qr_image_url",
    ]  # fmt: skip
    assert issued["venue_id"] == VENUE
    assert issued["wallet_url"] == f"https://cards.test/wallet/{token}"
    assert issued["apple_wallet_url"] == f"https://cards.test/wallet/apple/{token}"
    assert issued["google_wallet_url"] == f"https://cards.test/wallet/google/{token}"
    assert issued["qr_image_url"] == f"https://cards.test/wallet/{token}.png"
    again = ok(await shop.post("/api/issue-card", body, by=INTERNAL_SCOPE))
    assert again == {**issued, "is_new_customer": False}


async def test_the_branding_as_published(shop: Kiosks) -> None:
    body = {
        "venue_id": VENUE, "brand_name": "Sessions", "hero_text": "", "primary_color": "#abc",
        "accent_color": "#FF8800", "logo_url": "https://a.example/logo.png", "support_email": "a@b.example",
    }  # fmt: skip
    changed = ok(await shop.post("/api/card-branding", body, by="sessions:admin"))
    assert list(changed["branding"].items()) == list(body.items())
    part = ok(
        await shop.post("/api/card-branding", {"venue_id": VENUE, "hero_text": "Hello"}, by="sessions:admin")
    )
    assert part == {"branding": {**body, "hero_text": "Hello"}}
    for scope in ("sessions:admin", "sessions:kiosk", INTERNAL_SCOPE):
        assert ok(await shop.get("/api/card-branding", by=scope, venue_id=VENUE)) == part


@pytest.mark.parametrize("carrier", ["apple", "google"])
async def test_without_certificates_a_page_says_so(shop: Kiosks, carrier: str) -> None:
    token = (await shop.enrol())["wallet_token"]
    said = text_of(page_of(await shop.client.get(f"/wallet/{carrier}/{token}"), 501))
    assert carrier.title() in said and "show the code on its page" in said
    page_of(await shop.client.get(f"/wallet/{carrier}/{'0' * 48}"), 404)


async def test_without_certificates_phones_are_told(shop: Kiosks) -> None:
    registration = f"{CHANGES}/{'0' * 8}"
    for answer in (
        await shop.client.post(registration, json={"pushToken": PUSH_TOKEN}),
        await shop.client.delete(registration),
        await shop.client.get(CHANGES),
        await shop.client.get(f"/wallet/apple/v1/passes/{PASS_TYPE}/1"),
    ):
        refused(answer, 501, "apple_wallet_not_configured")


async def downloaded(shop: Kiosks, token: str) -> dict[str, Any]:
    """The pass.json of a card."""
    answer = await shop.client.get(f"/wallet/apple/{token}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.apple.pkpass"
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as bundle:
        content: dict[str, Any] = msgspec.json.decode(bundle.read("pass.json"))
    return content


async def test_a_card_for_apple_wallet(apple_shop: Kiosks) -> None:
    shop = apple_shop
    token = (await shop.enrol())["wallet_token"]
    content = await downloaded(shop, token)
    assert content["passTypeIdentifier"] == PASS_TYPE
    assert content["webServiceURL"] == "https://cards.test/wallet/apple"
    assert content["barcodes"][0]["message"] == token
    html = page_of(await shop.client.get(f"/wallet/{token}"))
    assert f'href="/wallet/apple/{token}"' in html and "Google" not in html
    page_of(await shop.client.get(f"/wallet/apple/{'0' * 48}"), 404)


async def test_a_phone_that_keeps_a_card(apple_shop: Kiosks) -> None:
    shop = apple_shop
    enrolled = await shop.enrol()
    content = await downloaded(shop, enrolled["wallet_token"])
    serial = content["serialNumber"]
    proof = {"Authorization": f"ApplePass {content['authenticationToken']}"}
    where, body = f"{CHANGES}/{serial}", {"pushToken": PUSH_TOKEN}
    statuses = [(await shop.client.post(where, json=body, headers=proof)).status_code for _ in range(2)]
    assert statuses == [201, 200]
    for wrong in (
        {},
        {"Authorization": "ApplePass x"},
        {"Authorization": f"Bearer {content['authenticationToken']}"},
    ):
        assert (await shop.client.post(where, json=body, headers=wrong)).status_code == 401
    refused(await shop.client.post(where, json={}, headers=proof), 400, "pushToken_required")
    refused(
        await shop.client.post(where, json={"pushToken": "x y"}, headers=proof), 400, "invalid_push_token"
    )

    listed = ok(await shop.client.get(CHANGES))
    assert listed["serialNumbers"] == [serial] and isinstance(listed["lastUpdated"], str)
    since = {"passesUpdatedSince": listed["lastUpdated"]}
    assert (await shop.client.get(CHANGES, params=since)).status_code == 204
    address = f"/wallet/apple/v1/passes/{PASS_TYPE}/{serial}"
    fetched = await shop.client.get(address, headers=proof)
    assert (fetched.status_code, fetched.headers["content-type"]) == (200, "application/vnd.apple.pkpass")
    known = {**proof, "If-Modified-Since": fetched.headers["last-modified"]}
    assert (await shop.client.get(address, headers=known)).status_code == 304
    assert (await shop.client.get(address)).status_code == 401

    shop.clock.advance(minutes=1)
    await shop.pay(enrolled["customer_id"], 5000, "ord_1")
    assert ok(await shop.client.get(CHANGES, params=since))["serialNumbers"] == [serial]
    assert (await shop.client.get(address, headers=known)).status_code == 200
    assert (await shop.client.delete(where)).status_code == 401
    assert (await shop.client.delete(where, headers=proof)).status_code == 200
    assert (await shop.client.get(CHANGES)).status_code == 204


async def test_what_phones_report(apple_shop: Kiosks) -> None:
    log = "/wallet/apple/v1/log"
    bodies: list[Any] = [{"logs": ["something"]}, {"logs": []}, {}, {"logs": [5, None, "x" * 9999]}]
    for body in bodies:
        answer = await apple_shop.client.post(log, json=body)
        assert (answer.status_code, answer.content) == (200, b"")
    refused(await apple_shop.client.post(log, content=b"x"), 400, "invalid_json")
    refused(await apple_shop.client.post(log, json={"logs": 5}), 400, "invalid_logs")
