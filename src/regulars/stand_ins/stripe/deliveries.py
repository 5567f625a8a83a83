"""Events on their way to the webhook: signed, sent, and sent again until they were taken."""

import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from regulars.stand_ins.stripe.account import Json

UNREACHED = 0
"""What stands for an answer where nobody answered."""

_TIMEOUT_SECONDS = 15

Sign = Callable[[Json], tuple[bytes, str]]
"""Gives an event's body and its signature, made now."""


class Deliveries:
    """What the webhook answered to each event, by the event's id; one that is not there was never sent."""

    def __init__(self) -> None:
        self.answers: dict[str, int] = {}
        self._one_at_a_time = threading.Lock()

    def send(self, url: str, events: list[Json], sign: Sign) -> bool:
        """Whether there was anything to send: every event that was not taken so far, oldest first.

        It gives up at the first that reaches nobody; the next call begins there.
        """
        with self._one_at_a_time:
            waiting = [event for event in events if not self.was_taken(event)]
            for event in waiting:
                self.answers[event["id"]] = _posted(url, *sign(event))
                if self.answers[event["id"]] == UNREACHED:
                    break
            return bool(waiting)

    def was_taken(self, event: Json) -> bool:
        """Whether the webhook has said that it has the event."""
        return 200 <= self.answers.get(event["id"], UNREACHED) < 300


def _posted(url: str, body: bytes, signature: str) -> int:
    """The status of the answer."""
    address = urlsplit(url)
    assert address.hostname is not None, "the webhook has an address"
    connection = HTTPConnection(address.hostname, address.port, timeout=_TIMEOUT_SECONDS)
    try:
        headers = {"content-type": "application/json", "stripe-signature": signature}
        connection.request("POST", address.path, body, headers)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return UNREACHED
    finally:
        connection.close()
