"""What referrals tell others, in the words of the catalogue of events. Ids and sums only."""

from datetime import datetime

from regulars.features.referrals.model import Conversion, Flag, Referral, RewardStatus
from regulars.features.webhooks.catalogue import (
    REFERRAL_CLICK,
    REFERRAL_CONVERSION,
    REFERRAL_FRAUD_FLAG,
    REFERRAL_REWARD_PAYABLE,
)
from regulars.features.webhooks.catalogue_data import (
    ClickData,
    ConversionData,
    FraudFlagData,
    RewardPayableData,
)
from regulars.features.webhooks.model import Event


def clicked(rid: str, at: datetime) -> Event:
    """Somebody has followed the link."""
    return REFERRAL_CLICK.of(ClickData(rid), at)


def converted(referral: Referral, conversion: Conversion, at: datetime) -> Event:
    """An order that came by the RID was paid."""
    assert conversion.order_total is not None, "it was paid"
    data = ConversionData(referral.rid, conversion.order_id, conversion.order_total, conversion.currency)
    return REFERRAL_CONVERSION.of(data, at)


def reward_payable(rid: str, order_id: str, amount: int, currency: str, at: datetime) -> Event:
    """The order can no longer come back, and the owner has the reward. The fields are the published ones."""
    data = RewardPayableData(rid, order_id, amount, currency, RewardStatus.PAYABLE)
    return REFERRAL_REWARD_PAYABLE.of(data, at)


def flagged(flag: Flag) -> Event:
    """Something looks like fraud."""
    data = FraudFlagData(flag.flag_id, flag.rid, flag.order_id, flag.rule, flag.observed)
    return REFERRAL_FRAUD_FLAG.of(data, flag.created_at)
