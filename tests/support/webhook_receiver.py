"""A server on this machine that takes Stripe's events in, or says that it does not."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgspec


class Receiver:
    """What came in: the type and the signature of each event. It answers `status`."""

    def __init__(self, port: int) -> None:
        self.status = 200
        self.types: list[str] = []
        self.signatures: list[str] = []
        self.url = f"http://127.0.0.1:{port}/loyalty/stripe-webhook"


class _Server(ThreadingHTTPServer):
    receiver: Receiver


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.receiver.types.append(msgspec.json.decode(body)["type"])
        self.server.receiver.signatures.append(self.headers["stripe-signature"])
        self.send_response(self.server.receiver.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing."""


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """A receiver that listens until the block ends."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.receiver = Receiver(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=[0.05], daemon=True).start()
    try:
        yield server.receiver
    finally:
        server.shutdown()
        server.server_close()
