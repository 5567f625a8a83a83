"""What an event is about, and whether its signature is of now. Pure."""

from datetime import datetime

from regulars.features.payments.model import Dispute, Event, Subject
from regulars.features.payments.rules_shapes import dispute_in, id_in, invoice_in, subscription_id_of_invoice

TOLERANCE_SECONDS = 300
"""How far the time of a signature may lie from now, before and after. Source: Stripe's documentation."""

CHECKOUTS = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
    }
)
INVOICES = frozenset({"invoice.paid", "invoice.payment_succeeded", "invoice.payment_failed"})
SUBSCRIPTIONS = frozenset(
    {f"customer.subscription.{change}" for change in ("created", "updated", "deleted", "paused", "resumed")}
)
REFUNDED = "charge.refunded"
CHARGES = frozenset({REFUNDED, "charge.refund.updated", "refund.updated", "refund.failed"})
DISPUTES = frozenset(
    {
        f"charge.dispute.{change}"
        for change in ("created", "updated", "closed", "funds_withdrawn", "funds_reinstated")
    }
)


def signed_at(signature: str) -> int | None:
    """The time in a `Stripe-Signature`, in Unix seconds, None where it has none."""
    for item in signature.split(","):
        name, _, value = item.partition("=")
        if name == "t":
            return int(value) if value.isascii() and value.isdecimal() and len(value) <= 12 else None
    return None


def is_of_now(signature: str, now: datetime) -> bool:
    """Whether a signature is neither old nor from the future."""
    at = signed_at(signature)
    return at is not None and abs(now.timestamp() - at) <= TOLERANCE_SECONDS


def subject_of(event: Event) -> Subject | None:
    """What has to be looked at after the event; None where it is of no concern to subscriptions."""
    about = event.object
    if event.type in CHECKOUTS:
        return _of_subscription(id_in(about.get("subscription")))
    if event.type in SUBSCRIPTIONS:
        return _of_subscription(id_in(about.get("id")))
    if event.type in INVOICES:
        subscription_id = subscription_id_of_invoice(about)
        return Subject(subscription_id, invoice=invoice_in(about)) if subscription_id is not None else None
    if event.type == REFUNDED:
        return _of_charge(id_in(about.get("id")))
    if event.type in CHARGES | DISPUTES:
        return _of_charge(id_in(about.get("charge")))
    return None


def refunded_minor_in(event: Event) -> int | None:
    """How much of a charge was refunded in all, None for events that do not say so."""
    refunded = event.object.get("amount_refunded") if event.type == REFUNDED else None
    return refunded if type(refunded) is int else None


def dispute_of(event: Event) -> Dispute | None:
    """The dispute that the event is about, None where it is about something else."""
    return dispute_in(event.object) if event.type in DISPUTES else None


def _of_subscription(subscription_id: str | None) -> Subject | None:
    return None if subscription_id is None else Subject(subscription_id)


def _of_charge(charge_id: str | None) -> Subject | None:
    return None if charge_id is None else Subject(charge_id=charge_id)
