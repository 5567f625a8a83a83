"""Where the demo's memberships are bought: at a stand-in for Stripe, unless there is a Stripe to be asked."""

import os
import threading
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from regulars.demo.kiosks.venues import SOHO
from regulars.features.payments.model import API_URL
from regulars.settings import Settings
from regulars.stand_ins.stripe.account import StripeAccount
from regulars.stand_ins.stripe.keeping import Keeper
from regulars.stand_ins.stripe.stand_in import StripeStandIn, stripe_stand_in
from regulars.stand_ins.stripe.views import SESSION_ID

FILE = "stripe-stand-in.json"
STAND_IN_VARIABLE = "STRIPE_STAND_IN_URL"
WEBHOOK = "/loyalty/stripe-webhook"


def is_stand_in_wanted(settings: Settings) -> bool:
    """Whether nothing was set of how Stripe is reached and what is sold there; else that is what holds.

    What events are signed with may be set: then the stand-in signs with it.
    """
    own = (settings.stripe_secret_key, settings.stripe_price_id, settings.stripe_cancel_url)
    return own == (None, None, None) and settings.stripe_api_url == API_URL


@contextmanager
def stripe_of_demo(data: Path, webhook_secret: str, url: str) -> Iterator[StripeStandIn]:
    """A stand-in that tells the demo at `url` of its events, and knows what was bought before a restart.

    Raises Spoilt when what it kept in `data` cannot be read.
    """
    account = StripeAccount(amount_minor=SOHO.membership_minor, currency=SOHO.currency.lower())
    with stripe_stand_in(account, keeper=Keeper(data / FILE)) as stripe:
        stripe.webhook_secret = webhook_secret
        stripe.webhook_url = url + WEBHOOK
        _reach_without_proxies(os.environ)
        yield stripe


def stand_in_settings(stripe: StripeStandIn) -> dict[str, Any]:
    """The settings under which memberships are sold there."""
    return {
        "stripe_secret_key": stripe.secret_key,
        "stripe_price_id": stripe.account.price_id,
        "stripe_cancel_url": f"{stripe.url}/left/{SESSION_ID}",
        "stripe_api_url": stripe.url,
    }


def catch_up(stripe: StripeStandIn) -> None:
    """Has what the demo has not taken in before it was stopped sent again, without anybody waiting for it."""
    threading.Thread(target=stripe.deliver, daemon=True).start()


def _reach_without_proxies(environment: MutableMapping[str, str]) -> None:
    """Lets the server reach this machine itself where it reaches the world through a proxy."""
    known = environment.get("no_proxy") or environment.get("NO_PROXY")
    environment["no_proxy"] = f"{known},127.0.0.1" if known else "127.0.0.1"
