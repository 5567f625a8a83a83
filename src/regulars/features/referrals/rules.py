"""What may be recommended, whether an order came by a RID, and what becomes of its reward.

Pure decisions. Guards stand in the documented order, and the first that applies decides.
"""

from datetime import datetime, timedelta

from msgspec.structs import replace

from regulars.features.referrals.model import (
    Checkout,
    Conversion,
    ConversionStatus,
    Ending,
    Policy,
    Purchase,
    Referral,
    ReferralStatus,
    Refusal,
    RewardStatus,
    RewardType,
    Rule,
    Verdict,
)

DAY = timedelta(days=1)
CLICK_COUNTS_AGAIN_AFTER = timedelta(minutes=30)

EXPIRED, REVOKED, SELF_PURCHASE = "rid_expired", "rid_revoked", "self_purchase_blocked"
OF_ANOTHER_RID = "order_of_another_rid"
ANOTHER_PURCHASE = "order_confirmed_otherwise"
WRONG_CURRENCY = "currency_not_of_policy"

_SELF_PURCHASES = frozenset({Rule.SELF_PURCHASE, Rule.SHARED_DEVICE, Rule.SHARED_ADDRESS})


def status_at(referral: Referral, now: datetime) -> ReferralStatus:
    """How the RID stands: one whose time is over has expired, whether somebody noted it or not."""
    if referral.status is ReferralStatus.ACTIVE and referral.expires_at <= now:
        return ReferralStatus.EXPIRED
    return referral.status


def refuse_creation(made_in_a_day: int, policy: Policy) -> Refusal | None:
    """Why the member may make no further RID now."""
    if made_in_a_day >= policy.referrals_per_day_max:
        return Refusal("too_many_referrals")
    return None


def refuse_rid(referral: Referral | None, now: datetime) -> str | None:
    """Why a RID counts for nothing. An unknown one answers as one that has expired."""
    if referral is None:
        return EXPIRED
    match status_at(referral, now):
        case ReferralStatus.REVOKED:
            return REVOKED
        case ReferralStatus.EXPIRED:
            return EXPIRED
    return None


def earlier_verdict(conversion: Conversion | None, rid: str) -> Verdict | None:
    """What the same order was told before; None where nothing was that binds it.

    The first RID that was found valid keeps the order. A refused one does not stand in another one's way.
    """
    if conversion is None:
        return None
    if conversion.rid == rid:
        return Verdict(conversion.reason)
    return None if conversion.status is ConversionStatus.REFUSED else Verdict(OF_ANOTHER_RID)


def judge(referral: Referral | None, hits: list[Rule], policy: Policy, now: datetime) -> Verdict:
    """Whether an order came by the RID."""
    reason = refuse_rid(referral, now)
    if reason is not None:
        return Verdict(reason)
    if policy.blocks_self_purchase and not _SELF_PURCHASES.isdisjoint(hits):
        return Verdict(SELF_PURCHASE)
    return Verdict()


def candidate(referral: Referral, checkout: Checkout, verdict: Verdict, now: datetime) -> Conversion:
    """The order as it stands after it was judged."""
    return Conversion(
        order_id=checkout.order_id,
        rid=referral.rid,
        owner_id=referral.owner_id,
        status=ConversionStatus.CANDIDATE if verdict.valid else ConversionStatus.REFUSED,
        reason=verdict.reason,
        buyer=checkout.source.person,
        device=checkout.source.device,
        address=checkout.source.address,
        currency=referral.currency,
        reward_type=referral.reward_type,
        reward_amount=referral.reward_value,
        created_at=now,
    )


def confirm(
    referral: Referral, conversion: Conversion, purchase: Purchase, now: datetime
) -> Conversion | Refusal:
    """The order once it was paid; its reward is held until it can no longer come back.

    Told again, it is the same, but for the delivery: a reward whose clock runs from the payment runs from the
    delivery as soon as that is known. An order that came back before it was paid stays as it is, one that an
    operator blocked before has no reward, and none of a RID that was revoked meanwhile counts.
    """
    if conversion.rid != purchase.rid:
        return Refusal(OF_ANOTHER_RID)
    if conversion.status is ConversionStatus.REFUSED:
        return Refusal(conversion.reason or SELF_PURCHASE)
    if purchase.currency != referral.currency:
        return Refusal(WRONG_CURRENCY, {"field": "currency"})
    if conversion.confirmed_at is not None:
        return _confirmed_again(referral, conversion, purchase)
    if conversion.status is ConversionStatus.RETURNED:
        return conversion
    if referral.status is ReferralStatus.REVOKED:
        return Refusal(REVOKED)
    is_blocked = conversion.ended_at is not None
    return replace(
        conversion,
        status=ConversionStatus.CONFIRMED,
        order_total=purchase.order_total,
        delivered_at=purchase.delivered_at,
        confirmed_at=now,
        reward_status=RewardStatus.CANCELLED if is_blocked else RewardStatus.PENDING_HOLD,
        hold_until=(purchase.delivered_at or now) + timedelta(days=referral.hold_days),
    )


def _confirmed_again(referral: Referral, conversion: Conversion, purchase: Purchase) -> Conversion | Refusal:
    is_another = conversion.order_total != purchase.order_total or (
        None not in (conversion.delivered_at, purchase.delivered_at)
        and conversion.delivered_at != purchase.delivered_at
    )
    if is_another:
        return Refusal(ANOTHER_PURCHASE)
    if conversion.delivered_at is not None or purchase.delivered_at is None:
        return conversion
    delivered = replace(conversion, delivered_at=purchase.delivered_at)
    if conversion.reward_status is not RewardStatus.PENDING_HOLD:
        return delivered
    return replace(delivered, hold_until=purchase.delivered_at + timedelta(days=referral.hold_days))


def end_reward(conversion: Conversion, ending: Ending, now: datetime) -> Conversion:
    """The order without its reward. What the ledger gave, or somebody paid, is to be taken back."""
    if conversion.ended_at is not None:
        return conversion
    has_reward = conversion.reward_status is not None
    return replace(
        conversion,
        reward_status=RewardStatus.CANCELLED if has_reward else None,
        ended_at=now,
        ended_as=ending,
        taken_back=is_given(conversion),
    )


def give_back(conversion: Conversion, ending: Ending, now: datetime) -> Conversion:
    """The order after it was refunded or cancelled; the first of both counts."""
    if conversion.status in (ConversionStatus.RETURNED, ConversionStatus.REFUSED):
        return conversion
    return replace(end_reward(conversion, ending, now), status=ConversionStatus.RETURNED)


def is_given(conversion: Conversion) -> bool:
    """Whether the owner has the reward: store credit from the moment it is payable, cash once it is paid."""
    if conversion.reward_type is RewardType.STORE_CREDIT:
        return conversion.reward_status in (RewardStatus.PAYABLE, RewardStatus.PAID)
    return conversion.reward_status is RewardStatus.PAID


def refuse_payment(conversion: Conversion | None) -> Refusal | None:
    """Why an operator may not mark the reward as paid. Store credit counts as paid when it is spent."""
    if conversion is None or conversion.reward_status is None:
        return Refusal("reward_not_found")
    if conversion.reward_type is not RewardType.CASH:
        return Refusal("reward_is_not_cash")
    if conversion.reward_status not in (RewardStatus.PAYABLE, RewardStatus.PAID):
        return Refusal("reward_not_payable", {"status": str(conversion.reward_status)})
    return None


def paid(conversion: Conversion, now: datetime) -> Conversion:
    """The order after its payable reward was paid."""
    if conversion.reward_status is RewardStatus.PAID:
        return conversion
    return replace(conversion, reward_status=RewardStatus.PAID, paid_at=now)


def spent_count(balance: int, amounts: list[int]) -> int:
    """How many of an owner's rewards, oldest first, were spent whole, where `balance` of credit is left.

    Credit is spent in the order in which it came: what is left is of the newest rewards.
    """
    left = balance
    for position in range(len(amounts), 0, -1):
        if left <= 0:
            return position
        left -= amounts[position - 1]
    return 0
