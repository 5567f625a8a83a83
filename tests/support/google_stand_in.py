"""Google Wallet's service, as far as passes need it: classes, objects, and tokens for a service account.

It checks what it is told as strictly as it can, and misbehaves on request: answers what it is told to, hangs,
drops connections, lets tokens lapse, goes away and comes back.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from functools import cache
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

EMAIL = "wallet@regulars.example"
SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ISSUER = "3388000000012345678"
KINDS = ("loyaltyClass", "loyaltyObject")

Content = dict[str, Any]


class Misdeed(StrEnum):
    """What the service does instead of answering."""

    HANG = "hang"
    DROP = "drop"


Answer = int | Misdeed


class Call(msgspec.Struct, frozen=True):
    """One request that arrived."""

    method: str
    path: str
    content: Content


@cache
def service_account_key() -> rsa.RSAPrivateKey:
    """The key that the service account signs with; made once for each process."""
    return rsa.generate_private_key(65537, 2048)


def service_account_pem() -> str:
    """The key as the service account's file holds it."""
    return service_account_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class GoogleStandIn:
    """`url` is where it listens, on this machine only."""

    def __init__(self) -> None:
        self.classes: dict[str, Content] = {}
        self.objects: dict[str, Content] = {}
        self.calls: list[Call] = []
        self.grants = 0
        self.connections = 0
        self.otherwise: Answer | None = None
        self.grants_otherwise: Answer | None = None
        self.retry_after: str | None = None
        self.arrived = asyncio.Event()
        self._arranged: deque[Answer] = deque()
        self._tokens: set[str] = set()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        """Where it is reached; /v1 is the interface, /token gives tokens, /save begins links."""
        return f"http://127.0.0.1:{self._port}"

    def arrange(self, *answers: Answer) -> None:
        """The next calls about classes and objects are answered so, one by one."""
        self._arranged.extend(answers)

    def expire_tokens(self) -> None:
        """No token that was given is taken any more."""
        self._tokens.clear()

    def made(self, method: str) -> list[Call]:
        """The calls of this method about objects."""
        return [call for call in self.calls if call.method == method and "loyaltyObject" in call.path]

    async def start(self) -> None:
        """Listens, on the port that it had before if it had one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Goes away without a word to anybody."""
        assert self._server is not None
        self._server.close()
        for writer in [*self._open]:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._converse(reader, writer):
                    pass
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Takes one request and answers it; False to hang up."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        request, *lines = head.split("\r\n")
        method, path, _ = request.split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        answer = self._answer(method, path, headers, body)
        self.arrived.set()
        if answer is Misdeed.DROP:
            return False
        if answer is Misdeed.HANG:
            await reader.read()
            return False
        assert isinstance(answer, tuple)
        status, content = answer
        payload = msgspec.json.encode(content)
        extra = f"retry-after: {self.retry_after}\r\n" if self.retry_after and status == 429 else ""
        writer.write(
            f"HTTP/1.1 {status} Status\r\ncontent-type: application/json\r\n{extra}"
            f"content-length: {len(payload)}\r\n\r\n".encode()
            + payload
        )
        await writer.drain()
        return True

    def _answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, Content] | Misdeed:
        if path == "/token":
            self.grants += 1
            return _instead(self.grants_otherwise) or self._grant(body)
        content = msgspec.json.decode(body) if body else {}
        self.calls.append(Call(method, path, content))
        instead = _instead(self._arranged.popleft() if self._arranged else self.otherwise)
        if instead is not None:
            return instead
        if headers.get("authorization", "").removeprefix("Bearer ") not in self._tokens:
            return 401, {}
        return self._do(method, path.removeprefix("/v1/").split("/"), content)

    def _grant(self, body: bytes) -> tuple[int, Content]:
        """A token for whoever proves to be the service account."""
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        try:
            claims = jwt.decode(
                form["assertion"],
                service_account_key().public_key(),
                algorithms=["RS256"],
                audience=f"{self.url}/token",
                issuer=EMAIL,
                options={"verify_exp": False, "verify_iat": False},
            )
        except (jwt.InvalidTokenError, KeyError):
            return 400, {"error": "invalid_grant"}
        if form["grant_type"] != GRANT_TYPE or claims["scope"] != SCOPE:
            return 400, {"error": "invalid_scope"}
        token = secrets.token_hex(16)
        self._tokens.add(token)
        return 200, {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}

    def _do(self, method: str, parts: list[str], content: Content) -> tuple[int, Content]:
        if not parts or parts[0] not in KINDS:
            return 404, {}
        known = self.classes if parts[0] == "loyaltyClass" else self.objects
        if method == "POST" and len(parts) == 1:
            return self._create(parts[0], known, content)
        if len(parts) != 2 or parts[1] not in known:
            return 404, {}
        if method == "PATCH":
            known[parts[1]] |= content
        return 200, known[parts[1]]

    def _create(self, kind: str, known: dict[str, Content], content: Content) -> tuple[int, Content]:
        name = content.get("id", "")
        if not name.startswith(f"{ISSUER}."):
            return 403, {}
        if name in known:
            return 409, {}
        needed = ("issuerName", "programName", "reviewStatus") if kind == "loyaltyClass" else ("state",)
        if any(field not in content for field in needed):
            return 400, {}
        if kind == "loyaltyObject" and content.get("classId") not in self.classes:
            return 404, {}
        known[name] = content
        return 200, content

    def save(self, link: str) -> Content:
        """The object that a customer gets who follows the link, as Google would make it or knows it."""
        token = link.removeprefix(f"{self.url}/save/")
        claims = jwt.decode(
            token,
            service_account_key().public_key(),
            algorithms=["RS256"],
            audience="google",
            issuer=EMAIL,
            options={"verify_iat": False},
        )
        assert claims["typ"] == "savetowallet"
        [content] = claims["payload"]["loyaltyObjects"]
        assert content["classId"] in self.classes, "the class has to be there before the link is used"
        found = self.objects.setdefault(content["id"], content)
        assert "state" in found, "a link with ids only needs an object that is there"
        return found


@asynccontextmanager
async def google_stand_in() -> AsyncIterator[GoogleStandIn]:
    """A wallet service that listens until the block ends."""
    google = GoogleStandIn()
    await google.start()
    try:
        yield google
    finally:
        await google.stop()


def _instead(answer: Answer | None) -> tuple[int, Content] | Misdeed | None:
    """What is answered in place of the truth."""
    return (answer, {}) if isinstance(answer, int) else answer
