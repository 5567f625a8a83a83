"""What whoever plays the customer and the bank can do with a subscription, one button each."""

from collections.abc import Callable

import msgspec

from regulars.stand_ins.stripe.account import Json, StripeAccount


class Deed(msgspec.Struct, frozen=True):
    """A button: what it says, what follows from it, when there is a point in it, and what it does."""

    name: str
    label: str
    meaning: str
    is_offered: Callable[[StripeAccount, Json], bool]
    do: Callable[[StripeAccount, Json], object]


def deeds_for(account: StripeAccount, subscription: Json) -> list[Deed]:
    """What can be done with the subscription as it stands."""
    return [deed for deed in DEEDS if deed.is_offered(account, subscription)]


def do(account: StripeAccount, subscription_id: str, name: str) -> bool:
    """Whether it was done; not if it makes no sense any more, as with a button that is pressed twice."""
    subscription = account.objects.get(subscription_id)
    if subscription is None or subscription["object"] != "subscription":
        return False
    for deed in deeds_for(account, subscription):
        if deed.name == name:
            deed.do(account, subscription)
            return True
    return False


def last_charge(account: StripeAccount, subscription: Json) -> Json | None:
    """The newest payment of the subscription that went through."""
    invoices = account.of_kind("invoice", subscription=subscription["id"])
    charges = [account.objects[invoice["charge"]] for invoice in invoices if invoice["charge"] is not None]
    return charges[-1] if charges else None


def open_dispute(account: StripeAccount, subscription: Json) -> Json | None:
    """The dispute of its newest payment that the bank has not decided yet."""
    charge = last_charge(account, subscription)
    disputes = account.of_kind("dispute", status="needs_response")
    return next((dispute for dispute in disputes if charge and dispute["charge"] == charge["id"]), None)


def _is_current(account: StripeAccount, subscription: Json) -> bool:
    return bool(subscription["status"] in ("active", "trialing"))


def _is_late(account: StripeAccount, subscription: Json) -> bool:
    return bool(subscription["status"] == "past_due")


def _has_not_ended(account: StripeAccount, subscription: Json) -> bool:
    return bool(subscription["status"] != "canceled")


def _can_be_refunded(account: StripeAccount, subscription: Json) -> bool:
    charge = last_charge(account, subscription)
    return charge is not None and not charge["refunded"] and not charge["disputed"]


def _can_be_won(account: StripeAccount, subscription: Json) -> bool:
    return open_dispute(account, subscription) is not None


def _refund(account: StripeAccount, subscription: Json) -> None:
    charge = last_charge(account, subscription)
    assert charge is not None, "it is offered for a payment"
    account.refund(charge["id"])


def _dispute(account: StripeAccount, subscription: Json) -> None:
    charge = last_charge(account, subscription)
    assert charge is not None, "it is offered for a payment"
    account.dispute(charge["id"])


def _win(account: StripeAccount, subscription: Json) -> None:
    dispute = open_dispute(account, subscription)
    assert dispute is not None, "it is offered for an open dispute"
    account.close_dispute(dispute["id"], won=True)


DEEDS = (
    Deed(
        "renew",
        "Renew",
        "The next month is paid, which grants its reward.",
        _is_current,
        lambda account, subscription: account.renew(subscription["id"]),
    ),
    Deed(
        "fail",
        "Fail the next payment",
        "The month is past due: it is still a membership, but grants nothing yet.",
        _is_current,
        lambda account, subscription: account.renew(subscription["id"], paid=False),
    ),
    Deed(
        "pay",
        "Pay what is due",
        "The card works again: the month is paid after all.",
        _is_late,
        lambda account, subscription: account.pay(subscription["latest_invoice"]),
    ),
    Deed(
        "refund",
        "Refund",
        "The last payment is given back, so the month's reward goes as well.",
        _can_be_refunded,
        _refund,
    ),
    Deed(
        "dispute",
        "Dispute",
        "The bank takes the last payment back for now, and with it goes the month's reward.",
        _can_be_refunded,
        _dispute,
    ),
    Deed(
        "win",
        "Win the dispute",
        "The bank decides for the shop: the reward is given again.",
        _can_be_won,
        _win,
    ),
    Deed(
        "cancel",
        "Cancel",
        "The membership ends at once. Rewards of paid months stay.",
        _has_not_ended,
        lambda account, subscription: account.change(subscription["id"], "canceled", "deleted"),
    ),
)
"""All of them, in the order of their buttons."""
