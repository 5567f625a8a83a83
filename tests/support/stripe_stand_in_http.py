"""The sockets of the stand-in for Stripe: how it reads requests, misbehaves, and shows the page to pay on."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

if TYPE_CHECKING:
    from tests.support.stripe_stand_in import StripeStandIn

Json = dict[str, Any]

PAY_PAGE = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<title>Checkout</title><h1>Membership</h1><p>{amount}, every month. This is no real payment.</p>
<form method="post"><button>Pay</button></form><p><a href="{cancel_url}">Back</a></p></html>"""


class StandInServer(ThreadingHTTPServer):
    """Listens on a free port of this machine; each connection has a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, stand_in: "StripeStandIn") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.stand_in = stand_in


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body in one packet: between two, the kernels of both sides would wait for each other.
    wbufsize = -1
    disable_nagle_algorithm = True

    @property
    def _stand_in(self) -> "StripeStandIn":
        assert isinstance(self.server, StandInServer)
        return self.server.stand_in

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        self._serve(_nested(self.rfile.read(length).decode()))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""

    def _serve(self, form: Json) -> None:
        address = urlsplit(self.path)
        if address.path.startswith("/pay/"):
            self._serve_page(address.path.removeprefix("/pay/"))
            return
        self._stand_in.requests.append((self.command, address.path))
        self._stand_in.headers.append(dict(self.headers))
        trouble = self._stand_in.next_trouble()
        if trouble == "hang":
            self._stand_in.released.wait()
        if trouble in ("hang", "drop"):
            self.close_connection = True
        elif trouble in ("429", "500"):
            self._answer(int(trouble), error_of("api_error", "This is a test"))
        else:
            asked = form | _nested(address.query)
            answer = self._stand_in.answer(self.command, address.path, asked, self.headers)
            if trouble == "late":
                self._stand_in.late_ones_may_go.wait()
            if trouble == "drop_after":
                self.close_connection = True
            else:
                self._answer(*answer)

    def _serve_page(self, session_id: str) -> None:
        account = self._stand_in.account
        with self._stand_in.lock:
            session = account.objects.get(session_id)
            is_open = session is not None and session["status"] == "open"
            if is_open and self.command == "POST":
                account.complete(session_id)
        if session is None or not is_open:
            self._send(404, b"This checkout is over.", {"content-type": "text/plain"})
        elif self.command == "POST":
            self._stand_in.deliver()
            self._send(303, b"", {"location": session["success_url"]})
        else:
            amount = f"{account.amount_minor / 100:.2f} {account.currency.upper()}"
            page = PAY_PAGE.format(amount=amount, cancel_url=session["cancel_url"])
            self._send(200, page.encode(), {"content-type": "text/html; charset=utf-8"})

    def _answer(self, status: int, body: Json) -> None:
        self._send(status, msgspec.json.encode(body), {"content-type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def error_of(kind: str, message: str, **more: str) -> Json:
    """An error as Stripe tells it."""
    return {"error": {"type": kind, "message": message, **more}}


def _nested(text: str) -> Json:
    """A form or query in Stripe's spelling, `metadata[venue_id]=venue_001`, as nested objects."""
    asked: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name)
        holder = asked
        for step in path:
            holder = holder.setdefault(step, {})
        holder[last] = value
    return asked
