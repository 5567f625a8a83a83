"""What memberships talks about. A location of 0 stands for every venue of the program."""

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from msgspec import Struct

from regulars.features.access.model import Location, Program
from regulars.features.ledger.model import AccountReference
from regulars.features.payments.model import Charge, Invoice, Subscription

REWARDS = "rewards"
"""The asset that a paid period grants."""

CONSUMER = "memberships"
"""What Stripe's events are noted under."""

CLAIM_SCOPE = "membership.grant"


class MembershipStatus(StrEnum):
    """How a membership stands. Live ones, `is_live`, give what members get."""

    NONE = "none"
    ACTIVE = "active"
    TRIALING = "trialing"
    PAST_DUE = "past_due"
    CANCELED = "canceled"

    @property
    def is_live(self) -> bool:
        """Whether the member has what members get: also while a trial lasts, or a payment is late."""
        return self in (MembershipStatus.ACTIVE, MembershipStatus.TRIALING, MembershipStatus.PAST_DUE)


class Scope(StrEnum):
    """Where a membership holds."""

    VENUE = "venue"
    PROGRAM = "program"


class Terms(Struct, frozen=True):
    """What the program has set about memberships that are sold and granted from now on."""

    scope: Scope = Scope.VENUE
    rewards_per_period: int = 1


class Owner(Struct, frozen=True):
    """Whose a subscription is, and where it holds: the venue that sold it, or every one."""

    program_id: int
    member_id: UUID
    location_id: int
    sold_at_location_id: int
    rewards_per_period: int

    @property
    def account(self) -> AccountReference:
        """Where its rewards go."""
        return AccountReference(self.member_id, REWARDS, self.location_id)


class Picture(Struct, frozen=True, kw_only=True):
    """What Stripe said after an event, and the number of the question."""

    question_number: int
    owner: Owner
    subscription: Subscription
    invoice: Invoice | None
    charge: Charge | None

    @property
    def paid_invoice(self) -> Invoice | None:
        """The invoice, if it is one for a period and was paid."""
        invoice = self.invoice
        return invoice if invoice is not None and invoice.is_paid and invoice.period is not None else None


class Membership(Struct, frozen=True, kw_only=True):
    """A subscription as we last heard of it."""

    program_id: int
    subscription_id: str
    member_id: UUID
    location_id: int
    sold_at_location_id: int
    status: MembershipStatus
    stripe_status: str
    stripe_customer_id: str | None
    period_start: datetime | None
    period_end: datetime | None
    period_is_paid: bool
    granted_period_start: datetime | None
    started_at: datetime
    question_number: int


class PaidPeriod(Struct, frozen=True, kw_only=True):
    """A period that was paid, what was granted for it, and how much of that had to come back."""

    subscription_id: str
    period_start: datetime
    invoice_id: str
    paid_minor: int
    granted: int
    taken_back: int = 0


class PeriodCharge(Struct, frozen=True, kw_only=True):
    """A payment of a period, and what became of it."""

    charge_id: str
    subscription_id: str
    period_start: datetime
    refunded_minor: int
    disputed: bool
    question_number: int


class DueGrant(Struct, frozen=True):
    """A live membership that the monthly job came by; `is_due`: its period may not have been granted yet."""

    member_id: UUID
    subscription_id: str
    period_start: datetime | None
    is_due: bool


class GrantRun(Struct, frozen=True):
    """What a run of the monthly job did, or has done so far."""

    memberships_checked: int = 0
    rewards_granted: int = 0


class Figures(Struct, frozen=True):
    """What an operator sees: memberships bought since a moment, and members with a live one now."""

    conversions: int
    active_members: int


class Purchase(Struct, frozen=True):
    """Who wants to become a member where; `return_url` is where Stripe sends the member afterwards."""

    program: Program
    venue: Location
    member_id: UUID
    return_url: str | None


class CheckoutWish(Struct, frozen=True, kw_only=True):
    """What a checkout session is asked for; `terms` is a digest of it, for another wish needs another one."""

    program_id: int
    member_id: UUID
    location_id: int
    price_id: str
    success_url: str
    cancel_url: str
    customer_id: str | None
    metadata: dict[str, str]
    terms: bytes = b""


class OpenCheckout(Struct, frozen=True):
    """The checkout that a member has open, or is opening: then it has no session yet."""

    checkout_key: UUID
    session_id: str | None
    url: str | None
    expires_at: datetime
    is_as_wished: bool


ShowProgress = Callable[[GrantRun], Any]
"""Called after each part of a run with what has been done so far."""
