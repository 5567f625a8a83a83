"""`regulars demo` as a store, a browser and the shop see it."""

import hmac
import io
import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image

from regulars.demo.seed import SEED
from regulars.demo.stores.drawing import picture_of
from regulars.demo.stores.garments import stock
from tests.cli.demo_callers import counter
from tests.cli.processes import Server, variables


def _by_card(demo: Server, api_key: str, card_token: str) -> Any:
    answer = demo.get(f"/members/by-card/{card_token}", X_API_Key=api_key)
    assert answer.status_code == 200
    return answer.json()


def _uploaded(demo: Server, api_key: str, member_id: str) -> str:
    [garment] = stock(1, SEED)
    answer = httpx2.post(
        f"{demo.url}/uploads/loan-photo",
        headers={"x-api-key": api_key},
        data={"memberId": member_id},
        files={"photo": ("new.jpg", picture_of(garment, "front"), "image/jpeg")},
        timeout=20,
    )
    assert answer.status_code == 201
    upload_id: str = answer.json()["uploadId"]
    return upload_id


def test_a_store_lends_swaps_and_takes_back(demo: Server, demo_directory: Path) -> None:
    api_key = variables(demo_directory / "demo.env")["STORE_API_KEY"]
    before = _by_card(demo, api_key, "CARD-PREMIUM-1")
    member_id = before["member"]["id"]
    assert (before["member"]["tier"], before["member"]["status"]) == ("PREMIUM", "ACTIVE")
    assert len(before["activeLoans"]) == before["member"]["itemsOut"] == 2
    wanted = {"memberId": member_id, "storeLocation": "Store A"}
    lent = counter(
        demo, "/loans/checkout", api_key, idempotency_key="t-1", **wanted,
        uploadIds=[_uploaded(demo, api_key, member_id)],
    )  # fmt: skip
    assert lent.status_code == 201
    swapped = counter(
        demo, "/api/loans/swap", api_key, idempotency_key="t-2", **wanted, loanId=lent.json()["id"],
        uploadIds=[_uploaded(demo, api_key, member_id)],
    )  # fmt: skip
    assert swapped.status_code == 200
    returned = counter(
        demo, "/loans/return", api_key, idempotency_key="t-3", memberId=member_id,
        loanId=swapped.json()["newLoan"]["id"],
    )  # fmt: skip
    assert returned.status_code == 200
    after = _by_card(demo, api_key, "CARD-PREMIUM-1")["member"]
    assert after["itemsOut"] == 2 and after["itemsUsed"] == before["member"]["itemsUsed"] + 2


def test_refusals_can_be_shown_with_the_cards_of_the_demo(demo: Server, demo_directory: Path) -> None:
    api_key = variables(demo_directory / "demo.env")["STORE_API_KEY"]
    sentences = {
        "CARD-PREMIUM-3": "PREMIUM plan: 0 of 10 items remaining this month",
        "CARD-PREMIUM-2": "PREMIUM plan: Maximum 4 items allowed out. Return items to continue.",
        "CARD-BASIC-3": "BASIC plan: 0 of 1 items remaining this month",
        "CARD-PAUSED-1": "Subscription is paused - no new loans allowed",
        "CARD-CANCELLED-1": "Subscription inactive",
    }
    for card_token, sentence in sentences.items():
        member_id = _by_card(demo, api_key, card_token)["member"]["id"]
        refused = counter(
            demo, "/loans/checkout", api_key, idempotency_key=card_token, memberId=member_id,
            uploadIds=["none"], storeLocation="Store B",
        )  # fmt: skip
        assert (refused.status_code, refused.json()) == (400, {"message": sentence})


def test_the_pictures_of_loans_open_in_a_browser(demo: Server, demo_directory: Path) -> None:
    api_key = variables(demo_directory / "demo.env")["STORE_API_KEY"]
    loans = _by_card(demo, api_key, "CARD-PREMIUM-1")["member"]["loans"]
    assert len(loans) > 20 and any(loan["gallery"] for loan in loans)
    for address, longest in ((loans[-1]["photoUrl"], 2048), (loans[-1]["thumbnailUrl"], 600)):
        shown = httpx2.get(address, timeout=10)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        with Image.open(io.BytesIO(shown.content)) as picture:
            assert max(picture.size) <= longest


def test_the_shop_signs_with_the_secret_of_the_demo(demo: Server, demo_directory: Path) -> None:
    secret = variables(demo_directory / "demo.env")["SHOPIFY_WEBHOOK_SECRET"]
    body = json.dumps(
        {"data": {"shopifyCustomerId": "990001", "cardToken": "CARD-NEW-1", "planHandle": "plus"}}
    )
    right = b64encode(hmac.digest(secret.encode(), body.encode(), sha256)).decode()
    for signature, status in ((right, 200), (right[::-1], 401)):
        answer = httpx2.post(
            f"{demo.url}/webhooks/subscription", content=body, headers={"x-shopify-hmac-sha256": signature}
        )
        assert answer.status_code == status
    api_key = variables(demo_directory / "demo.env")["STORE_API_KEY"]
    assert _by_card(demo, api_key, "CARD-NEW-1")["member"]["tier"] == "PLUS"
