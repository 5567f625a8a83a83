"""A small receiver on a port of this machine: it verifies what comes, and shows it on a page.

with webhook_receiver() as receiver:
    receiver.secret = …  # of the endpoint at receiver.hook_url
"""

import hmac
import threading
import time
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec

from regulars.stand_ins.local_server import LocalServer
from regulars.stand_ins.webhooks.sockets import ReceiverHandler

SHOWN_MAX = 100
SECONDS_OFF_MAX = 300
ANSWERS = (200, 500, 410)
"""What it can be told to answer to webhooks that verify."""


class Arrival(msgspec.Struct, frozen=True):
    """A webhook that came; `body` is shown as it is. `copies` counts how often its id came before."""

    event_id: str
    type: str
    body: str
    at: datetime
    is_verified: bool
    answered: int
    copies: int


class WebhookReceiver:
    """The server, what came lately (the newest first), and what it answers."""

    def __init__(self, port: int = 0) -> None:
        self.secret = ""
        self.answer = 200
        self.arrivals: deque[Arrival] = deque(maxlen=SHOWN_MAX)
        self.lock = threading.Lock()
        self._server = LocalServer.bound(self, ReceiverHandler, port)

    @property
    def url(self) -> str:
        """Where its page is."""
        return f"http://127.0.0.1:{self._server.port}/"

    @property
    def hook_url(self) -> str:
        """Where webhooks go."""
        return f"{self.url}hook"

    def start(self) -> None:
        """Answers from now on, in threads of its own."""
        threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True).start()

    def stop(self) -> None:
        """Answers no more."""
        self._server.shutdown()
        self._server.server_close()

    def take_in(self, headers: Mapping[str, str], body: bytes) -> int:
        """The status that answers a webhook; it is shown from now on, whether it verified or not."""
        is_verified = is_signed(self.secret, headers, body)
        event_id = headers.get("webhook-id", "")
        with self.lock:
            status = self.answer if is_verified else 401
            copies = sum(arrival.event_id == event_id for arrival in self.arrivals)
            self.arrivals.appendleft(
                Arrival(
                    event_id, _type_of(body), body.decode(errors="replace"), datetime.now(UTC), is_verified,
                    status, copies,
                )
            )  # fmt: skip
        return status


def is_signed(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether one of the signatures is by this secret, and not from long ago (Standard Webhooks 1.0)."""
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and secret):
        return False
    if abs(time.time() - int(timestamp)) > SECONDS_OFF_MAX:
        return False
    signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
    digest = hmac.digest(b64decode(secret.removeprefix("whsec_")), signed, "sha256")
    expected = b"v1," + b64encode(digest)
    given = headers.get("webhook-signature", "").encode().split()
    return any(hmac.compare_digest(expected, signature) for signature in given)


@contextmanager
def webhook_receiver(port: int = 0) -> Iterator[WebhookReceiver]:
    """A receiver that listens until the block ends; on a free port where somebody else has this one."""
    receiver = WebhookReceiver(port)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def _type_of(body: bytes) -> str:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return "unreadable"
    return str(said.get("type", "")) if isinstance(said, dict) else "unreadable"
