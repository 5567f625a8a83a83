"""What sales talks about. Money is integer minor units of the hotel's currency, percentages are Decimals."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

AMOUNT_MINOR_MAX = 10**11
"""The largest amount of a sale."""

QUANTITY_MAX = 1_000_000
QUANTITY_DECIMALS = 3
"""Quantities are weighed to the gram and drawn to the millilitre, and no finer."""


class DiscountType(StrEnum):
    """Where a discount comes from: the tier with its bonuses, a promo code, or being staff."""

    DISCOUNT = "discount"
    PROMO = "promo"
    STAFF = "staff"


class StockType(StrEnum):
    """Drinks are wet, everything else is dry."""

    WET = "wet"
    DRY = "dry"


class SaleItem(Struct, frozen=True, omit_defaults=True):
    """One line of a ticket; `price_minor` is that of one unit. What has no name is no preference."""

    product_name: str
    quantity: Decimal
    stock_type: StockType
    product_group: str = ""
    price_minor: int | None = None


class NewSale(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A ticket as the till tells it. What is None, the till did not say.

    `wet_minor` and `dry_minor` are before the discount. The discounts, their type, the tier and the promo
    code are the till's claims. A field that is added later needs a default, so that the fingerprints of
    sales that were logged before stay what they are.
    """

    customer_number: int
    total_minor: int
    ticket_id: str | None = None
    wet_minor: int | None = None
    dry_minor: int | None = None
    claimed_wet_discount_minor: int | None = None
    claimed_dry_discount_minor: int | None = None
    claimed_discount_type: str | None = None
    claimed_tier: str | None = None
    promo_code: str | None = None
    items: tuple[SaleItem, ...] = ()


class Customer(Struct, frozen=True):
    """What a sale needs to know of the member; `visits` are those before the sale, within the period.

    `is_told`: somebody is told of tiers. `told_tier` is what they know, or None when nobody followed it yet.
    """

    member_id: UUID
    staff: bool
    home_location_id: int | None
    visits: int
    is_told: bool = False
    told_tier: str | None = None


class Reckoning(Struct, frozen=True):
    """What our rules make of a sale, to be compared with what the till claims.

    A discount is None where the till did not say what it is a part of. `promo_id` is the promo that the
    till named, or the bonus that the customer gets without asking. `promo_objection` says why the promo
    that the till named is not valid now and here, in the words of `promos.model.Reason`; it raises no rate
    then. `promo_unknown`: the program has no promo with the code.
    """

    tier: str
    visits: int
    discount_type: DiscountType
    wet_percent: Decimal
    dry_percent: Decimal
    wet_discount_minor: int | None
    dry_discount_minor: int | None
    wet_account: str
    dry_account: str
    promo_id: int | None
    promo_unknown: bool
    promo_objection: str | None


class Preference(Struct, frozen=True):
    """How much of one product a sale adds to what the customer has had of it at the hotel."""

    product_name: str
    product_group: str
    stock_type: StockType
    quantity: Decimal


class ToldTier(Struct, frozen=True):
    """The tier of a member at a hotel as others know it from `told_at` on; before, it was `previous_tier`.

    `visits` are those that count. When `counted_from` leaves the hotel's period, the tier is looked at again;
    None, no visit counts.
    """

    member_id: UUID
    location_id: int
    tier: str
    previous_tier: str
    visits: int
    counted_from: datetime | None
    told_at: datetime


class DueTier(Struct, frozen=True):
    """A told tier that has to be looked at again: whose it is, and the first of the visits that count now.

    Nobody is told of somebody who was erased.
    """

    customer: Customer
    is_erased: bool
    location_id: int
    tier: str
    told_at: datetime
    first_visit_at: datetime | None


class Entry(Struct, frozen=True):
    """A sale with everything that is written of it at once.

    `tier` is what others are to know of the customer's, who has had one visit more; None, they know it or
    nobody wants to.
    """

    program_id: int
    location_id: int
    currency: str
    member_id: UUID
    new: NewSale
    reckoning: Reckoning
    preferences: tuple[Preference, ...]
    fingerprint: bytes
    sold_at: datetime
    tier: ToldTier | None


class LoggedSale(Struct, frozen=True):
    """A sale that is in the books. `repeated`: it was there already, and nothing was written.

    `promo_overused`: the promo that the till named had no use left.
    """

    sale_id: int
    repeated: bool
    promo_unknown: bool
    promo_overused: bool
