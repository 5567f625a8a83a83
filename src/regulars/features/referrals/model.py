"""What referrals talks about: products, RIDs, clicks, orders with their rewards, and flags.

Money is in minor units of the policy's currency. Devices, addresses and buyers are keyed hashes everywhere.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

ORDER_TOTAL_MAX = 10**12
"""So that the sum of a RID's orders stays a number that is stored, and that readers of JSON hold."""

EVENT_PERIOD = timedelta(hours=1)
"""In any period of this length a source may make so many events as the policy believes."""

ORDER_ID_LENGTH_MAX = 200
CHANNEL_LENGTH_MAX = 40
DECIDED_BY_LENGTH_MAX = 200


class RewardType(StrEnum):
    """What a reward is: credit in the ledger, or money that somebody pays by hand."""

    STORE_CREDIT = "storeCredit"
    CASH = "cash"


class ReferralStatus(StrEnum):
    """Whether a RID counts. One that has expired says so from that moment on, whatever is stored."""

    ACTIVE = "active"
    EXPIRED = "expired"
    REVOKED = "revoked"


class RewardStatus(StrEnum):
    """Where a reward stands. Each step is made once, and a cancelled one stays so."""

    PENDING_HOLD = "pending_hold"
    PAYABLE = "payable"
    PAID = "paid"
    CANCELLED = "cancelled"


class ConversionStatus(StrEnum):
    """Where an order stands: its RID was found valid or not, it was paid, it was given back."""

    CANDIDATE = "candidate"
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


class Ending(StrEnum):
    """Why a reward will never be, or is no more."""

    REFUNDED = "refunded"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"
    CLAWED_BACK = "clawed_back"
    OWNER_ERASED = "owner_erased"


class Rule(StrEnum):
    """What looks like fraud."""

    SELF_PURCHASE = "self_purchase"
    SHARED_DEVICE = "shared_device"
    SHARED_ADDRESS = "shared_address"
    DEVICE_OF_MANY_BUYERS = "device_of_many_buyers"
    EVENT_FLOOD = "event_flood"
    FEW_SOURCES = "few_sources"


class FlagStatus(StrEnum):
    """What an operator has decided about a flag."""

    OPEN = "open"
    CLEARED = "cleared"
    BLOCKED = "blocked"
    CLAWED_BACK = "clawed_back"


class Policy(Struct, frozen=True, kw_only=True):
    """What a program has set: the reward, and from where on something looks like fraud."""

    reward_type: RewardType = RewardType.STORE_CREDIT
    reward_value: int = 1000
    currency: str = "USD"
    hold_days: int = 30
    lifetime_days: int = 30
    referrals_per_day_max: int = 10
    blocks_self_purchase: bool = True
    sighting_days: int = 30
    buyers_per_device_max: int = 3
    events_per_hour_max: int = 10
    sources_min: int = 3
    sources_judged_from: int = 5


class Product(Struct, frozen=True):
    """Something that may be recommended while it is active. `slug` is its part of the shop's address."""

    product_id: UUID
    slug: str
    name: str
    active: bool


class Referral(Struct, frozen=True, kw_only=True):
    """A RID with the policy of the moment at which it was made, and what came of it so far."""

    rid: str
    owner_id: UUID
    product_id: UUID
    product_slug: str
    channel: str | None
    status: ReferralStatus
    reward_type: RewardType
    reward_value: int
    currency: str
    hold_days: int
    clicks: int = 0
    conversions: int = 0
    gmv: int = 0
    events: int = 0
    created_at: datetime
    expires_at: datetime


class Rewards(Struct, frozen=True):
    """How many rewards of a RID stand where."""

    pending_hold: int = 0
    payable: int = 0
    paid: int = 0


class ReferralEvent(Struct, frozen=True):
    """A click, or an order that was paid, under its number within the RID."""

    number: int
    event_id: UUID
    type: str
    occurred_at: datetime
    order_id: str | None
    order_total: int | None


class Source(Struct, frozen=True):
    """Where something came from, as keyed hashes: the person, the device, the address; None is not told."""

    person: bytes | None = None
    device: bytes | None = None
    address: bytes | None = None


class Checkout(Struct, frozen=True):
    """An order that is about to be paid, with the RID that the shop has for it."""

    rid: str
    order_id: str
    source: Source


class Purchase(Struct, frozen=True):
    """An order that was paid. `delivered_at` is None while nobody knows when it arrived."""

    rid: str
    order_id: str
    order_total: int
    currency: str
    delivered_at: datetime | None = None


class Verdict(Struct, frozen=True):
    """Whether an order came by a RID; if not, the `reason` is a refusal's code."""

    reason: str | None = None

    @property
    def valid(self) -> bool:
        """Whether it did."""
        return self.reason is None


class Conversion(Struct, frozen=True, kw_only=True):
    """An order and the one RID that it came by, with the reward for it."""

    order_id: str
    rid: str
    owner_id: UUID
    status: ConversionStatus
    currency: str
    reward_type: RewardType
    reward_amount: int
    created_at: datetime
    reason: str | None = None
    buyer: bytes | None = None
    device: bytes | None = None
    address: bytes | None = None
    order_total: int | None = None
    delivered_at: datetime | None = None
    confirmed_at: datetime | None = None
    reward_status: RewardStatus | None = None
    hold_until: datetime | None = None
    payable_at: datetime | None = None
    paid_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: Ending | None = None
    taken_back: bool = False


class Flag(Struct, frozen=True, kw_only=True):
    """Something that looks like fraud. Without an order it is about all that comes of the RID."""

    flag_id: UUID
    rid: str
    order_id: str | None
    rule: Rule
    status: FlagStatus
    observed: int | None
    created_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None


class Refusal(Struct, frozen=True):
    """Why something is not done."""

    code: str
    details: dict[str, Any] = {}
