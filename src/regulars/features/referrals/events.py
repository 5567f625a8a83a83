"""What referrals tell others: the types of their events, and what each says. Ids and sums only."""

from datetime import datetime

from regulars.features.referrals.model import Conversion, Flag, Referral, RewardStatus
from regulars.features.webhooks.model import Event

CLICK, CONVERSION = "referral.click", "referral.conversion"
REWARD_PAYABLE, FRAUD_FLAG = "referral.reward_payable", "referral.fraud_flag"


def clicked(rid: str, at: datetime) -> Event:
    """Somebody has followed the link."""
    return Event(CLICK, {"rid": rid}, at)


def converted(referral: Referral, conversion: Conversion, at: datetime) -> Event:
    """An order that came by the RID was paid."""
    data = {
        "rid": referral.rid,
        "orderId": conversion.order_id,
        "orderTotal": conversion.order_total,
        "currency": conversion.currency,
    }
    return Event(CONVERSION, data, at)


def reward_payable(rid: str, order_id: str, amount: int, currency: str, at: datetime) -> Event:
    """The order can no longer come back, and the owner has the reward. The fields are the published ones."""
    data = {
        "rid": rid,
        "orderId": order_id,
        "rewardAmount": amount,
        "currency": currency,
        "status": RewardStatus.PAYABLE,
    }
    return Event(REWARD_PAYABLE, data, at)


def flagged(flag: Flag) -> Event:
    """Something looks like fraud."""
    data = {
        "flagId": flag.flag_id,
        "rid": flag.rid,
        "orderId": flag.order_id,
        "rule": flag.rule,
        "observed": flag.observed,
    }
    return Event(FRAUD_FLAG, data, flag.created_at)
