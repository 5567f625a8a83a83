"""What Stripe tells, in one shape whatever its API version is. Amounts are minor units, times are aware."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct

API_URL = "https://api.stripe.com"


class StripeSettings(Struct, frozen=True, kw_only=True):
    """How Stripe is reached and what is sold there. What is None was not configured."""

    secret_key: str | None = None
    webhook_secret: str | None = None
    price_id: str | None = None
    cancel_url: str | None = None
    api_url: str = API_URL
    timeout_seconds: float = 10.0

    def __repr__(self) -> str:
        # The text of a struct ends up in logs and test reports, where no key may be.
        return f"StripeSettings(api_url={self.api_url!r})"


class Event(Struct, frozen=True):
    """Something that happened at Stripe: `object` is what it happened to, as it was then, in its shape.

    `created_at` is in Unix seconds, 0 where Stripe does not say.
    """

    event_id: str
    type: str
    object: dict[str, Any]
    created_at: int = 0


class Period(Struct, frozen=True):
    """What one payment of a subscription pays for, from its start up to its end."""

    start: datetime
    end: datetime


class Invoice(Struct, frozen=True, kw_only=True):
    """A bill. `period` is the subscription's own, None for one that bills only changes or something else."""

    invoice_id: str
    subscription_id: str | None
    status: str
    total_minor: int
    paid_minor: int
    period: Period | None

    @property
    def is_paid(self) -> bool:
        """Whether money changed hands for it; a trial's and a free one's did not."""
        return self.status == "paid" and self.total_minor > 0


class Subscription(Struct, frozen=True, kw_only=True):
    """A subscription. `latest_invoice` is None where Stripe names it without telling it."""

    subscription_id: str
    status: str
    customer_id: str | None
    metadata: dict[str, str]
    started_at: datetime
    period: Period | None
    latest_invoice: Invoice | None


class Charge(Struct, frozen=True, kw_only=True):
    """A payment, and what became of it later. `disputed`: the money is with the bank, or lost."""

    charge_id: str
    refunded_minor: int
    disputed: bool
    invoice_id: str | None
    payment_intent_id: str | None
    metadata: dict[str, str] = {}


class Dispute(Struct, frozen=True):
    """A bank's dispute of a charge. `takes_money`: it is with the bank, or lost. `is_closed`: decided."""

    dispute_id: str
    charge_id: str | None
    takes_money: bool
    is_closed: bool


class CheckoutSession(Struct, frozen=True):
    """A page of Stripe's where something is bought; `status` is open, complete or expired."""

    session_id: str
    status: str
    url: str | None
    subscription_id: str | None


class NewCheckout(Struct, frozen=True, kw_only=True):
    """A checkout session of a subscription to be made. Asked twice under one `key`, Stripe makes it once."""

    key: UUID
    reference: str
    success_url: str
    cancel_url: str
    price_id: str
    metadata: dict[str, str]
    expires_at: datetime
    customer_id: str | None = None


class Subject(Struct, frozen=True):
    """What has to be looked at after an event: a subscription, with an invoice perhaps, or a charge."""

    subscription_id: str | None = None
    invoice: Invoice | None = None
    charge_id: str | None = None
