"""What events are about. Ids, sums and moments only: whoever needs a name asks for it by the id."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

MemberId = Annotated[UUID, Meta(description="The member.")]


class LoanData(Struct, frozen=True):
    """A loan of one garment."""

    loan_id: Annotated[UUID, Meta(description="The loan.")]
    member_id: MemberId
    due_at: Annotated[datetime, Meta(tz=True, description="When the garment has to be back.")]


class SwapData(Struct, frozen=True):
    """A loan that took the place of another one."""

    loan_id: Annotated[UUID, Meta(description="The new loan.")]
    member_id: MemberId
    due_at: Annotated[datetime, Meta(tz=True, description="When the garment has to be back.")]
    returned_loan_id: Annotated[UUID, Meta(description="The loan that ended.")]


class TransferData(Struct, frozen=True):
    """A row of the ledger, as it was booked."""

    transfer_id: Annotated[UUID, Meta(description="The row, which never changes.")]
    member_id: MemberId
    asset: Annotated[str, Meta(description="What was booked, such as `points` or `rewards`.")]
    location_id: Annotated[
        int | None, Meta(description="The location whose account it is; null for one that holds everywhere.")
    ]
    action: Annotated[str, Meta(description="What it was booked for, in the words of the contract.")]
    amount: Annotated[
        int, Meta(description="What the balance changed by; 0 for what was only reserved or released.")
    ]
    balance_after: Annotated[int, Meta(description="The balance afterwards.")]
    version: Annotated[int, Meta(description="Counts the account's transfers, without gaps.")]
    parent_id: Annotated[UUID | None, Meta(description="The transfer that was refunded, if it is a refund.")]
    hold_id: Annotated[UUID | None, Meta(description="The hold, if it is about one.")]
    effective_at: Annotated[datetime, Meta(tz=True, description="When it counts from.")]


class MembershipData(Struct, frozen=True):
    """A paid membership, as it stands afterwards."""

    member_id: MemberId
    location_id: Annotated[int | None, Meta(description="The venue where it holds; null for all of them.")]
    status: Annotated[str, Meta(description="`active`, `trialing`, `past_due`, `canceled` or `none`.")]
    period_start: Annotated[
        Annotated[datetime, Meta(tz=True)] | None, Meta(description="When the present period began.")
    ]
    period_end: Annotated[Annotated[datetime, Meta(tz=True)] | None, Meta(description="When it ends.")]


class TierData(Struct, frozen=True):
    """Where a member stands at a location, after a visit there or since visits no longer count."""

    member_id: MemberId
    location_id: Annotated[int, Meta(description="The location where it is so.")]
    tier: Annotated[str, Meta(description="The name of the tier now.")]
    previous_tier: Annotated[str, Meta(description="The name of the tier before, as it was told last.")]
    visits: Annotated[int, Meta(description="Visits that count, one that is just made included.")]


class ClickData(Struct, frozen=True):
    """A visit that came through a referral link."""

    rid: Annotated[str, Meta(description="The referral id.")]


class ConversionData(Struct, frozen=True):
    """An order that came by a referral and was paid."""

    rid: Annotated[str, Meta(description="The referral id.")]
    orderId: Annotated[str, Meta(description="The order.")]  # noqa: N815 (as its contract writes it)
    orderTotal: Annotated[int, Meta(description="In minor units of the currency.")]  # noqa: N815
    currency: Annotated[str, Meta(description="ISO 4217, three letters.")]


class RewardPayableData(Struct, frozen=True):
    """A reward that a referral has earned, as FitTwin's contract writes it."""

    rid: Annotated[str, Meta(description="The referral id.")]
    orderId: Annotated[str, Meta(description="The order that earned it.")]  # noqa: N815
    rewardAmount: Annotated[int, Meta(description="In minor units of the currency.")]  # noqa: N815
    currency: Annotated[str, Meta(description="ISO 4217, three letters.")]
    status: Annotated[str, Meta(description="Where the reward stands.")]


class FraudFlagData(Struct, frozen=True):
    """A referral, or an order that came by it, that looks like fraud. An operator decides about it."""

    flagId: Annotated[UUID, Meta(description="The flag, for the operator's queue.")]  # noqa: N815
    rid: Annotated[str, Meta(description="The referral id.")]
    orderId: Annotated[str | None, Meta(description="The order, if there is one.")]  # noqa: N815
    rule: Annotated[str, Meta(description="The rule that was broken.")]
    observed: Annotated[int | None, Meta(description="The figure that broke it, where the rule has one.")]


class EndpointData(Struct, frozen=True):
    """An endpoint that is told nothing more."""

    endpoint_id: Annotated[int, Meta(description="The number of the endpoint.")]
    reason: Annotated[str, Meta(description="Why.")]


class TestData(Struct, frozen=True):
    """Nothing has happened."""

    endpoint_id: Annotated[int, Meta(description="The number of the endpoint that is tried out.")]
