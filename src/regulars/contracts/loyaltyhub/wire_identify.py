"""What /identify is sent and answers. Fields stand in the published order."""

from enum import StrEnum
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.contracts.loyaltyhub.figures import Number
from regulars.contracts.loyaltyhub.wire_promos import PromoRow


class IdentifyBody(Struct, frozen=True, kw_only=True):
    """Whatever the till has read or typed."""

    identifier: Annotated[
        str, Meta(description="RFID code, QR code or e-mail address.", examples=["ABC123456"])
    ]


class MatchedType(StrEnum):
    """What an identifier turned out to be."""

    RFID = "rfid"
    QR = "qr"
    EMAIL = "email"


class NextTierRow(Struct, frozen=True, kw_only=True):
    """The tier above, and the visits that it takes at this hotel."""

    next_tier: str
    visits_required: int
    visits_to_go: int


class IdentifyAnswer(Struct, frozen=True, kw_only=True):
    """The customer, and the discounts that hold here and now.

    `home_hotel` and `email` are null where there is none; `next_tier` is null at the top. There is an
    `identifier_label` only where the fob has one.
    """

    customer_id: int
    name: str
    email: str | None
    tier: str
    is_staff: bool
    wet_discount: Number
    dry_discount: Number
    base_wet_discount: Number
    base_dry_discount: Number
    discount_type: Literal["discount", "staff"]
    applied_customer_promo: PromoRow | None
    total_visits: int
    period_days: int
    home_hotel: str | None
    available_promos: list[PromoRow]
    next_tier: NextTierRow | None
    matched_identifier_type: MatchedType
    identifier_label: str | UnsetType = UNSET
