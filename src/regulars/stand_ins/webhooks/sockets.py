"""The socket of the receiver: webhooks on one path, its page and the page's buttons on the others."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from regulars.stand_ins.webhooks.pages import HEADERS, page_of

if TYPE_CHECKING:
    from regulars.stand_ins.webhooks.receiver import WebhookReceiver

BODY_BYTES_MAX = 100_000
IDLE_SECONDS_MAX = 60


class ReceiverServer(ThreadingHTTPServer):
    """Listens on a port of this machine; each connection has a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, receiver: "WebhookReceiver", port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.receiver = receiver

    @classmethod
    def bound(cls, receiver: "WebhookReceiver", port: int) -> "ReceiverServer":
        """A server on this port, or on a free one where somebody else has it or it is 0."""
        try:
            return cls(receiver, port)
        except OSError:
            return cls(receiver, 0)

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
    def _receiver(self) -> "WebhookReceiver":
        assert isinstance(self.server, ReceiverServer)
        return self.server.receiver

    def do_GET(self) -> None:
        if self.path == "/":
            with self._receiver.lock:
                page = page_of(list(self._receiver.arrivals), self._receiver.answer)
            self._send(200, page, HEADERS)
        else:
            self._send(404)

    def do_POST(self) -> None:
        length = self.headers.get("content-length") or "0"
        if not length.isdecimal() or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            self._send(413)
            return
        body = self.rfile.read(int(length))
        if self.path == "/hook":
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._send(self._receiver.take_in(headers, body))
        elif self.path == "/answer" and self._is_from_here():
            self._choose_answer(body)
        else:
            self._send(404)

    def _choose_answer(self, body: bytes) -> None:
        from regulars.stand_ins.webhooks.receiver import ANSWERS

        chosen = parse_qs(body.decode(errors="replace")).get("status", [""])[0]
        if chosen in map(str, ANSWERS):
            with self._receiver.lock:
                self._receiver.answer = int(chosen)
        self._send(303, headers={"location": "/"})

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""

    def _is_from_here(self) -> bool:
        """Whether a form was sent by a page of ours, or by no page: other sites press no buttons here."""
        origin = self.headers.get("origin")
        return origin is None or origin == f"http://{self.headers.get('host')}"

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ((headers or {}) | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
