"""What Google Wallet is told of a pass, and the link that saves it."""

from typing import Any

import jwt
import pytest

from regulars.features.passes.google_grant import GoogleSigner
from regulars.features.passes.google_objects import ended_object, loyalty_class, loyalty_object
from tests.rules.test_passes_apple import CARD, TOKEN
from tests.support.enrolment import NOW
from tests.support.google_stand_in import EMAIL, ISSUER, service_account_key, service_account_pem
from tests.support.passes import face, google_settings

SETTINGS = google_settings("https://google.example")
CLASS_ID = f"{ISSUER}.venue_1_1"


def test_the_class_of_a_venue() -> None:
    assert loyalty_class(CARD, face(), SETTINGS) == {
        "id": CLASS_ID,
        "issuerName": "Sessions Market",
        "programName": "Sessions Market",
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": "#1b4332",
        "programLogo": {"sourceUri": {"uri": "https://loyalty.example/logo.png"}},
    }


def test_a_venues_own_logo_goes_first() -> None:
    content = loyalty_class(CARD, face(logo_url="https://sessions.example/logo.png"), SETTINGS)
    assert content["programLogo"]["sourceUri"]["uri"] == "https://sessions.example/logo.png"


def test_the_object_of_a_pass() -> None:
    assert loyalty_object(CARD, face(token=TOKEN), SETTINGS) == {
        "id": f"{ISSUER}.{CARD.pass_id}",
        "classId": CLASS_ID,
        "state": "ACTIVE",
        "accountId": str(CARD.pass_id),
        "accountName": "Sessions Market member",
        "loyaltyPoints": {"label": "Points", "balance": {"int": 42}},
        "secondaryLoyaltyPoints": {"label": "Rewards", "balance": {"int": 1}},
        "barcode": {"type": "QR_CODE", "value": TOKEN, "alternateText": "…abcdef"},
        "textModulesData": [{"id": "membership", "header": "Membership", "body": "Active"}],
    }


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("active", "Active"),
        ("trialing", "Active"),
        ("past_due", "Payment due"),
        ("none", None),
        ("canceled", None),
    ],
)
def test_the_membership(status: str, body: str | None) -> None:
    modules = loyalty_object(CARD, face(membership_status=status), SETTINGS)["textModulesData"]
    assert [module["body"] for module in modules] == ([] if body is None else [body])


def test_nothing_is_left_of_an_ended_pass() -> None:
    assert ended_object()["state"] == "INACTIVE"
    assert ended_object()["loyaltyPoints"]["balance"] == {"int": 0}


def test_the_link_is_signed_by_the_service_account() -> None:
    content = loyalty_object(CARD, face(token=TOKEN), SETTINGS)
    link = GoogleSigner(SETTINGS).save_link(content, NOW)
    token = link.removeprefix("https://google.example/save/")
    assert jwt.get_unverified_header(token)["alg"] == "RS256"
    claims = jwt.decode(
        token,
        service_account_key().public_key(),
        algorithms=["RS256"],
        audience="google",
        options={"verify_iat": False},
    )
    assert claims == {
        "iss": EMAIL,
        "aud": "google",
        "typ": "savetowallet",
        "iat": int(NOW.timestamp()),
        "origins": ["https://loyalty.example"],
        "payload": {"loyaltyObjects": [content]},
    }


def test_the_grant_is_asked_for_as_the_service_account() -> None:
    claims = jwt.decode(
        GoogleSigner(SETTINGS).assertion(NOW),
        service_account_key().public_key(),
        algorithms=["RS256"],
        audience="https://google.example/token",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == EMAIL
    assert claims["scope"] == "https://www.googleapis.com/auth/wallet_object.issuer"
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    ("more", "said"),
    [({"service_account_key": "no key"}, "no private key"), ({"service_account_key": ""}, "no")],
)
def test_what_cannot_sign_is_said_at_once(more: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        GoogleSigner(google_settings("https://google.example", **more))


def test_the_key_is_not_in_the_text_of_the_settings() -> None:
    assert service_account_pem()[40:80] not in repr(SETTINGS)
