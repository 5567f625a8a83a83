"""Promos as this contract shows them."""

from datetime import datetime

from msgspec import UNSET

from regulars.contracts.loyaltyhub.figures import to_amount, to_number
from regulars.contracts.loyaltyhub.wire_promos import PromoRow
from regulars.features.promos.model import Offer, Promo


def promo_row(promo: Promo, currency: str, offer: Offer | None = None) -> PromoRow:
    """The promo; with an `offer`, whether it was assigned to the customer, and until when."""
    is_targeted = offer is not None and offer.targeted
    expires_at = offer.expires_at if offer is not None else None
    return PromoRow(
        id=promo.promo_id,
        code=promo.code,
        name=promo.name,
        description=promo.description or "",
        type=promo.kind.value,
        wet_discount=to_number(promo.wet_percent),
        dry_discount=to_number(promo.dry_percent),
        bonus_multiplier=to_number(promo.bonus_multiplier),
        bonus_add_wet=to_number(promo.bonus_add_wet),
        bonus_add_dry=to_number(promo.bonus_add_dry),
        min_spend=to_amount(promo.min_spend_minor, currency),
        valid_until=None if promo.valid_until is None else _on_the_clock(promo.valid_until),
        targeted=True if is_targeted else UNSET,
        expires_at=_on_the_clock(expires_at) if expires_at is not None else UNSET,
    )


def _on_the_clock(at: datetime) -> str:
    """As the hotel's clock and calendar show it: 2024-08-31 23:59:59."""
    return str(at)[:19]
