"""Stripe over the network: the official library, on the project's own HTTP client.

The library's own HTTP client for coroutines needs a package that is no longer kept up, so it gets another.
"""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

import httpx2
import stripe

from regulars.base.refusals import Refused
from regulars.features.payments.model import (
    Charge,
    CheckoutSession,
    Invoice,
    NewCheckout,
    StripeSettings,
    Subscription,
)
from regulars.features.payments.rules_shapes import charge_in, invoice_in, session_in, subscription_in

RETRIES_MAX = 1
"""How often a request is repeated that got no answer, or one that may be another the next time."""

_logger = logging.getLogger(__name__)

# Nothing is told to Stripe but what it is asked.
stripe.enable_telemetry = False


class _Http(stripe.HTTPClient):
    """How the library sends its requests."""

    name = "httpx2"

    def __init__(self, client: httpx2.AsyncClient) -> None:
        super().__init__()
        self._client = client

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            response = await self._client.request(method, url, headers=dict(headers), content=post_data)
        except httpx2.HTTPError as error:
            # The text of the error may hold an address, so only its kind is told.
            lost = stripe.APIConnectionError(type(error).__name__, should_retry=True)  # type: ignore[no-untyped-call]
            raise lost from error
        return response.content, response.status_code, response.headers

    def sleep_async(self, secs: float) -> Awaitable[None]:
        return asyncio.sleep(secs)


class Stripe:
    """Stripe, as it can be asked while `connected`.

    Every question raises Refused: stripe_unavailable when Stripe is down, slow or too busy, after which
    nobody knows whether it did what it was asked; stripe_not_configured when it refuses the key or the price.
    """

    def __init__(self, client: stripe.StripeClient, timeout_seconds: float) -> None:
        self._v1 = client.v1
        self._timeout_seconds = timeout_seconds

    async def subscription(self, subscription_id: str) -> Subscription | None:
        """The subscription with its latest invoice, or None when Stripe knows of none."""
        params: Any = {"expand": ["latest_invoice"]}
        data = await self._ask(self._v1.subscriptions.retrieve_async(subscription_id, params))
        return None if data is None else subscription_in(data)

    async def invoice(self, invoice_id: str) -> Invoice | None:
        """The invoice, or None when Stripe knows of none."""
        data = await self._ask(self._v1.invoices.retrieve_async(invoice_id))
        return None if data is None else invoice_in(data)

    async def charge(self, charge_id: str) -> Charge | None:
        """The charge with what was refunded and disputed of it, or None when Stripe knows of none."""
        data = await self._ask(self._v1.charges.retrieve_async(charge_id))
        if data is None:
            return None
        disputes = await self._ask(self._v1.disputes.list_async({"charge": charge_id, "limit": 100}))
        return charge_in(data, (disputes or {}).get("data", []))

    async def invoice_of(self, charge: Charge) -> Invoice | None:
        """The invoice that a charge paid, or None when it paid something else."""
        invoice_id = charge.invoice_id or await self._invoice_id_of(charge)
        return None if invoice_id is None else await self.invoice(invoice_id)

    async def checkout_session(self, session_id: str) -> CheckoutSession | None:
        """The checkout session, or None when Stripe knows of none."""
        data = await self._ask(self._v1.checkout.sessions.retrieve_async(session_id))
        return None if data is None else session_in(data)

    async def create_checkout_session(self, new: NewCheckout) -> CheckoutSession:
        """The checkout session that was made under the key, now or before."""
        options: Any = {"idempotency_key": f"checkout-{new.key}"}
        data = await self._ask(self._v1.checkout.sessions.create_async(_parameters(new), options))
        if data is None:
            _logger.error("Stripe knows no price %s", new.price_id)
            raise Refused("stripe_not_configured")
        return session_in(data)

    async def expire_checkout_session(self, session_id: str) -> None:
        """Nothing more can be bought with the session; one that is no longer open stays as it is."""
        # Of a session that is no longer open, Stripe says that the request is wrong.
        await self._ask(self._v1.checkout.sessions.expire_async(session_id), may_be_wrong=True)

    async def _invoice_id_of(self, charge: Charge) -> str | None:
        """The invoice to which Stripe has counted a charge: since 2025-03-31 it is asked for by itself.

        By its payment intent only, which what pays an invoice has; Stripe cannot be asked by the charge.
        """
        if charge.payment_intent_id is None:
            return None
        payment: Any = {"type": "payment_intent", "payment_intent": charge.payment_intent_id}
        found = await self._ask(self._v1.invoice_payments.list_async({"payment": payment, "limit": 1}))
        payments = (found or {}).get("data", [])
        if not payments:
            return None
        invoice = payments[0].get("invoice")
        return invoice.get("id") if isinstance(invoice, Mapping) else invoice

    async def _ask(self, answer: Awaitable[Any], *, may_be_wrong: bool = False) -> dict[str, Any] | None:
        """What Stripe answers, None for what it does not know, or refuses because it `may_be_wrong`."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                data: dict[str, Any] = (await answer).to_dict()
                return data
        except TimeoutError as error:
            _logger.warning("Stripe did not answer for %g s", self._timeout_seconds)
            raise Refused("stripe_unavailable") from error
        except stripe.InvalidRequestError as error:
            if may_be_wrong or error.code == "resource_missing":
                return None
            _logger.error("Stripe refuses a request: %s %s", error.code, error.param)
            raise Refused("stripe_not_configured") from error
        except (stripe.AuthenticationError, stripe.PermissionError) as error:
            _logger.error("Stripe refuses the secret key")
            raise Refused("stripe_not_configured") from error
        except stripe.StripeError as error:
            _logger.warning("Stripe is not available (%s %s)", type(error).__name__, error.http_status)
            raise Refused("stripe_unavailable") from error


@asynccontextmanager
async def connected(settings: StripeSettings) -> AsyncIterator[Stripe]:
    """Stripe over connections that last as long as the block. Raises Refused: stripe_not_configured."""
    if settings.secret_key is None:
        raise Refused("stripe_not_configured")
    timeout = settings.timeout_seconds
    async with httpx2.AsyncClient(timeout=timeout, verify=_certificates()) as http:
        client = stripe.StripeClient(
            settings.secret_key,
            base_addresses={"api": settings.api_url.rstrip("/")},
            http_client=_Http(http),
            max_network_retries=RETRIES_MAX,
        )
        yield Stripe(client, timeout)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: it takes as long as a request."""
    return ssl.create_default_context()


def _parameters(new: NewCheckout) -> Any:
    customer = {} if new.customer_id is None else {"customer": new.customer_id}
    return {
        "mode": "subscription",
        "line_items": [{"price": new.price_id, "quantity": 1}],
        "success_url": new.success_url,
        "cancel_url": new.cancel_url,
        "client_reference_id": new.reference,
        "expires_at": int(new.expires_at.timestamp()),
        "metadata": new.metadata,
        "subscription_data": {"metadata": new.metadata},
        **customer,
    }
