"""Stores that lend, swap and take back without a pause, and a journal of all that was acknowledged."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from random import Random
from typing import Any

import msgspec

from tests.support.at_work import at_work, until_more
from tests.support.closets import Closets
from tests.support.http_socket import Answer, Broken
from tests.support.till import Till

MEMBERS = 6
_PAUSE_SECONDS = 0.02


class Entry(msgspec.Struct):
    """One request under a key of its own, and the answer that it was given first."""

    act: str
    request: bytes
    status: int = 0
    said: Any = None


class LoansBook:
    """What the stores know: each entry has happened once, or will when it is asked again."""

    def __init__(self, closets: Closets, members: list[str], uploads: dict[str, list[str]]) -> None:
        self.entries: list[Entry] = []
        self.breaks = 0
        self.acknowledged = 0
        self.put_off = 0
        self.strange: Counter[tuple[int, str]] = Counter()
        self._closets = closets
        self._members = members
        self._uploads = uploads

    @asynccontextmanager
    async def writing(self, stores: int = 12) -> AsyncIterator[None]:
        """Stores serve members for as long as the block runs, through whatever happens meanwhile."""
        workers = [partial(self._store, number) for number in range(stores)]
        async with at_work(workers):
            yield

    async def until_answered(self, more: int) -> None:
        """Returns when so many more requests were answered."""
        await until_more(lambda: self.acknowledged, more)

    async def until_put_off(self, more: int) -> None:
        """Returns when so many more requests were told to come back."""
        await until_more(lambda: self.put_off, more)

    async def settle(self) -> None:
        """Repeats everything: what was acknowledged is answered as before, byte for byte."""

        async def client(entries: list[Entry]) -> None:
            with closing(Till(self._closets.server)) as till:
                for entry in entries:
                    answer = await till.ask(entry.request)
                    if entry.status:
                        assert (answer.status, answer.body) == (entry.status, entry.said)
                    assert answer.status in (200, 201, 400), answer
                    entry.status, entry.said = answer.status, answer.body

        await asyncio.gather(*(client(self.entries[part::8]) for part in range(8)))

    async def compare(self) -> None:
        """The database holds what was answered, all of it, once, and the counts follow from it."""
        done = [entry for entry in self.entries if entry.status in (200, 201)]
        taken = {entry.said["id"] for entry in done if entry.act == "checkout"}
        swapped = {entry.said["newLoan"]["id"] for entry in done if entry.act == "swap"}
        back = {entry.said["returnedLoan"]["id"] for entry in done if entry.act == "swap"}
        back |= {entry.said["id"] for entry in done if entry.act == "return"}
        rows = await self._closets.rows(
            "select loan_id::text, returned_at is null from loans where program_id = %(program_id)s"
        )
        assert {loan_id for loan_id, _ in rows} == taken | swapped
        assert {loan_id for loan_id, is_open in rows if not is_open} == back
        for member_id in self._members:
            used, _, out, is_open = await self._closets.counts(member_id)
            assert out == is_open
            assert used <= 5000
        kinds = dict(
            await self._closets.rows(
                "select type, count(*) from events where program_id = %(program_id)s group by type"
            )
        )
        assert kinds.get("loan.checked_out", 0) == len(taken)
        assert kinds.get("loan.swapped", 0) == len(swapped)
        assert kinds.get("loan.returned", 0) == len(back)
        await self._closets.check()

    async def _store(self, number: int, over: asyncio.Event) -> None:
        random = Random(number)
        loans: list[tuple[str, str]] = []
        with closing(Till(self._closets.server)) as till:
            while not over.is_set():
                entry, member_id = self._errand(random, loans, number)
                self.entries.append(entry)
                while not await self._is_answered(till, entry):
                    if over.is_set():
                        return
                    await asyncio.sleep(_PAUSE_SECONDS)
                if entry.status == 201:
                    loans.append((member_id, entry.said["id"]))
                elif entry.status == 200 and entry.act == "swap":
                    loans.append((member_id, entry.said["newLoan"]["id"]))

    def _errand(self, random: Random, loans: list[tuple[str, str]], number: int) -> tuple[Entry, str]:
        """A checkout, or a swap or a return of what this store has lent."""
        act = random.choice(["checkout", "swap", "return"]) if loans else "checkout"
        if act == "checkout":
            member_id = random.choice(self._members)
            body: dict[str, Any] = {
                "memberId": member_id,
                "uploadIds": [self._uploads[member_id].pop()],
            }
        else:
            member_id, loan_id = loans.pop()
            body = {"memberId": member_id, "loanId": loan_id}
            if act == "swap":
                body["uploadIds"] = [self._uploads[member_id].pop()]
        return Entry(act, self._closets.request(act, number, **body)), member_id

    async def _is_answered(self, till: Till, entry: Entry) -> bool:
        try:
            answer: Answer = await till.ask(entry.request)
        except (OSError, *Broken):
            self.breaks += 1
            return False
        if answer.status == 503:
            assert "retry-after" in answer.headers
            self.put_off += 1
            return False
        if answer.status not in (200, 201, 400):
            self.strange[answer.status, str(answer.body)] += 1
            return False
        entry.status, entry.said = answer.status, answer.body
        self.acknowledged += 1
        return True


@asynccontextmanager
async def loans_book(closets: Closets, photos: int = 1500) -> AsyncIterator[LoansBook]:
    """Stores with members of a plan of thousands, of whom only some garments may be out; in the end all is
    right."""
    members = [await closets.member("PREMIUM") for _ in range(MEMBERS)]
    uploads = {member_id: await closets.photos(member_id, photos) for member_id in members}
    book = LoansBook(closets, members, uploads)
    yield book
    assert book.strange == {}
    assert any(entry.status == 400 for entry in book.entries), "nobody was refused"
    await book.settle()
    await book.compare()
