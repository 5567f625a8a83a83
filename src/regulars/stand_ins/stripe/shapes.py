"""The two shapes in which Stripe tells the same objects: before 2025-03-31, and since then."""

from typing import Any

Json = dict[str, Any]

OLD_SHAPE = "2024-06-20"
NEW_SHAPE = "2025-03-31.basil"

_OURS = frozenset({"period", "period_start", "period_end", "price", "subscription_metadata"})
"""Fields that only the stand-in has."""


def in_shape(about: Json, shape: str) -> Json:
    """An object of the account as an API of this version tells it."""
    is_new = shape >= NEW_SHAPE
    told = {name: value for name, value in about.items() if name not in _OURS}
    if about["object"] == "subscription":
        return told | _subscription(about, is_new=is_new)
    if about["object"] == "invoice":
        return _invoice(about, told, is_new=is_new)
    if about["object"] == "charge" and is_new:
        told.pop("invoice", None)
    return told


def _subscription(about: Json, *, is_new: bool) -> Json:
    period = {"current_period_start": about["period_start"], "current_period_end": about["period_end"]}
    item = {"id": f"si_{about['id']}", "object": "subscription_item", "price": {"id": about["price"]}}
    items = {"object": "list", "has_more": False, "data": [item | period if is_new else item]}
    return {"items": items} | ({} if is_new else period)


def _invoice(about: Json, told: Json, *, is_new: bool) -> Json:
    line: Json = {
        "id": f"il_{about['id']}",
        "object": "line_item",
        "amount": about["total"],
        "period": about["period"],
    }
    subscription_id = about["subscription"]
    if is_new:
        for name in ("subscription", "charge", "payment_intent"):
            told.pop(name)
        line["parent"] = {
            "type": "subscription_item_details",
            "subscription_item_details": {"subscription": subscription_id, "proration": False},
        }
        details = {"subscription": subscription_id, "metadata": about["metadata"]}
        told["parent"] = {"type": "subscription_details", "subscription_details": details}
    else:
        line |= {"type": "subscription", "subscription": subscription_id, "proration": False}
    # The invoice's own period is that of usage, which for what is paid in advance is the one before.
    start = about["period"]["start"]
    own_period = {"period_start": start, "period_end": start}
    return told | own_period | {"lines": {"object": "list", "has_more": False, "data": [line]}}
