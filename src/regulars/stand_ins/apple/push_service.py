"""Apple's push service, as far as passes need it: HTTP/2 over TLS, shown a client certificate.

It can be told to misbehave for a push token, for everybody, or as a whole, and to go away and come back.
"""

import asyncio
import ssl
import tempfile
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from msgspec import Struct

from regulars.stand_ins.apple.certificates import Certificates, certificates

STREAMS_MAX = 1000
PREFIX = "/3/device/"


class Misdeed(StrEnum):
    """What the service does instead of answering."""

    HANG = "hang"
    DROP = "drop"


class Push(Struct, frozen=True):
    """One push that arrived, answered or not."""

    token: str
    topic: str
    body: bytes
    connection: int


Answer = int | Misdeed


class AppleStandIn:
    """Answers 200 unless something else is arranged. `url` is where it listens, on this machine only."""

    def __init__(self, topic: str, made: Certificates | None = None) -> None:
        self.topic = topic
        self.certificates = made or certificates()
        self.pushes: list[Push] = []
        self.connections = 0
        self.otherwise: Answer = 200
        self.retry_after: str | None = None
        self.arrived = asyncio.Event()
        self._arranged: defaultdict[str, deque[Answer]] = defaultdict(deque)
        self._always: dict[str, Answer] = {}
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where pushes go."""
        return f"https://127.0.0.1:{self._port}"

    @property
    def counts(self) -> Counter[str]:
        """How many pushes arrived for each token."""
        return Counter(push.token for push in self.pushes)

    def arrange(self, token: str, *answers: Answer) -> None:
        """The next pushes to this token are answered so, one by one."""
        self._arranged[token].extend(answers)

    def always(self, token: str, answer: Answer) -> None:
        """All pushes to this token are answered so."""
        self._always[token] = answer

    async def start(self) -> None:
        """Listens, on the port that it had before if it had one."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self._port, ssl=_server_context(self.certificates)
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Goes away without a word to anybody."""
        assert self._server is not None
        self._server.close()
        self.hang_up()
        await self._server.wait_closed()

    def hang_up(self) -> None:
        """Ends every connection, as Apple does with those that were quiet."""
        for writer in [*self._open]:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            with suppress(ConnectionError, ssl.SSLError, h2.exceptions.ProtocolError):
                await _Conversation(self, reader, writer, self.connections).hold()
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    def answer_to(self, push: Push) -> Answer:
        """What this push is answered; it counts as arrived."""
        self.pushes.append(push)
        self.arrived.set()
        if push.topic != self.topic:
            return 400
        arranged = self._arranged[push.token]
        return arranged.popleft() if arranged else self._always.get(push.token, self.otherwise)


class _Conversation:
    """One connection, with many requests under way on it."""

    def __init__(
        self, apple: AppleStandIn, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> None:
        self._apple, self._reader, self._writer, self._number = apple, reader, writer, number
        self._state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._requests: dict[int, dict[str, str]] = {}
        self._bodies: defaultdict[int, bytes] = defaultdict(bytes)

    async def hold(self) -> None:
        """Answers until either side hangs up."""
        self._state.initiate_connection()
        self._state.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS_MAX})
        self._writer.write(self._state.data_to_send())
        while data := await self._reader.read(65536):
            for event in self._state.receive_data(data):
                if not self._take(event):
                    return
            self._writer.write(self._state.data_to_send())
            await self._writer.drain()

    def _take(self, event: h2.events.Event) -> bool:
        """Whether the connection stays open after this event."""
        if isinstance(event, h2.events.RequestReceived):
            assert event.stream_id is not None and event.headers is not None
            self._requests[event.stream_id] = {_text(name): _text(value) for name, value in event.headers}
        elif isinstance(event, h2.events.DataReceived):
            assert event.stream_id is not None and event.data is not None
            self._bodies[event.stream_id] += event.data
            self._state.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            assert event.stream_id is not None
            return self._answer(event.stream_id)
        return not isinstance(event, h2.events.ConnectionTerminated)

    def _answer(self, stream: int) -> bool:
        headers, body = self._requests.pop(stream), self._bodies.pop(stream, b"")
        if headers[":method"] != "POST" or not headers[":path"].startswith(PREFIX):
            self._send(stream, 404)
            return True
        token = headers[":path"].removeprefix(PREFIX)
        push = Push(token, headers.get("apns-topic", ""), body, self._number)
        answer = self._apple.answer_to(push)
        if isinstance(answer, int):
            self._send(stream, answer)
        return answer is not Misdeed.DROP

    def _send(self, stream: int, status: int) -> None:
        headers = [(":status", str(status))]
        if status == 429 and self._apple.retry_after is not None:
            headers.append(("retry-after", self._apple.retry_after))
        self._state.send_headers(stream, headers, end_stream=True)


@asynccontextmanager
async def apple_stand_in(topic: str) -> AsyncIterator[AppleStandIn]:
    """A push service that listens until the block ends."""
    apple = AppleStandIn(topic)
    await apple.start()
    try:
        yield apple
    finally:
        await apple.stop()


def _server_context(made: Certificates) -> ssl.SSLContext:
    """Asks callers for a certificate that the made-up authority has issued."""
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cadata=made.root.certificate_pem + made.intermediate.certificate_pem
    )
    context.verify_mode = ssl.CERT_REQUIRED
    context.set_alpn_protocols(["h2"])
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
        file.write(made.server.certificate_pem + made.server.key_pem)
        file.flush()
        context.load_cert_chain(file.name)
    return context


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
