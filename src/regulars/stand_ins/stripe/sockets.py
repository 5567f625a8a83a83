"""The sockets of the stand-in for Stripe: how it reads requests, and misbehaves."""

import re
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

import msgspec

from regulars.stand_ins.stripe.account import Json
from regulars.stand_ins.stripe.interface import error_of
from regulars.stand_ins.stripe.pages import Page, page_for

if TYPE_CHECKING:
    from regulars.stand_ins.stripe.stand_in import StripeStandIn

API = "/v1/"
BODY_BYTES_MAX = 1_000_000
IDLE_SECONDS_MAX = 60


class StandInServer(ThreadingHTTPServer):
    """Listens on a port of this machine; each connection has a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, stand_in: "StripeStandIn", port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.stand_in = stand_in

    @classmethod
    def bound(cls, stand_in: "StripeStandIn", port: int) -> "StandInServer":
        """A server on this port, or on a free one where somebody else has it or it is 0."""
        try:
            return cls(stand_in, port)
        except OSError:
            return cls(stand_in, 0)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS_MAX
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
        length = self.headers.get("content-length") or "0"
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._answer(413, error_of("invalid_request_error", "That is too much"))
            return
        self._serve(_nested(self.rfile.read(int(length)).decode(errors="replace")))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""

    def _serve(self, form: Json) -> None:
        address = urlsplit(self.path)
        if address.path.startswith(API):
            self._serve_api(address.path, form | _nested(address.query))
        elif self.command == "POST" and not self._is_from_here():
            self._show(Page(403, b"This has to be asked for on a page of this server."))
        else:
            self._show(page_for(self._stand_in, self.command, address.path, form))

    def _serve_api(self, path: str, asked: Json) -> None:
        trouble = self._stand_in.trouble_for(self.command, path, self.headers)  # type: ignore[arg-type]
        if trouble == "hang":
            self._stand_in.released.wait()
        if trouble in ("hang", "drop"):
            self.close_connection = True
        elif trouble in ("429", "500"):
            self._answer(int(trouble), error_of("api_error", "This is a test"))
        else:
            answer = self._stand_in.answer(self.command, path, asked, self.headers)  # type: ignore[arg-type]
            if trouble == "late":
                self._stand_in.late_ones_may_go.wait()
            if trouble == "drop_after":
                self.close_connection = True
            else:
                self._answer(*answer)

    def _is_from_here(self) -> bool:
        """Whether a form was sent by a page of ours, or by no page: other sites press no buttons here."""
        origin = self.headers.get("origin")
        return origin is None or origin == f"http://{self.headers.get('host')}"

    def _show(self, page: Page) -> None:
        self._send(page.status, page.body, {"content-type": "text/html; charset=utf-8"} | page.headers)

    def _answer(self, status: int, body: Json) -> None:
        self._send(status, msgspec.json.encode(body), {"content-type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (headers | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _nested(text: str) -> Json:
    """A form or query in Stripe's spelling, `metadata[venue_id]=venue_001`, as nested objects."""
    asked: Json = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name) or [name]
        holder = asked
        for step in path:
            if not isinstance(holder.get(step), dict):
                holder[step] = {}
            holder = holder[step]
        holder[last] = value
    return asked
