"""A small Stripe on a port of this machine: the API that the library asks, signed events, a page to pay on.

It speaks either of the two shapes, misbehaves on request, and keeps its account in a file if it is given one:

    with stripe_stand_in() as stripe:
        settings = StripeSettings(secret_key=stripe.secret_key, api_url=stripe.url, …)
        stripe.account.complete(session_id)
        body, signature = stripe.signed(stripe.account.events[0])
"""

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

import msgspec

from regulars.stand_ins.local_server import LocalServer
from regulars.stand_ins.stripe.account import Json, StripeAccount
from regulars.stand_ins.stripe.deliveries import Deliveries
from regulars.stand_ins.stripe.interface import Interface, error_of
from regulars.stand_ins.stripe.keeping import EVENTS_KEPT_MAX, Keeper, Kept
from regulars.stand_ins.stripe.shapes import NEW_SHAPE
from regulars.stand_ins.stripe.signing import signature
from regulars.stand_ins.stripe.sockets import StripeHandler

REQUESTS_NOTED_MAX = 1000

Trouble = Literal["hang", "drop", "drop_after", "429", "500", "late"]
"""Never answers, hangs up at once, hangs up after it has done what it was asked, refuses, fails.

A late answer is what was true when it was asked for, and is sent once `late_ones_may_go` is set.
"""


class StripeStandIn:
    """The account, the server in front of it, and what others asked of it.

    With a `keeper` it goes on with the account as it was kept, at the same address if nobody else has taken
    that meanwhile.
    """

    def __init__(self, account: StripeAccount, shape: str = NEW_SHAPE, keeper: Keeper | None = None) -> None:
        self.account = account
        self.shape = shape
        self.secret_key = "sk_test_stand_in"  # noqa: S105 (whoever is on this machine may know it)
        self.webhook_secret = "whsec_stand_in"  # noqa: S105
        self.webhook_url: str | None = None
        self.deliveries = Deliveries()
        self.requests: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.released = threading.Event()
        self.late_ones_may_go = threading.Event()
        self.lock = threading.RLock()
        self._troubles: deque[Trouble] = deque()
        self._keeper = keeper
        kept = Kept() if keeper is None else keeper.load()
        self._server = LocalServer.bound(self, StripeHandler, kept.port)
        self._interface = Interface(account, shape, self.url)
        self._go_on_with(kept)
        self._keep()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.port}"

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

    def trouble_for(self, method: str, path: str, headers: Mapping[str, str]) -> Trouble | None:
        """What the request that has just come meets; it is noted."""
        with self.lock:
            self.requests.append((method, path))
            self.headers.append(dict(headers))
            del self.requests[:-REQUESTS_NOTED_MAX], self.headers[:-REQUESTS_NOTED_MAX]
            return self._troubles.popleft() if self._troubles else None

    def answer(self, method: str, path: str, asked: Json, headers: Mapping[str, str]) -> tuple[int, Json]:
        """What the API answers."""
        if headers.get("authorization") != f"Bearer {self.secret_key}":
            return 401, error_of("invalid_request_error", "Invalid API Key provided")
        with self.lock if method == "GET" else self.changing():
            return self._interface.answer(method, path, asked, headers.get("idempotency-key"))

    @contextmanager
    def changing(self) -> Iterator[StripeAccount]:
        """The account, which nobody else looks at or changes meanwhile; at the end it is kept."""
        with self.lock:
            yield self.account
            self._keep()

    def signed(
        self, event: Json, *, at: float | None = None, secret: str | None = None, shape: str | None = None
    ) -> tuple[bytes, str]:
        """An event's body and `Stripe-Signature`, signed now with our secret unless others are given."""
        body = msgspec.json.encode(self.account.told(event, shape or self.shape))
        seconds = int(self.account.clock() if at is None else at)
        return body, signature(body, seconds, secret or self.webhook_secret)

    def deliver(self) -> None:
        """Sends what has happened to the webhook, in order; the next call repeats what was not taken."""
        with self.lock:
            events = list(self.account.events)
        # Without the lock: whoever takes an event in asks the API about it.
        if self.webhook_url is not None and self.deliveries.send(self.webhook_url, events, self.signed):
            with self.changing():
                return

    def _go_on_with(self, kept: Kept) -> None:
        self.account.objects |= kept.objects
        self.account.events += kept.events
        self.deliveries.answers |= kept.answers
        if kept.port == self._server.port:
            self._interface.answered |= kept.answered
            return
        # Their pages were at another address, where nobody answers now.
        for session in self.account.of_kind("checkout.session", status="open"):
            session |= {"status": "expired", "url": None}

    def _keep(self) -> None:
        if self._keeper is None:
            return
        older, newest = self.account.events[:-EVENTS_KEPT_MAX], self.account.events[-EVENTS_KEPT_MAX:]
        self.account.events = [event for event in older if not self.deliveries.was_taken(event)] + newest
        ids = {event["id"] for event in self.account.events}
        self._keeper.save(
            Kept(
                port=self._server.port,
                objects=self.account.objects,
                events=self.account.events,
                answers={key: status for key, status in self.deliveries.answers.items() if key in ids},
                answered=self._interface.answered,
            )
        )


@contextmanager
def stripe_stand_in(
    account: StripeAccount | None = None, shape: str = NEW_SHAPE, keeper: Keeper | None = None
) -> Iterator[StripeStandIn]:
    """A stand-in that listens for as long as the block lasts."""
    stand_in = StripeStandIn(account or StripeAccount(), shape, keeper)
    stand_in.start()
    try:
        yield stand_in
    finally:
        stand_in.stop()
