"""What stand-ins with pages listen with: a server for this machine alone, a thread for each connection."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Generic, TypeVar

IDLE_SECONDS_MAX = 60

StandIn = TypeVar("StandIn")


class LocalServer(ThreadingHTTPServer, Generic[StandIn]):
    """Listens on a port of this machine for a stand-in; each connection has a thread."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, stand_in: StandIn, handler: "type[LocalHandler[StandIn]]", port: int) -> None:
        super().__init__(("127.0.0.1", port), handler)
        self.stand_in = stand_in

    @classmethod
    def bound(
        cls, stand_in: StandIn, handler: "type[LocalHandler[StandIn]]", port: int
    ) -> "LocalServer[StandIn]":
        """A server on this port, or on a free one where somebody else has it or it is 0."""
        try:
            return cls(stand_in, handler, port)
        except OSError:
            return cls(stand_in, handler, 0)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


class LocalHandler(BaseHTTPRequestHandler, Generic[StandIn]):
    """Reads requests of any method and sends answers; what they are is for each stand-in to say."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS_MAX
    # Head and body in one packet: between two, the kernels of both sides would wait for each other.
    wbufsize = -1
    disable_nagle_algorithm = True
    body_bytes_max = 100_000

    @property
    def stand_in(self) -> StandIn:
        """For whom it answers."""
        assert isinstance(self.server, LocalServer)
        stand_in: StandIn = self.server.stand_in
        return stand_in

    def answer_get(self) -> None:
        """Answers a GET of `path`."""
        raise NotImplementedError

    def answer_post(self, body: bytes | None) -> None:
        """Answers a POST; `body` is None where it is longer than `body_bytes_max`."""
        raise NotImplementedError

    def do_GET(self) -> None:
        self.answer_get()

    def do_POST(self) -> None:
        length = self.headers.get("content-length") or "0"
        is_short = length.isdecimal() and int(length) <= self.body_bytes_max
        # What was not read stands in the way of the next request.
        self.close_connection = self.close_connection or not is_short
        self.answer_post(self.rfile.read(int(length)) if is_short else None)

    def is_from_here(self) -> bool:
        """Whether a form was sent by a page of ours, or by no page: other sites press no buttons here."""
        origin = self.headers.get("origin")
        return origin is None or origin == f"http://{self.headers.get('host')}"

    def send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        """Answers."""
        self.send_response(status)
        for name, value in ((headers or {}) | {"content-length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Says nothing."""
