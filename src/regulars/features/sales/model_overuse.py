"""What the operator is told of a sale whose promo had no use left."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct


class OverusedSale(Struct, frozen=True):
    """A sale that a till logged with a promo when no use of it was left.

    The discounts are those that the till says it gave; None, it did not say.
    """

    sale_id: int
    sold_at: datetime
    location_id: int
    ticket_id: str | None
    member_id: UUID
    promo_code: str
    currency: str
    total_minor: int
    claimed_wet_discount_minor: int | None
    claimed_dry_discount_minor: int | None
