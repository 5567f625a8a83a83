"""Clients of a running server: one that asks and expects an answer, and many that come at the same moment."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from tests.support.http_socket import Answer, Broken, HttpSocket, delete_bytes, get_bytes, post_bytes
from tests.support.server_process import ServerProcess
from tests.support.site import Keys

SPREAD_SECONDS_MAX = 20


class Till:
    """A client with the admin key of one program, and a connection that it keeps."""

    def __init__(self, server: ServerProcess, program: str = "family") -> None:
        self.server = server
        self.keys: Keys = server.site.keys[program]
        self._socket: HttpSocket | None = None

    def headers(self, key: str | None = None) -> dict[str, str]:
        """The headers of a request, under an idempotency key if one is given."""
        given = {"X-Admin-Key": self.keys.admin, "X-Actor-Role": "admin"}
        return given if key is None else given | {"Idempotency-Key": key}

    def post_request(self, path: str, body: Any = None, *, key: str | None = None) -> bytes:
        """A POST as it goes over the wire."""
        return post_bytes(path, {} if body is None else body, self.headers(key))

    def delete_request(self, path: str) -> bytes:
        """A DELETE as it goes over the wire."""
        return delete_bytes(path, self.headers())

    def approval(self, hold: dict[str, Any]) -> bytes:
        """A request that debits the hold."""
        return self.post_request(f"/api/holds/{hold['holdId']}/approve", {"token": hold["token"]})

    def cancellation(self, hold: dict[str, Any]) -> bytes:
        """A request that lets the hold go."""
        return self.post_request(f"/api/holds/{hold['holdId']}/cancel")

    async def ask(self, request: bytes) -> Answer:
        """The answer, on the connection of before if it still stands. Raises OSError or one of `Broken`."""
        if self._socket is None:
            self._socket = await HttpSocket.open(self.server.port)
        try:
            return await self._socket.ask(request)
        except Broken:
            self.close()
            raise

    async def post(self, path: str, body: Any = None, *, key: str | None = None) -> Answer:
        """The answer to a POST."""
        return await self.ask(self.post_request(path, body, key=key))

    async def get(self, path: str) -> Any:
        """What a GET that must work says."""
        answer = await self.ask(get_bytes(path, self.headers()))
        assert answer.status == 200, answer
        return answer.body

    async def ok(self, path: str, body: Any = None, *, key: str | None = None) -> dict[str, Any]:
        """What a POST that must work says."""
        answer = await self.post(path, body, key=key)
        assert answer.status in (200, 201), answer
        said: dict[str, Any] = answer.body
        return said

    async def earn(self, user_id: str, amount: int) -> str:
        """The id of an earn that must work; it makes the member if need be."""
        said = await self.ok("/ck/earn", {"user_id": user_id, "amount": amount})
        return str(said["txId"])

    async def redeem(self, user_id: str, amount: int) -> str:
        """The id of a redeem that must work."""
        return str((await self.ok("/ck/redeem", {"user_id": user_id, "amount": amount}))["txId"])

    async def reserve(self, user_id: str) -> dict[str, Any]:
        """A new hold of ten points."""
        return await self.ok("/api/holds", {"userId": user_id, "itemId": self.keys.reward_id})

    async def balance(self, user_id: str) -> int:
        """What the member has."""
        return int((await self.get(f"/balance/{user_id}"))["balance"])

    async def rows(self, user_id: str) -> list[dict[str, Any]]:
        """All that ever happened to the member, newest first."""
        rows: list[dict[str, Any]] = []
        while True:
            page = await self.get(f"/api/history?userId={user_id}&limit=500&offset={len(rows)}")
            rows += page["rows"]
            if len(page["rows"]) < 500:
                return rows

    def close(self) -> None:
        """Hangs up; the next request makes a new connection."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def refund_of(user: str, redeem_id: str, amount: int) -> dict[str, Any]:
    """The body of a refund."""
    return {"user_id": user, "redeem_tx_id": redeem_id, "amount": amount, "reason": "mis_tap"}


async def at_once(server: ServerProcess, requests: Sequence[bytes]) -> list[Answer]:
    """The answers to requests whose last bytes arrive together, spread over both workers.

    Each request has a connection of its own and has been read by its worker up to the last byte.
    """
    sockets = await _spread_sockets(server, len(requests))
    for socket, request in zip(sockets, requests, strict=True):
        await socket.send(request[:-1])
    # All but the last bytes are in the hands of the workers before the first request is complete.
    await asyncio.sleep(0.05)
    for socket, request in zip(sockets, requests, strict=True):
        await socket.send(request[-1:])
    answers = await asyncio.gather(*(socket.receive() for socket in sockets))
    for socket in sockets:
        socket.close()
    return list(answers)


async def _spread_sockets(server: ServerProcess, count: int) -> list[HttpSocket]:
    """Connections of which every worker has some; a server is ready before all of its workers are."""
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + SPREAD_SECONDS_MAX
    while loop.time() < ends_at:
        sockets = await asyncio.gather(*(HttpSocket.open(server.port) for _ in range(count)))
        await asyncio.sleep(0.05)
        owners = Counter(server.owners(socket.local_port for socket in sockets).values())
        if len(owners) > 1 and min(owners.values()) * 10 >= count:
            return sockets
        for socket in sockets:
            socket.close()
    raise AssertionError(f"one worker takes all the connections:\n{server.said()}")


def statuses(answers: Sequence[Answer]) -> Counter[tuple[int, str | None]]:
    """How often each status and error word was answered."""
    return Counter((answer.status, answer.error) for answer in answers)


def some_name(what: str) -> str:
    """A user id that no other test has."""
    return f"{what}-{uuid4().hex[:8]}"
