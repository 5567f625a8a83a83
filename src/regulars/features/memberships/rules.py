"""What Stripe's words mean for a membership, and what a period grants and gives back. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from regulars.features.access.model import Location, Program
from regulars.features.ledger.model import Claim
from regulars.features.memberships.model import (
    CLAIM_SCOPE,
    CheckoutWish,
    Membership,
    MembershipStatus,
    PaidPeriod,
    PeriodCharge,
    Picture,
    Scope,
    Terms,
)
from regulars.features.memberships.model_settings import REWARDS_PER_PERIOD, SCOPE
from regulars.features.payments.model import Subscription

_STATUSES = {
    "active": MembershipStatus.ACTIVE,
    "trialing": MembershipStatus.TRIALING,
    "past_due": MembershipStatus.PAST_DUE,
    "canceled": MembershipStatus.CANCELED,
    # Stripe gave up on the payment, or a trial ended without a card: it was a membership, and is none now.
    "unpaid": MembershipStatus.CANCELED,
    "paused": MembershipStatus.CANCELED,
}
_BEST_FIRST = (
    MembershipStatus.ACTIVE,
    MembershipStatus.TRIALING,
    MembershipStatus.PAST_DUE,
    MembershipStatus.CANCELED,
    MembershipStatus.NONE,
)


def terms_of(program: Program) -> Terms:
    """What the program has set: `sessions.membership_scope` and `sessions.rewards_per_period`.

    A value of another kind counts as not set, a number beyond its bounds as the bound.
    """
    return Terms(Scope(SCOPE.read_from(program.settings)), REWARDS_PER_PERIOD.read_from(program.settings))


def status_for(stripe_status: str) -> MembershipStatus:
    """How the membership of a subscription stands; one whose first payment never came is none."""
    return _STATUSES.get(stripe_status, MembershipStatus.NONE)


def best(statuses: Collection[MembershipStatus]) -> MembershipStatus:
    """Of several memberships, the one that gives most."""
    return min(statuses, key=_BEST_FIRST.index, default=MembershipStatus.NONE)


def metadata_for(program: Program, venue: Location, member_id: UUID, terms: Terms) -> dict[str, str]:
    """What a checkout session and its subscription carry, so that its events say whose they are."""
    return {
        "program": program.slug,
        "customer_id": str(member_id),
        "venue_id": venue.slug,
        "scope": terms.scope.value,
    }


def customer_in(metadata: Mapping[str, str]) -> UUID | None:
    """The customer that the metadata name, None for anything but a UUID."""
    try:
        return UUID(metadata.get("customer_id", ""))
    except ValueError:
        return None


def location_for(metadata: Mapping[str, str], venue: Location) -> int:
    """Where the membership holds."""
    return 0 if metadata.get("scope") == Scope.PROGRAM else venue.location_id


def grant_claim(subscription_id: str, period_start: datetime) -> Claim:
    """What lets one period be granted once, whoever grants it."""
    key = f"{subscription_id}:{int(period_start.timestamp())}"
    return Claim(CLAIM_SCOPE, key, b"grant")


def is_period_paid(subscription: Subscription) -> bool:
    """Whether the current period was paid, as far as the subscription tells.

    An active one's is, unless the period's own invoice says otherwise: it is free, or still a draft, as it is
    in the first hour after a renewal.
    """
    if subscription.period is None or status_for(subscription.status) != MembershipStatus.ACTIVE:
        return False
    invoice = subscription.latest_invoice
    if invoice is None or invoice.period is None or invoice.period.start != subscription.period.start:
        return True
    return invoice.is_paid


def as_told(membership: Membership, picture: Picture) -> Membership:
    """The membership as Stripe tells of it, or as it was, if that was asked for later."""
    if picture.question_number <= membership.question_number:
        return membership
    subscription = picture.subscription
    period = subscription.period
    told: dict[str, Any] = {
        "status": status_for(subscription.status),
        "stripe_status": subscription.status,
        "stripe_customer_id": subscription.customer_id,
        "period_start": None if period is None else period.start,
        "period_end": None if period is None else period.end,
        "period_is_paid": is_period_paid(subscription),
        "started_at": subscription.started_at,
        "question_number": picture.question_number,
    }
    kept = {name: getattr(membership, name) for name in membership.__struct_fields__}
    return Membership(**kept | told)


def charges_after(
    known: Sequence[PeriodCharge], told: PeriodCharge | None
) -> tuple[list[PeriodCharge], PeriodCharge | None]:
    """All charges of a period after Stripe told of one, and the one to write down, if it is news."""
    if told is None:
        return list(known), None
    before = next((charge for charge in known if charge.charge_id == told.charge_id), None)
    if before is not None and before.question_number >= told.question_number:
        return list(known), None
    return [charge for charge in known if charge is not before] + [told], told


def to_take_back(period: PaidPeriod, charges: Sequence[PeriodCharge]) -> int:
    """How much of what a period granted has to come back, all in all.

    In proportion to what was refunded, to the nearest whole reward, halves come back; a full refund takes all
    of it, and so does a dispute.
    """
    if any(charge.disputed for charge in charges):
        return period.granted
    refunded = min(sum(charge.refunded_minor for charge in charges), period.paid_minor)
    return (2 * period.granted * refunded + period.paid_minor) // (2 * period.paid_minor)


def digest_of(wish: CheckoutWish) -> bytes:
    """A digest of what a checkout session is asked for."""
    return sha256(msgspec.json.encode(wish, order="deterministic")).digest()
