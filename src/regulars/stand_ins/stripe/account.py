"""What a Stripe account holds, and what happens in it: purchases, renewals, refunds, disputes, endings.

Everything that happens adds the events that Stripe would send.
"""

import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import uuid4

from regulars.stand_ins.stripe.shapes import NEW_SHAPE, in_shape

Json = dict[str, Any]

MONTH_SECONDS = 30 * 24 * 3600


class StripeAccount:
    """The objects of an account, by id, and its events, oldest first. Times are Unix seconds."""

    def __init__(
        self,
        *,
        price_id: str = "price_membership",
        amount_minor: int = 999,
        currency: str = "gbp",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.price_id, self.amount_minor, self.currency = price_id, amount_minor, currency
        self.clock = clock
        self.objects: dict[str, Json] = {}
        self.events: list[Json] = []

    def put(self, prefix: str, kind: str, **fields: Any) -> Json:
        """A new object."""
        made = {"id": f"{prefix}_{uuid4().hex[:24]}", "object": kind, "created": self._now(), **fields}
        self.objects[made["id"]] = made
        return made

    def of_kind(self, kind: str, **fields: Any) -> list[Json]:
        """The objects of a kind with these values, oldest first."""
        return [
            found
            for found in self.objects.values()
            if found["object"] == kind and all(found.get(name) == value for name, value in fields.items())
        ]

    def one(self, kind: str, **fields: Any) -> Json:
        """The newest object of a kind with these values."""
        return self.of_kind(kind, **fields)[-1]

    def open_session(self, asked: Json) -> Json:
        """A checkout session as it was asked for; its address has to be filled in by who shows the page."""
        return self.put(
            "cs_test",
            "checkout.session",
            mode=asked.get("mode"),
            status="open",
            payment_status="unpaid",
            url=None,
            subscription=None,
            customer=asked.get("customer"),
            client_reference_id=asked.get("client_reference_id"),
            metadata=asked.get("metadata") or {},
            subscription_metadata=(asked.get("subscription_data") or {}).get("metadata") or {},
            success_url=asked.get("success_url"),
            cancel_url=asked.get("cancel_url"),
            expires_at=int(asked.get("expires_at") or self._now() + 24 * 3600),
        )

    def open_now(self, session_id: str) -> Json | None:
        """The checkout session, if something can still be bought at it."""
        session = self.objects.get(session_id)
        if session is None or session["object"] != "checkout.session" or session["status"] != "open":
            return None
        return session if session["expires_at"] > self._now() else None

    def decline(self, session_id: str) -> Json:
        """The failed charge of a card that the bank refuses; the session stays open for another card."""
        charge = self.put(
            "ch",
            "charge",
            status="failed",
            failure_code="card_declined",
            amount=self.amount_minor,
            amount_refunded=0,
            refunded=False,
            disputed=False,
            payment_intent=self.put("pi", "payment_intent", amount=self.amount_minor)["id"],
            invoice=None,
            customer=self.objects[session_id]["customer"],
            currency=self.currency,
        )
        self.happened("charge.failed", charge)
        return charge

    def complete(self, session_id: str, *, trial: bool = False) -> Json:
        """The subscription that somebody bought at a session; its first period is paid, or a trial."""
        session = self.objects[session_id]
        session["customer"] = session["customer"] or self.put("cus", "customer")["id"]
        subscription = self.subscribe(
            session["subscription_metadata"], customer=session["customer"], trial=trial, is_silent=True
        )
        session |= {"status": "complete", "payment_status": "paid", "subscription": subscription["id"]}
        session["url"] = None
        self.happened("checkout.session.completed", session)
        self.happened("customer.subscription.created", subscription)
        self.happened("invoice.paid", self.objects[subscription["latest_invoice"]])
        return subscription

    def subscribe(
        self, metadata: Json, *, customer: str | None = None, trial: bool = False, is_silent: bool = False
    ) -> Json:
        """A subscription with its first invoice."""
        start = self._now()
        subscription = self.put(
            "sub",
            "subscription",
            status="trialing" if trial else "active",
            customer=customer or self.put("cus", "customer")["id"],
            metadata=metadata,
            start_date=start,
            period_start=start,
            period_end=start + MONTH_SECONDS,
            price=self.price_id,
            latest_invoice=None,
            canceled_at=None,
        )
        self._bill(subscription, "paid", amount_minor=0 if trial else self.amount_minor)
        if not is_silent:
            self.happened("customer.subscription.created", subscription)
            self.happened("invoice.paid", self.objects[subscription["latest_invoice"]])
        return subscription

    def renew(self, subscription_id: str, *, paid: bool = True) -> Json:
        """The next period's invoice, paid or not; a subscription whose payment fails is past due."""
        subscription = self.objects[subscription_id]
        subscription["period_start"] = subscription["period_end"]
        subscription["period_end"] += MONTH_SECONDS
        subscription["status"] = "active" if paid else "past_due"
        invoice = self._bill(subscription, "paid" if paid else "open", amount_minor=self.amount_minor)
        self.happened("customer.subscription.updated", subscription)
        self.happened("invoice.paid" if paid else "invoice.payment_failed", invoice)
        return invoice

    def pay(self, invoice_id: str) -> Json:
        """The invoice after a payment that failed before has gone through."""
        invoice = self.objects[invoice_id]
        invoice |= {"status": "paid", "amount_paid": invoice["total"]}
        self._charge(invoice)
        subscription = self.objects[invoice["subscription"]]
        subscription["status"] = "active"
        self.happened("invoice.paid", invoice)
        self.happened("customer.subscription.updated", subscription)
        return invoice

    def change(self, subscription_id: str, status: str, event: str = "updated") -> Json:
        """The subscription in another status: canceled with "deleted", paused, active with "resumed"."""
        subscription = self.objects[subscription_id]
        subscription["status"] = status
        if status == "canceled":
            subscription["canceled_at"] = self._now()
        self.happened(f"customer.subscription.{event}", subscription)
        return subscription

    def refund(self, charge_id: str, amount_minor: int | None = None) -> Json:
        """The charge after `amount_minor` more of it was refunded, all that is left if none is given."""
        charge = self.objects[charge_id]
        left = charge["amount"] - charge["amount_refunded"]
        charge["amount_refunded"] += left if amount_minor is None else amount_minor
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.happened("charge.refunded", charge)
        return charge

    def dispute(self, charge_id: str, status: str = "needs_response") -> Json:
        """A new dispute of a charge."""
        charge = self.objects[charge_id]
        charge["disputed"] = True
        dispute = self.put("dp", "dispute", charge=charge_id, amount=charge["amount"], status=status)
        self.happened("charge.dispute.created", dispute)
        return dispute

    def close_dispute(self, dispute_id: str, *, won: bool) -> Json:
        """The dispute after the bank has decided."""
        dispute = self.objects[dispute_id]
        dispute["status"] = "won" if won else "lost"
        self.happened("charge.dispute.closed", dispute)
        return dispute

    def happened(self, kind: str, about: Json) -> Json:
        """The event, with what it is about as it is now."""
        event = {
            "id": f"evt_{uuid4().hex[:24]}",
            "object": "event",
            "type": kind,
            "created": self._now(),
            "livemode": False,
            "about": deepcopy(about),
        }
        self.events.append(event)
        return event

    def told(self, event: Json, shape: str = NEW_SHAPE) -> Json:
        """An event as Stripe sends it to an endpoint of the API version `shape`."""
        sent = {name: value for name, value in event.items() if name != "about"}
        return sent | {"api_version": shape, "data": {"object": in_shape(event["about"], shape)}}

    def _bill(self, subscription: Json, status: str, *, amount_minor: int) -> Json:
        invoice = self.put(
            "in",
            "invoice",
            status=status,
            customer=subscription["customer"],
            subscription=subscription["id"],
            metadata=subscription["metadata"],
            currency=self.currency,
            total=amount_minor,
            amount_due=amount_minor,
            amount_paid=amount_minor if status == "paid" else 0,
            period={"start": subscription["period_start"], "end": subscription["period_end"]},
            charge=None,
            payment_intent=None,
        )
        subscription["latest_invoice"] = invoice["id"]
        if status == "paid" and amount_minor > 0:
            self._charge(invoice)
        return invoice

    def _charge(self, invoice: Json) -> None:
        intent = self.put("pi", "payment_intent", amount=invoice["total"])
        charge = self.put(
            "ch",
            "charge",
            status="succeeded",
            amount=invoice["total"],
            amount_refunded=0,
            refunded=False,
            disputed=False,
            payment_intent=intent["id"],
            invoice=invoice["id"],
            customer=invoice["customer"],
            currency=self.currency,
        )
        invoice |= {"charge": charge["id"], "payment_intent": intent["id"]}

    def _now(self) -> int:
        return int(self.clock())
