"""What a program may set for lending."""

from typing import Any

from regulars.base.setting_kinds import Record, Whole
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.features.lending.model import COUNT_MAX, Plan

PLAN_NAME_LENGTH_MAX = 40
HANDLES_MAX = 50
_COUNTS = ("items_per_cycle", "swaps_per_cycle", "items_out_max")

USUAL_PLANS = (
    Plan("BASIC", 1, 0, 1, ("basic",)),
    Plan("PLUS", 5, 2, 2, ("plus",)),
    Plan("PREMIUM", 10, 5, 4, ("premium",)),
)


def is_plan_name(name: Any) -> bool:
    """Whether a plan may be called so: capitals and digits, as they stand in answers."""
    is_text = isinstance(name, str) and 1 <= len(name) <= PLAN_NAME_LENGTH_MAX
    return is_text and name.isascii() and name == name.upper() and name.replace("_", "").isalnum()


def is_plan(value: Any) -> bool:
    """Whether this describes a plan: three whole numbers, and the shop's handles if there are any."""
    if not isinstance(value, dict) or not set(_COUNTS) <= value.keys() <= {*_COUNTS, "handles"}:
        return False
    handles = value.get("handles", [])
    return (
        all(type(value[name]) is int and 0 <= value[name] <= COUNT_MAX for name in _COUNTS)
        and isinstance(handles, list)
        and len(handles) <= HANDLES_MAX
        and all(isinstance(handle, str) and 1 <= len(handle) <= 200 for handle in handles)
    )


def _are_plans(value: dict[str, Any]) -> bool:
    return bool(value) and all(is_plan_name(name) and is_plan(plan) for name, plan in value.items())


PLANS: StoredSetting[dict[str, Any]] = StoredSetting(
    name="lending.plans",
    holder=Holder.PROGRAM,
    kind=Record(
        "the plans by their names in capitals, each with items_per_cycle, swaps_per_cycle, items_out_max and "
        "the shop's handles",
        _are_plans,
    ),
    default={
        plan.name: {
            **{name: getattr(plan, name) for name in _COUNTS},
            "handles": list(plan.handles),
        }
        for plan in USUAL_PLANS
    },
    meaning="What each plan allows in a month, and how many garments may be out.",
)
DUE_DAYS = StoredSetting(
    name="lending.due_days",
    holder=Holder.PROGRAM,
    kind=Whole(1, 3650),
    default=30,
    meaning="After how many days a garment is due.",
)
DUE_SOON_DAYS = StoredSetting(
    name="lending.due_soon_days",
    holder=Holder.PROGRAM,
    kind=Whole(0, 365),
    default=3,
    meaning="How many days before a garment is due `loan.due_soon` is told; 0 is never.",
)
