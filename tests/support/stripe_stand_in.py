"""A small Stripe on a port of this machine: the API that the library asks, signed events, a page to pay on.

It speaks either of the two shapes, and misbehaves on request. Self-contained, for the tests and the demo:

    with stripe_stand_in() as stripe:
        settings = StripeSettings(secret_key=stripe.secret_key, api_url=stripe.url, …)
        stripe.account.complete(session_id)
        body, signature = stripe.signed(stripe.account.events[0])
"""

import hmac
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, Literal
from urllib.error import URLError
from urllib.request import Request, urlopen

import msgspec

from tests.support.stripe_stand_in_account import Json, StripeAccount
from tests.support.stripe_stand_in_http import StandInServer, error_of
from tests.support.stripe_stand_in_shapes import NEW_SHAPE, in_shape

PAYMENT_TYPES = ("payment_intent", "payment_record")
"""What invoice payments can be asked by. Source: Stripe's API reference, invoice payments, `payment.type`."""

Trouble = Literal["hang", "drop", "drop_after", "429", "500", "late"]
"""Never answers, hangs up at once, hangs up after it has done what it was asked, refuses, fails.

A late answer is what was true when it was asked for, and is sent once `late_ones_may_go` is set.
"""


class StripeStandIn:
    """The account, the server in front of it, and what others asked of it."""

    def __init__(self, account: StripeAccount, shape: str) -> None:
        self.account = account
        self.shape = shape
        self.secret_key = "sk_test_stand_in"
        self.webhook_secret = "whsec_stand_in"
        self.webhook_url: str | None = None
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.released = threading.Event()
        self.late_ones_may_go = threading.Event()
        self.lock = threading.RLock()
        self._troubles: deque[Trouble] = deque()
        self._answered: dict[str, tuple[str, int, Json]] = {}
        self._delivered = 0
        self._server = StandInServer(self)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Answers from now on, in threads of its own."""
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Answers no more; whoever was left hanging is hung up on."""
        self.released.set()
        self.late_ones_may_go.set()
        self._server.shutdown()
        self._server.server_close()

    def misbehave(self, trouble: Trouble, times: int = 1) -> None:
        """The next requests to the API meet this trouble."""
        with self.lock:
            self._troubles.extend([trouble] * times)

    def behave(self) -> None:
        """No more trouble."""
        with self.lock:
            self._troubles.clear()

    def next_trouble(self) -> Trouble | None:
        """What the request that has just come meets."""
        with self.lock:
            return self._troubles.popleft() if self._troubles else None

    def signed(
        self, event: Json, *, at: float | None = None, secret: str | None = None, shape: str | None = None
    ) -> tuple[bytes, str]:
        """An event's body and `Stripe-Signature`, signed now with our secret unless others are given."""
        body = msgspec.json.encode(self.account.told(event, shape or self.shape))
        seconds = int(self.account.clock() if at is None else at)
        return body, signature(body, seconds, secret or self.webhook_secret)

    def deliver(self) -> None:
        """Sends what has happened to the webhook, in order; what it refuses is sent again the next time."""
        if self.webhook_url is None:
            return
        while self._delivered < len(self.account.events):
            body, header = self.signed(self.account.events[self._delivered])
            headers = {"content-type": "application/json", "stripe-signature": header}
            try:
                urlopen(Request(self.webhook_url, body, headers), timeout=10).close()
            except URLError:
                return
            self._delivered += 1

    def answer(self, method: str, path: str, asked: Json, headers: Any) -> tuple[int, Json]:
        """What the API answers."""
        if headers.get("authorization") != f"Bearer {self.secret_key}":
            return 401, error_of("invalid_request_error", "Invalid API Key provided")
        with self.lock:
            key = headers.get("idempotency-key")
            if method != "POST" or key is None:
                return self._do(method, path, asked)
            request = msgspec.json.encode([path, asked], order="deterministic").decode()
            if key not in self._answered:
                self._answered[key] = (request, *self._do(method, path, asked))
            remembered, status, body = self._answered[key]
            if remembered != request:
                return 400, error_of("idempotency_error", "Keys can only be used with the same parameters")
            return status, body

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
    ("POST /v1/checkout/sessions", StripeStandIn.create_session),
    (r"POST /v1/checkout/sessions/(\w+)/expire", StripeStandIn.expire_session),
    (r"GET /v1/(checkout/sessions|subscriptions|invoices|charges|disputes)/(\w+)", StripeStandIn.retrieve),
    ("GET /v1/disputes", StripeStandIn.list_disputes),
    ("GET /v1/invoice_payments", StripeStandIn.list_invoice_payments),
]


@contextmanager
def stripe_stand_in(account: StripeAccount | None = None, shape: str = NEW_SHAPE) -> Iterator[StripeStandIn]:
    """A stand-in that listens for as long as the block lasts."""
    stand_in = StripeStandIn(account or StripeAccount(), shape)
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.stop()


def signature(body: bytes, seconds: int, secret: str) -> str:
    """The header `Stripe-Signature` of a body. Source: Stripe's documentation, "Verify manually"."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (seconds, body), sha256).hexdigest()
    return f"t={seconds},v1={digest}"


def _list(data: list[Json]) -> Json:
    return {"object": "list", "url": "/v1/list", "has_more": False, "data": data}


def _missing(kind: str, parameter: str) -> Json:
    message = f"No such {kind}"
    return error_of("invalid_request_error", message, code="resource_missing", param=parameter)
