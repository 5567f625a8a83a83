"""What the pages of the stand-in say, made of what its account holds. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from msgspec import Struct

from regulars.base.money import minor_digits
from regulars.stand_ins.stripe.account import Json, StripeAccount
from regulars.stand_ins.stripe.deeds import Deed, deeds_for, last_charge, open_dispute

EVENTS_SHOWN_MAX = 12
SESSION_ID = "{CHECKOUT_SESSION_ID}"
"""What stands in a shop's addresses for the id of the session that leads there."""

_STATUSES: dict[str, str] = {
    "active": "Active",
    "trialing": "Trial",
    "past_due": "Past due",
    "canceled": "Cancelled",
}


class CheckoutView(Struct, frozen=True):
    """What somebody buys; `details` are what the shop has sent along, by their names."""

    session_id: str
    amount: str
    currency: str
    back_url: str
    details: dict[str, str]


class SubscriptionRow(Struct, frozen=True):
    """One subscription, and what can be done with it."""

    subscription_id: str
    status: str
    status_word: str
    amount: str
    currency: str
    period: str
    payment: str
    details: dict[str, str]
    customer_url: str | None
    deeds: list[Deed]


class EventRow(Struct, frozen=True):
    """One event; `answer` is what the webhook said."""

    event_id: str
    type: str
    time: str
    answer: str
    was_taken: bool


class AccountView(Struct, frozen=True):
    """All that the account's page shows, newest first. `is_told`: there is a webhook."""

    subscriptions: list[SubscriptionRow]
    events: list[EventRow]
    is_told: bool


def checkout_view(account: StripeAccount, session: Json) -> CheckoutView:
    """The page on which the session is paid."""
    return CheckoutView(
        session["id"],
        _amount(account.amount_minor, account.currency),
        account.currency.upper(),
        returning(session, "cancel_url"),
        dict(session["metadata"]),
    )


def account_view(account: StripeAccount, answers: Mapping[str, int], *, is_told: bool) -> AccountView:
    """The page of the account; `answers` are the webhook's, by the ids of events."""
    subscriptions = account.of_kind("subscription")
    events = account.events[-EVENTS_SHOWN_MAX:]
    return AccountView(
        [_subscription(account, subscription) for subscription in reversed(subscriptions)],
        [_event(event, answers.get(event["id"])) for event in reversed(events)],
        is_told,
    )


def returning(session: Json, name: str) -> str:
    """Where the customer goes from the session: its `success_url` or `cancel_url`."""
    return str(session[name]).replace(SESSION_ID, session["id"])


def _subscription(account: StripeAccount, subscription: Json) -> SubscriptionRow:
    status = str(subscription["status"])
    sessions = account.of_kind("checkout.session", subscription=subscription["id"])
    return SubscriptionRow(
        subscription_id=subscription["id"],
        status=status,
        status_word=_STATUSES.get(status, status),
        amount=_amount(account.amount_minor, account.currency),
        currency=account.currency.upper(),
        period=f"{_day(subscription['period_start'])} to {_day(subscription['period_end'])}",
        payment=_payment(account, subscription),
        details=dict(subscription["metadata"]),
        customer_url=returning(sessions[-1], "success_url") if sessions else None,
        deeds=deeds_for(account, subscription),
    )


def _payment(account: StripeAccount, subscription: Json) -> str:
    charge = last_charge(account, subscription)
    if charge is None:
        return "none yet"
    paid = f"{_amount(charge['amount'], charge['currency'])} {charge['currency'].upper()}"
    if charge["refunded"]:
        return f"{paid}, refunded"
    if open_dispute(account, subscription) is not None:
        return f"{paid}, disputed"
    return f"{paid}, dispute won" if charge["disputed"] else paid


def _event(event: Json, answer: int | None) -> EventRow:
    at = datetime.fromtimestamp(event["created"], UTC)
    words = {None: "not sent", 0: "nobody answered"}
    return EventRow(
        event["id"],
        event["type"],
        f"{at.day} {at:%b %H:%M:%S}",
        words.get(answer, str(answer)),
        answer is not None and 200 <= answer < 300,
    )


def _amount(minor: int, currency: str) -> str:
    digits = minor_digits(currency.upper())
    return f"{Decimal(minor).scaleb(-digits):.{digits}f}"


def _day(seconds: int) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b %Y}"
