"""The server is killed while tokens are brought: each has one effect, whether anybody was told or not."""

import asyncio
from collections import Counter
from contextlib import closing
from random import Random

import msgspec

from tests.support.http_socket import Answer, Broken
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded
from tests.support.till import Till, some_name

pytestmark = as_long_as_asked

DONE = {(200, None), (409, "TOKEN_USED")}


class Errand(msgspec.Struct):
    """A request that brings a token, and what it was answered before the server died."""

    user: str
    verb: str
    request: bytes
    answer: Answer | None = None


async def prepare(till: Till) -> list[Errand]:
    """For one member: a gift, chores, and a wish that uses up all the points there are without them."""
    user = some_name("token")
    await till.earn(user, 10)
    gift = (await till.ok("/api/tokens/give", {"userId": user, "amount": 4}))["token"]
    chores = {"userId": user, "templates": [{"id": till.keys.template_id}]}
    done = (await till.ok("/api/tokens/earn", chores))["token"]
    return [
        Errand(user, "earn", till.post_request("/api/earn/scan", {"token": gift})),
        Errand(user, "earn", till.post_request("/api/earn/scan", {"token": done})),
        Errand(user, "hold.redeem", till.approval(await till.reserve(user))),
    ]


class Crowd:
    """Clients who bring the tokens, a few at a time, until the server dies."""

    def __init__(self, server: ServerProcess, errands: list[Errand]) -> None:
        self._server = server
        self._errands = errands
        self._told = 0
        self.under_way = asyncio.Event()

    async def bring_all(self, clients: int = 6) -> None:
        """Returns when everything was answered, or nobody is there any more."""
        await asyncio.gather(*(self._bring(self._errands[number::clients]) for number in range(clients)))

    async def _bring(self, errands: list[Errand]) -> None:
        with closing(Till(self._server)) as till:
            for errand in errands:
                try:
                    errand.answer = await till.ask(errand.request)
                except (OSError, *Broken):
                    return
                self._told += 1
                if self._told * 3 > len(self._errands):
                    self.under_way.set()


async def test_each_token_has_one_effect(server: ServerProcess) -> None:
    random = Random(5)
    for _ in range(bounded(1, 20)):
        with closing(Till(server)) as till:
            errands = [errand for _ in range(30) for errand in await prepare(till)]
        random.shuffle(errands)
        crowd = Crowd(server, errands)
        bringing = asyncio.create_task(crowd.bring_all())
        await crowd.under_way.wait()
        await asyncio.to_thread(server.kill)
        await bringing
        await asyncio.to_thread(server.start)
        told = [errand.answer for errand in errands if errand.answer is not None]
        assert {answer.status for answer in told} <= {200, 503}
        assert len(told) < len(errands), "everybody was answered before it was killed"

        with closing(Till(server)) as till:
            await compare(till, errands)


async def compare(till: Till, errands: list[Errand]) -> None:
    """Whoever comes back is told that it is done, now or before; and it was done once."""
    for errand in errands:
        again = await till.ask(errand.request)
        assert (again.status, again.error) in DONE
        if errand.answer is not None and errand.answer.status == 200:
            assert again.error == "TOKEN_USED", "an acknowledged token can be used again"
    for user in {errand.user for errand in errands}:
        rows = await till.rows(user)
        assert Counter(row["verb"] for row in rows) == {"earn": 3, "hold.reserve": 1, "hold.redeem": 1}
        assert await till.balance(user) == sum(row["delta"] for row in rows) == 7
    acknowledged = {
        errand.answer.body["txId"] for errand in errands if errand.answer and errand.answer.status == 200
    }
    everybody = {row["id"] for user in {e.user for e in errands} for row in await till.rows(user)}
    assert acknowledged <= everybody
