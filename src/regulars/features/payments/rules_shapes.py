"""Stripe's JSON as our values, in both shapes that it has: before 2025-03-31, and since then.

Since then the period stands on the items of a subscription instead of on itself, and the subscription of an
invoice below `parent`. Where Stripe names an object it gives its id, or all of it if that was asked for.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from regulars.features.payments.model import (
    Charge,
    CheckoutSession,
    Dispute,
    Invoice,
    Period,
    Subscription,
)

Json = Mapping[str, Any]

NO_LONGER_DISPUTED = frozenset(
    {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
)
"""How a dispute stands when the shop has the money: it won, or the bank has only inquired so far."""

CLOSED = frozenset({"won", "lost", "prevented", "warning_closed", "charge_refunded"})
"""How a dispute stands that has been decided."""


def id_in(value: Any) -> str | None:
    """The id of what is named, be it by its id or in full."""
    if isinstance(value, Mapping):
        value = value.get("id")
    return value if isinstance(value, str) and value else None


def subscription_in(data: Json) -> Subscription:
    """A subscription in either shape."""
    started_at = data.get("start_date") or data.get("created") or 0
    invoice = data.get("latest_invoice")
    return Subscription(
        subscription_id=data["id"],
        status=data.get("status") or "",
        customer_id=id_in(data.get("customer")),
        metadata=dict(data.get("metadata") or {}),
        started_at=_time(started_at),
        period=_period_of_subscription(data),
        latest_invoice=invoice_in(invoice) if isinstance(invoice, Mapping) else None,
    )


def invoice_in(data: Json) -> Invoice:
    """An invoice in either shape."""
    return Invoice(
        invoice_id=data["id"],
        subscription_id=subscription_id_of_invoice(data),
        status=data.get("status") or "",
        total_minor=int(data.get("total") or 0),
        paid_minor=int(data.get("amount_paid") or 0),
        period=_latest([_period(line.get("period")) for line in _listed(data, "lines") if _is_regular(line)]),
    )


def subscription_id_of_invoice(data: Json) -> str | None:
    """The subscription that an invoice bills, in either shape."""
    parent = data.get("parent") or {}
    details = parent.get("subscription_details") or {}
    return id_in(details.get("subscription")) or id_in(data.get("subscription"))


def charge_in(data: Json, disputes: Sequence[Json]) -> Charge:
    """A charge with the disputes about it."""
    return Charge(
        charge_id=data["id"],
        refunded_minor=int(data.get("amount_refunded") or 0),
        disputed=any(_takes_money(dispute) for dispute in disputes),
        invoice_id=id_in(data.get("invoice")),
        payment_intent_id=id_in(data.get("payment_intent")),
        metadata=dict(data.get("metadata") or {}),
    )


def dispute_in(data: Json) -> Dispute | None:
    """A dispute, None for what has no id."""
    dispute_id, status = id_in(data), data.get("status")
    if dispute_id is None:
        return None
    return Dispute(
        dispute_id=dispute_id,
        charge_id=id_in(data.get("charge")),
        takes_money=_takes_money(data),
        is_closed=status in CLOSED,
    )


def session_in(data: Json) -> CheckoutSession:
    """A checkout session."""
    subscription_id = id_in(data.get("subscription"))
    return CheckoutSession(data["id"], data.get("status") or "", data.get("url"), subscription_id)


def _takes_money(dispute: Json) -> bool:
    return dispute.get("status") not in NO_LONGER_DISPUTED


def _is_regular(line: Json) -> bool:
    """Whether a line of an invoice bills a period of a subscription, and not a change within one."""
    item = (line.get("parent") or {}).get("subscription_item_details")
    if item is not None:
        return not item.get("proration")
    return line.get("type") == "subscription" and not line.get("proration")


def _period_of_subscription(data: Json) -> Period | None:
    holders = [*_listed(data, "items"), data]
    return _latest(
        [
            _period({"start": holder.get("current_period_start"), "end": holder.get("current_period_end")})
            for holder in holders
        ]
    )


def _latest(periods: Sequence[Period | None]) -> Period | None:
    """Of several, as a subscription to several things may have, the one that began last."""
    known = [period for period in periods if period is not None]
    return max(known, key=lambda period: period.start, default=None)


def _period(data: Json | None) -> Period | None:
    if data is None or data.get("start") is None or data.get("end") is None:
        return None
    return Period(_time(data["start"]), _time(data["end"]))


def _listed(data: Json, name: str) -> list[Json]:
    found = data.get(name)
    return list(found.get("data") or []) if isinstance(found, Mapping) else []


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
