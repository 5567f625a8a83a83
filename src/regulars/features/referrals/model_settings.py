"""What a program may set for referrals, and the policy that this comes to."""

from typing import Any

from regulars.base.setting_kinds import Choice, Currency, Flag, Whole
from regulars.base.setting_kinds_web import Address
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.access.model import Program
from regulars.features.referrals.model import Policy, RewardType

_USUAL = Policy()
_REWARD_TYPES = {"store_credit": RewardType.STORE_CREDIT, "cash": RewardType.CASH}


def _whole(field: str, least: int, most: int, meaning: str) -> StoredSetting[int]:
    return StoredSetting(
        name=f"referrals.{field}",
        holder=Holder.PROGRAM,
        kind=Whole(least, most),
        default=getattr(_USUAL, field),
        meaning=meaning,
    )


SHOP_URL: StoredSetting[str | None] = StoredSetting(
    name="referrals.shop_url",
    holder=Holder.PROGRAM,
    kind=Address(),
    default=None,
    meaning="Where the shop is; links to products begin with it. Without it they lead to this server.",
)
REWARD_TYPE: StoredSetting[str] = StoredSetting(
    name="referrals.reward_type",
    holder=Holder.PROGRAM,
    kind=Choice(tuple(_REWARD_TYPES)),
    default="store_credit",
    meaning="What owners get: credit in the ledger, or cash that an operator pays and marks as paid.",
)
CURRENCY: StoredSetting[str] = StoredSetting(
    name="referrals.currency",
    holder=Holder.PROGRAM,
    kind=Currency(),
    default=_USUAL.currency,
    meaning="The currency of rewards, and of the orders that count.",
)
BLOCKS_SELF_PURCHASE: StoredSetting[bool] = StoredSetting(
    name="referrals.blocks_self_purchase",
    holder=Holder.PROGRAM,
    kind=Flag(),
    default=_USUAL.blocks_self_purchase,
    meaning="Whether nobody may buy by a RID of their own, nor behind its owner's device or address.",
)
NUMBERS = {
    "reward_value": _whole(
        "reward_value", 1, 10**12, "The reward for an order, in minor units of the currency."
    ),
    "hold_days": _whole(
        "hold_days", 0, 365, "How many days after delivery a reward is held, because the order may come back."
    ),
    "lifetime_days": _whole("lifetime_days", 1, 3650, "How many days a RID counts."),
    "referrals_per_day_max": _whole(
        "referrals_per_day_max", 1, 1000, "How many RIDs one member may make in any 24 hours."
    ),
    "sighting_days": _whole(
        "sighting_days", 1, 365, "For how many days it is known who was seen behind a device or an address."
    ),
    "buyers_per_device_max": _whole(
        "buyers_per_device_max", 1, 50, "How many buyers one device may have before orders are flagged."
    ),
    "events_per_hour_max": _whole(
        "events_per_hour_max",
        1,
        900,
        "How many clicks or new owners one source may make in any hour; more are flagged.",
    ),
    "sources_min": _whole(
        "sources_min", 1, 50, "From how many devices or addresses the orders of a RID must come."
    ),
    "sources_judged_from": _whole(
        "sources_judged_from", 1, 1000, "From how many orders on a RID is judged by its sources."
    ),
}
SETTINGS: tuple[StoredSetting[Any], ...] = (
    SHOP_URL,
    REWARD_TYPE,
    CURRENCY,
    BLOCKS_SELF_PURCHASE,
    *NUMBERS.values(),
)


def policy_of(program: Program) -> Policy:
    """What the program has set, and what is usual for the rest."""
    stored = program.settings
    return Policy(
        reward_type=_REWARD_TYPES[REWARD_TYPE.read_from(stored)],
        currency=CURRENCY.read_from(stored),
        blocks_self_purchase=BLOCKS_SELF_PURCHASE.read_from(stored),
        **{name: setting.read_from(stored) for name, setting in NUMBERS.items()},
    )


def shop_url_of(program: Program) -> str | None:
    """The shop's address without a slash at its end, or None."""
    url = SHOP_URL.read_from(program.settings)
    return None if url is None else url.rstrip("/")
