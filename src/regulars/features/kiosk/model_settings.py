"""What a program and its venues may set for kiosks."""

from regulars.base.setting_kinds import Region, Whole
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.kiosk.model import Terms

_USUAL = Terms()


def _term(field: str, least: int, most: int, meaning: str) -> StoredSetting[int]:
    return StoredSetting(
        name=f"sessions.{field}",
        holder=Holder.PROGRAM,
        kind=Whole(least, most),
        default=getattr(_USUAL, field),
        meaning=meaning,
    )


TERMS = {
    "points_per_unit": _term(
        "points_per_unit", 0, 100, "Points for each whole unit of the currency that an order paid."
    ),
    "membership_multiplier": _term(
        "membership_multiplier", 1, 10, "How many times the points members with a live membership earn."
    ),
    "points_per_reward": _term("points_per_reward", 1, 1_000_000, "How many points turn into one reward."),
    "reward_discount_minor": _term(
        "reward_discount_minor", 0, 10**9, "What a reward takes off a cart, in minor units of the currency."
    ),
    "hold_seconds": _term(
        "hold_seconds", 1, 7 * 24 * 3600, "How long a reward stays reserved for a cart, in seconds."
    ),
    "rewards_per_cart_max": _term("rewards_per_cart_max", 1, 1000, "How many rewards one cart may use."),
}
"""The settings behind the fields of `Terms`. Within these bounds, no order earns more than an account can
hold."""

PHONE_REGION = StoredSetting(
    name="sessions.phone_region",
    holder=Holder.LOCATION,
    kind=Region(),
    default="GB",
    meaning="The country (ISO 3166-1) in which customers' numbers without a country code are dialled.",
)
