"""What promos talks about: promos and who they were given to, what was used of them, and rates.

Percentages are Decimals from 0 to 100, money is integer minor units in the hotel's own currency. Dates and
times of day have no zone: they are what the clock on the hotel's wall shows.
"""

from datetime import datetime, time
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

ZERO = Decimal(0)


class PromoKind(StrEnum):
    """A promo code replaces the tier's rates, a loyalty bonus raises them."""

    PROMO_CODE = "promo_code"
    LOYALTY_BONUS = "loyalty_bonus"


class PromoTerms(Struct, frozen=True, kw_only=True):
    """Everything about a promo that the operator decides.

    `valid_until` and `time_until` are inclusive to the second. `time_until` before `time_from` crosses
    midnight. `weekdays` are numbered from 1, Monday, to 7, Sunday. No weekdays mean every day, no locations
    everywhere, no limit any number of uses. A promo that is `assigned_only` is for those it was assigned to
    and unknown to everybody else. `wet_percent` and `dry_percent` belong to promo codes; the multiplier and
    what is added belong to bonuses.
    """

    kind: PromoKind
    code: str
    name: str
    description: str | None = None
    active: bool = True
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    time_from: time | None = None
    time_until: time | None = None
    weekdays: frozenset[int] = frozenset()
    requires_membership: bool = False
    assigned_only: bool = False
    min_spend_minor: int = 0
    wet_percent: Decimal = ZERO
    dry_percent: Decimal = ZERO
    bonus_multiplier: Decimal = ZERO
    bonus_add_wet: Decimal = ZERO
    bonus_add_dry: Decimal = ZERO
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None
    location_ids: frozenset[int] = frozenset()


class Promo(PromoTerms, frozen=True, kw_only=True):
    """A promo of a program. `promo_id` is the integer that tills see; the smaller one is the older one."""

    program_id: int
    promo_id: int
    created_at: datetime
    updated_at: datetime


class PromoChanges(Struct, frozen=True, kw_only=True):
    """What to set on a promo: a field that is UNSET stays as it is, None empties it. The kind stays."""

    code: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    active: bool | UnsetType = UNSET
    valid_from: datetime | None | UnsetType = UNSET
    valid_until: datetime | None | UnsetType = UNSET
    time_from: time | None | UnsetType = UNSET
    time_until: time | None | UnsetType = UNSET
    weekdays: frozenset[int] | UnsetType = UNSET
    requires_membership: bool | UnsetType = UNSET
    assigned_only: bool | UnsetType = UNSET
    min_spend_minor: int | UnsetType = UNSET
    wet_percent: Decimal | UnsetType = UNSET
    dry_percent: Decimal | UnsetType = UNSET
    bonus_multiplier: Decimal | UnsetType = UNSET
    bonus_add_wet: Decimal | UnsetType = UNSET
    bonus_add_dry: Decimal | UnsetType = UNSET
    usage_limit: int | None | UnsetType = UNSET
    usage_limit_per_customer: int | None | UnsetType = UNSET
    location_ids: frozenset[int] | UnsetType = UNSET


class PromoBook(Struct, frozen=True):
    """The promos of one program, oldest first, switched off ones included."""

    promos: tuple[Promo, ...]
    by_code: dict[str, Promo]


class Assignment(Struct, frozen=True):
    """A promo given to one member, until `expires_at` on the hotel's clock, inclusive, if that is set."""

    promo_id: int
    member_id: UUID
    expires_at: datetime | None


class Uses(Struct, frozen=True):
    """How often a promo was used: by everybody, and by the one customer who is asked about."""

    overall: int = 0
    of_member: int = 0


class UseCount(Struct, frozen=True):
    """What the operator sees of a promo: uses within its limits, and uses by tills that came too late."""

    promo_id: int
    uses: int
    overuses: int
    last_used_at: datetime | None


class Rates(Struct, frozen=True):
    """Discounts on drinks (wet) and food (dry)."""

    wet_percent: Decimal
    dry_percent: Decimal


class Reason(StrEnum):
    """Why a promo cannot be used now and here, in the order in which the published contract looks."""

    NOT_FOUND = "not_found"
    NOT_ACTIVE = "not_active"
    NOT_HERE = "not_here"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    WRONG_TIME = "wrong_time"
    WRONG_DAY = "wrong_day"
    NEEDS_MEMBERSHIP = "needs_membership"
    BELOW_MINIMUM = "below_minimum"
    USED_UP = "used_up"


class Offer(Struct, frozen=True):
    """A promo code that a customer may be offered; `targeted` when it was assigned to this customer."""

    promo: Promo
    targeted: bool
    expires_at: datetime | None
