"""What the API answers when Stripe's library asks: checkout sessions, subscriptions, payments, disputes."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import msgspec

from regulars.stand_ins.stripe.account import Json, StripeAccount
from regulars.stand_ins.stripe.shapes import NEW_SHAPE, in_shape

PAYMENT_TYPES = ("payment_intent", "payment_record")
"""What invoice payments can be asked by. Source: Stripe's API reference, invoice payments, `payment.type`."""


class Answered(msgspec.Struct, frozen=True):
    """What was answered under an idempotency key, and to what."""

    request: str
    status: int
    body: Json


class Interface:
    """The API in front of an account, in the shape of one version. `url` is what its pages begin with."""

    def __init__(self, account: StripeAccount, shape: str, url: str) -> None:
        self.account, self.shape, self.url = account, shape, url
        self.answered: dict[str, Answered] = {}

    def answer(self, method: str, path: str, asked: Json, key: str | None) -> tuple[int, Json]:
        """The status and the body; a POST under the same `key` does not do again what it did before."""
        if method != "POST" or key is None:
            return self._do(method, path, asked)
        request = msgspec.json.encode([path, asked], order="deterministic").decode()
        if key not in self.answered:
            self.answered[key] = Answered(request, *self._do(method, path, asked))
        before = self.answered[key]
        if before.request != request:
            return 400, error_of("idempotency_error", "Keys can only be used with the same parameters")
        return before.status, before.body

    def _do(self, method: str, path: str, asked: Json) -> tuple[int, Json]:
        for pattern, action in _ROUTES:
            found = re.fullmatch(pattern, f"{method} {path}")
            if found:
                return action(self, asked, *found.groups())
        return 404, error_of("invalid_request_error", f"Unrecognized request URL ({method}: {path})")

    def create_session(self, asked: Json) -> tuple[int, Json]:
        """A new checkout session."""
        prices = [item.get("price") for item in (asked.get("line_items") or {}).values()]
        if prices != [self.account.price_id]:
            return 400, _missing("price", "line_items[0][price]")
        for name in ("success_url", "cancel_url"):
            if not _is_web_address(asked.get(name)):
                return 400, error_of(
                    "invalid_request_error", "Not a valid URL", code="url_invalid", param=name
                )
        session = self.account.open_session(asked)
        session["url"] = f"{self.url}/pay/{session['id']}"
        return 200, in_shape(session, self.shape)

    def expire_session(self, asked: Json, session_id: str) -> tuple[int, Json]:
        """The session, on which nothing more can be bought."""
        session = self.account.objects.get(session_id)
        if session is None:
            return 404, _missing("checkout.session", "id")
        if session["status"] != "open":
            return 400, error_of("invalid_request_error", "Only Checkout Sessions with a status of open")
        session |= {"status": "expired", "url": None}
        return 200, in_shape(session, self.shape)

    def retrieve(self, asked: Json, kind: str, object_id: str) -> tuple[int, Json]:
        """An object as it is now."""
        about = self.account.objects.get(object_id)
        if about is None:
            return 404, _missing(kind, "id")
        told = in_shape(about, self.shape)
        for name in (asked.get("expand") or {}).values():
            if told.get(name) in self.account.objects:
                told[name] = in_shape(self.account.objects[told[name]], self.shape)
        return 200, told

    def list_disputes(self, asked: Json) -> tuple[int, Json]:
        """The disputes of a charge."""
        return 200, _list(self.account.of_kind("dispute", charge=asked.get("charge")))

    def list_invoice_payments(self, asked: Json) -> tuple[int, Json]:
        """The invoice that a payment intent paid; the API of before 2025-03-31 has no such list."""
        if self.shape < NEW_SHAPE:
            return 404, error_of("invalid_request_error", "Unrecognized request URL")
        payment = asked.get("payment") or {}
        kind = payment.get("type")
        if kind not in PAYMENT_TYPES or set(payment) != {"type", kind}:
            message = f"Invalid payment[type]: must be one of {' or '.join(PAYMENT_TYPES)}"
            return 400, error_of("invalid_request_error", message, param="payment[type]")
        intent = payment.get("payment_intent")
        if intent is None:
            return 200, _list([])
        invoices = self.account.of_kind("invoice", payment_intent=intent)
        payments = [{"object": "invoice_payment", "invoice": invoice["id"]} for invoice in invoices]
        return 200, _list(payments)


Action = Callable[..., tuple[int, Json]]

_ROUTES: list[tuple[str, Action]] = [
    ("POST /v1/checkout/sessions", Interface.create_session),
    (r"POST /v1/checkout/sessions/(\w+)/expire", Interface.expire_session),
    (r"GET /v1/(checkout/sessions|subscriptions|invoices|charges|disputes)/(\w+)", Interface.retrieve),
    ("GET /v1/disputes", Interface.list_disputes),
    ("GET /v1/invoice_payments", Interface.list_invoice_payments),
]


def error_of(kind: str, message: str, **more: str) -> Json:
    """An error as Stripe tells it."""
    return {"error": {"type": kind, "message": message, **more}}


def _is_web_address(url: Any) -> bool:
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _list(data: list[Json]) -> Json:
    return {"object": "list", "url": "/v1/list", "has_more": False, "data": data}


def _missing(kind: str, parameter: str) -> Json:
    message = f"No such {kind}"
    return error_of("invalid_request_error", message, code="resource_missing", param=parameter)
