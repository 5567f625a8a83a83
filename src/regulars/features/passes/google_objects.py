"""What Google Wallet is told: the class of a venue, the object of a pass. Pure."""

from typing import Any
from uuid import UUID

from regulars.features.passes.model import CardFace, Pass
from regulars.features.passes.model_carriers import GoogleSettings
from regulars.features.passes.rules_colors import BLACK, to_color, to_hex

_LIVE = {"active", "trialing", "past_due"}


def class_id(google: GoogleSettings, program_id: int, location_id: int) -> str:
    """The id of a venue's class."""
    return f"{google.issuer_id}.venue_{program_id}_{location_id}"


def object_id(google: GoogleSettings, pass_id: UUID) -> str:
    """The id of a pass's object."""
    return f"{google.issuer_id}.{pass_id}"


def loyalty_class(card: Pass, face: CardFace, google: GoogleSettings) -> dict[str, Any]:
    """What all passes of the venue share. Google wants a logo, and fetches it from a public address."""
    content: dict[str, Any] = {
        "id": class_id(google, card.program_id, card.location_id),
        "issuerName": face.brand_name,
        "programName": face.brand_name,
        "reviewStatus": "UNDER_REVIEW",
        "hexBackgroundColor": to_hex(to_color(face.primary_color, BLACK)),
    }
    logo_url = face.logo_url or google.logo_url
    if logo_url is not None:
        content["programLogo"] = {"sourceUri": {"uri": logo_url}}
    return content


def loyalty_object(card: Pass, face: CardFace, google: GoogleSettings) -> dict[str, Any]:
    """The pass with its balances and the token's QR code. It names nobody: Google gets no personal data."""
    content: dict[str, Any] = {
        "id": object_id(google, card.pass_id),
        "classId": class_id(google, card.program_id, card.location_id),
        "state": "ACTIVE",
        "accountId": str(card.pass_id),
        "accountName": f"{face.brand_name} member",
        "loyaltyPoints": {"label": "Points", "balance": {"int": face.points}},
        "secondaryLoyaltyPoints": {"label": "Rewards", "balance": {"int": face.rewards}},
        "barcode": {"type": "QR_CODE", "value": face.token, "alternateText": f"…{face.token[-6:]}"},
        "textModulesData": [],
    }
    if face.membership_status in _LIVE:
        body = "Payment due" if face.membership_status == "past_due" else "Active"
        content["textModulesData"] = [{"id": "membership", "header": "Membership", "body": body}]
    return content


def ended_object() -> dict[str, Any]:
    """What is left of a pass that is nobody's any more."""
    nothing = {"balance": {"int": 0}}
    return {
        "state": "INACTIVE",
        "loyaltyPoints": {"label": "Points", **nothing},
        "secondaryLoyaltyPoints": {"label": "Rewards", **nothing},
        "textModulesData": [],
    }
