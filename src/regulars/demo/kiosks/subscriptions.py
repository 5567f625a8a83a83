"""What Stripe would have told of the demo's memberships, month after month."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from regulars.demo.kiosks.customers import Customer, Plan
from regulars.demo.kiosks.venues import VENUES
from regulars.features.memberships.model import MembershipStatus
from regulars.features.payments.model import Charge, Event, Invoice, Period, Subscription

MONTH = timedelta(days=30)
TRIAL = timedelta(days=14)
_REFUNDED_AFTER = timedelta(days=6)
_LATE_AFTER = timedelta(hours=1)
_PRICES = {venue.slug: venue.membership_minor for venue in VENUES}


class News(msgspec.Struct, frozen=True):
    """An event, and how things stood when it came."""

    at: datetime
    event: Event
    subscription: Subscription
    invoice: Invoice | None = None
    charge: Charge | None = None


def news_of(customer: Customer, until: datetime) -> list[News]:
    """Everything that Stripe tells of the customer's membership before `until`, oldest first."""
    if customer.plan is None:
        return []
    life = _Life(customer, customer.plan, until)
    return [news for news in life.news() if news.at < until]


class _Life:
    """One subscription, from its checkout on."""

    def __init__(self, customer: Customer, plan: Plan, until: datetime) -> None:
        self._plan, self._until = plan, until
        self._name = f"demo_{customer.number}"
        self._customer_id = f"cus_demo_{customer.number}"
        self._price = _PRICES[customer.home]
        # Stripe counts in whole seconds.
        self._started_at = (until - timedelta(days=plan.started_days_ago)).replace(microsecond=0)

    def news(self) -> Iterator[News]:
        """Its events; those that are yet to come as well."""
        if self._plan.status is MembershipStatus.TRIALING:
            period = Period(self._started_at, self._started_at + TRIAL)
            yield self._told("customer.subscription.created", period.start, period, "trialing")
            return
        periods = list(self._periods())
        late = self._plan.status is MembershipStatus.PAST_DUE
        for number, period in enumerate(periods[:-1] if late else periods):
            invoice = self._invoice(number, period, is_paid=True)
            yield self._told("invoice.paid", period.start, period, "active", invoice)
        last = periods[-1]
        if late:
            unpaid = self._invoice(len(periods) - 1, last, is_paid=False)
            at = last.start + _LATE_AFTER
            yield self._told("invoice.payment_failed", at, last, "past_due", unpaid)
        if self._plan.refunded:
            yield self._refund(len(periods) - 1, last)
        if self._plan.status is MembershipStatus.CANCELED:
            yield self._told("customer.subscription.deleted", last.end, last, "canceled")

    def _periods(self) -> Iterator[Period]:
        """The months that were begun; of a canceled one all but those of the last weeks."""
        ends = self._until - (MONTH if self._plan.status is MembershipStatus.CANCELED else timedelta(0))
        start = self._started_at
        while start < ends:
            yield Period(start, start + MONTH)
            start += MONTH

    def _refund(self, number: int, period: Period) -> News:
        invoice = self._invoice(number, period, is_paid=True)
        charge = Charge(
            charge_id=f"ch_{self._name}_{number}",
            refunded_minor=self._price,
            disputed=False,
            invoice_id=invoice.invoice_id,
            payment_intent_id=None,
        )
        at = period.start + _REFUNDED_AFTER
        return replace(self._told("charge.refunded", at, period, "active", invoice), charge=charge)

    def _told(
        self, type_: str, at: datetime, period: Period, status: str, invoice: Invoice | None = None
    ) -> News:
        subscription = Subscription(
            subscription_id=f"sub_{self._name}",
            status=status,
            customer_id=self._customer_id,
            metadata={},
            started_at=self._started_at,
            period=period,
            latest_invoice=invoice,
        )
        event = Event(f"evt_{self._name}_{type_}_{period.start:%y%m%d}", type_, {})
        return News(at, event, subscription, invoice)

    def _invoice(self, number: int, period: Period, *, is_paid: bool) -> Invoice:
        return Invoice(
            invoice_id=f"in_{self._name}_{number}",
            subscription_id=f"sub_{self._name}",
            status="paid" if is_paid else "open",
            total_minor=self._price,
            paid_minor=self._price if is_paid else 0,
            period=period,
        )
