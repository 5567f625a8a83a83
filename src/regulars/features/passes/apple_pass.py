"""What a pass for Apple Wallet says: its pass.json. Pure but for what the keys derive."""

from typing import Any

from regulars.features.passes.model import CardFace, Pass
from regulars.features.passes.model_carriers import AppleSettings
from regulars.features.passes.rules_colors import BLACK, WHITE, accent_on, readable_on, to_color, to_css

_MEMBERSHIPS = {
    "none": "None yet",
    "active": "Active",
    "trialing": "Trial",
    "past_due": "Payment due",
    "canceled": "Ended",
}

Field = dict[str, Any]


def pass_json(card: Pass, face: CardFace, apple: AppleSettings, authentication_token: str) -> dict[str, Any]:
    """The pass as Apple's format describes it: a store card with the balances and the token's QR code.

    It updates itself only if phones reach the server by HTTPS, which Apple asks for.
    """
    background = to_color(face.primary_color, BLACK)
    content: dict[str, Any] = {
        "formatVersion": 1,
        "passTypeIdentifier": apple.pass_type_identifier,
        "teamIdentifier": apple.team_identifier,
        "serialNumber": str(card.pass_id),
        "organizationName": face.brand_name,
        "description": f"{face.brand_name} loyalty card",
        "logoText": face.brand_name,
        "backgroundColor": to_css(background),
        "foregroundColor": to_css(readable_on(background)),
        "labelColor": to_css(accent_on(background, to_color(face.accent_color, WHITE))),
        "sharingProhibited": True,
        "storeCard": _store_card(face),
        "barcodes": [
            {
                "format": "PKBarcodeFormatQR",
                "message": face.token,
                "messageEncoding": "iso-8859-1",
                "altText": f"…{face.token[-6:]}",
            }
        ],
    }
    if apple.web_service_url.startswith("https://"):
        content["webServiceURL"] = apple.web_service_url
        content["authenticationToken"] = authentication_token
    return content


def _store_card(face: CardFace) -> dict[str, list[Field]]:
    return {
        "headerFields": [_field("points", "Points", face.points, "You have %@ points.")],
        "primaryFields": [_field("rewards", "Rewards", face.rewards, "You have %@ rewards to use.")],
        "secondaryFields": [
            _field("next_reward", "Next reward", _next_reward(face)),
            _field(
                "membership",
                "Membership",
                _MEMBERSHIPS.get(face.membership_status, face.membership_status),
                "Your membership: %@",
            ),
        ],
        "auxiliaryFields": [],
        "backFields": _back_fields(face),
    }


def _back_fields(face: CardFace) -> list[Field]:
    fields = [
        _field("about", face.brand_name, face.hero_text),
        _field("page", "Your card online", face.wallet_url),
    ]
    if face.support_email:
        fields.append(_field("support", "Questions", face.support_email))
    return fields


def _next_reward(face: CardFace) -> str:
    missing = face.points_per_reward - face.points % face.points_per_reward
    return f"{missing} point{'' if missing == 1 else 's'} to go"


def _field(key: str, label: str, value: str | int, change_message: str | None = None) -> Field:
    field: Field = {"key": key, "label": label, "value": value}
    if change_message is not None:
        field["changeMessage"] = change_message
    return field
