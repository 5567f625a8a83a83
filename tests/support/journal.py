"""Clients under load that write down what they asked for and what they were told, and compare afterwards."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from tests.support.at_work import at_work
from tests.support.http_socket import Answer, Broken
from tests.support.server_process import ServerProcess
from tests.support.soak import bounded
from tests.support.till import Till, refund_of, some_name

POINTS = 1_000_000
_PAUSE_SECONDS = 0.02


class Entry(msgspec.Struct):
    """A request under a key of its own, and the posting that it was acknowledged with."""

    request: bytes
    tx_id: str | None = None


class Journal:
    """What the clients of one server know: each entry has happened once, or will when it is asked again."""

    def __init__(self, server: ServerProcess) -> None:
        self.entries: list[Entry] = []
        self.answers: Counter[tuple[int, str | None]] = Counter()
        self.breaks = 0
        self.longest_seconds = 0.0
        self.last_success_at = 0.0
        self.without_retry_after = 0
        self._server = server
        self._users = [some_name("journal") for _ in range(5)]
        self._opening: list[str] = []

    @property
    def acknowledged(self) -> int:
        """How many entries were acknowledged."""
        return sum(entry.tx_id is not None for entry in self.entries)

    def times(self, status: int) -> int:
        """How often a status was answered."""
        return sum(times for (answered, _), times in self.answers.items() if answered == status)

    @asynccontextmanager
    async def writing(self, clients: int = 12) -> AsyncIterator[None]:
        """Clients write for as long as the block runs, through whatever happens to the server meanwhile."""
        if not self._opening:
            with closing(Till(self._server)) as till:
                self._opening = [await till.earn(user, POINTS) for user in self._users]
        workers = [partial(self._client, Random(number)) for number in range(clients)]
        async with at_work(workers):
            yield

    async def settle(self) -> None:
        """Asks again for what was never acknowledged, and for some of the rest: the answer is as before."""
        acknowledged = [entry for entry in self.entries if entry.tx_id is not None]
        again = Random(0).sample(acknowledged, min(len(acknowledged), bounded(400, len(acknowledged))))
        again += [entry for entry in self.entries if entry.tx_id is None]

        async def client(entries: list[Entry]) -> None:
            with closing(Till(self._server)) as till:
                for entry in entries:
                    tx_id = tx_id_of(await till.ask(entry.request))
                    assert tx_id is not None
                    assert entry.tx_id in (None, tx_id), "an acknowledged posting was forgotten"
                    entry.tx_id = tx_id

        await asyncio.gather(*(client(again[part::8]) for part in range(8)))

    async def compare(self) -> None:
        """The history holds each entry once and nothing else, and the balances follow from it."""
        with closing(Till(self._server)) as till:
            rows = {user: await till.rows(user) for user in self._users}
            for user in self._users:
                assert await till.balance(user) == sum(row["delta"] for row in rows[user])
        found = Counter(row["id"] for each in rows.values() for row in each)
        assert found == Counter([*self._opening, *(str(entry.tx_id) for entry in self.entries)])

    async def _client(self, random: Random, over: asyncio.Event) -> None:
        with closing(Till(self._server)) as till:
            for number in count():
                user = self._users[(number + random.randrange(5)) % 5]
                if over.is_set() or not await self._errand(till, user, random, over):
                    return

    async def _errand(self, till: Till, user: str, random: Random, over: asyncio.Event) -> bool:
        """Whether a few requests that belong together were all acknowledged before it was over."""
        if random.random() < 0.5:
            earn = till.post_request("/ck/earn", {"user_id": user, "amount": 3}, key=str(uuid4()))
            return await self._write(till, earn, over) is not None
        if random.random() < 0.5:
            redeem = till.post_request("/ck/redeem", {"user_id": user, "amount": 2}, key=str(uuid4()))
            redeemed = await self._write(till, redeem, over)
            if redeemed is None:
                return False
            refund = till.post_request(
                "/ck/refund", refund_of(user, str(tx_id_of(redeemed)), 1), key=str(uuid4())
            )
            return await self._write(till, refund, over) is not None
        body = {"userId": user, "itemId": till.keys.reward_id}
        held = await self._write(till, till.post_request("/api/holds", body, key=str(uuid4())), over)
        if held is None:
            return False
        cancel = till.post_request(f"/api/holds/{held.body['holdId']}/cancel", key=str(uuid4()))
        return await self._write(till, cancel, over) is not None

    async def _write(self, till: Till, request: bytes, over: asyncio.Event) -> Answer | None:
        """The acknowledgement, asked for until it comes; None when it was over before."""
        entry = Entry(request)
        self.entries.append(entry)
        while True:
            answer = await self._ask(till, request)
            if answer is not None:
                entry.tx_id = tx_id_of(answer)
                if entry.tx_id is not None:
                    return answer
            if over.is_set():
                return None
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask(self, till: Till, request: bytes) -> Answer | None:
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        try:
            answer = await till.ask(request)
        except (OSError, *Broken):
            self.breaks += 1
            return None
        self.longest_seconds = max(self.longest_seconds, loop.time() - asked_at)
        self.answers[answer.status, answer.error] += 1
        if answer.status < 300:
            self.last_success_at = loop.time()
        if answer.status == 503 and "retry-after" not in answer.headers:
            self.without_retry_after += 1
        return answer

    async def heals_within(self, seconds_max: float) -> None:
        """Returns when a request has succeeded that was answered from now on; it has to in this time."""
        begun_at = asyncio.get_running_loop().time()
        async with asyncio.timeout(seconds_max):
            while self.last_success_at <= begun_at:
                await asyncio.sleep(0.02)

    def strange_answers(self) -> dict[tuple[int, str | None], int]:
        """The answers that are neither a success, nor the repetition of one, nor a 503."""
        usual = (200, 201, 503)
        return {
            said: times
            for said, times in self.answers.items()
            if said[0] not in usual and said[1] != "REFUND_EXISTS"
        }


def tx_id_of(answer: Answer) -> str | None:
    """Which posting an answer acknowledges: a new one, or the one that the same key made before."""
    body: dict[str, Any] = answer.body
    if answer.error == "REFUND_EXISTS":
        return str(body["existing"]["id"])
    return str(body["txId"]) if answer.status in (200, 201) else None
