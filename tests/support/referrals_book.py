"""Shoppers and a shop that go on whatever happens to the server, and a journal of what they were told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing, suppress
from functools import partial
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from regulars.db.database import DatabaseUnavailable
from tests.support.at_work import at_work, until_more
from tests.support.http_socket import Answer, Broken
from tests.support.markets import Markets
from tests.support.soak import bounded
from tests.support.till import Till

LONG_AGO = "2020-01-01T00:00:00Z"
OWNERS = 8
"""Few, because more new ones from one address than are believed would be flagged."""

REWARD = 1000
_PAUSE_SECONDS = 0.02
_USUAL = {"create": {201, 409}, "click": {204}, "validate": {200}, "attribute": {200}, "back": {200}}


class Entry(msgspec.Struct):
    """One request about one thing, and the answer that it was given first. `about` is a RID or an order."""

    act: str
    request: bytes
    about: str = ""
    is_due: bool = False
    status: int = 0
    said: Any = None


class ReferralsBook:
    """What shoppers and the shop know: each entry has happened once, or will when it is asked again."""

    def __init__(self, market: Markets, products: list[str]) -> None:
        self.entries: list[Entry] = []
        self.breaks = self.acknowledged = self.put_off = self.matured = 0
        self.strange: Counter[tuple[str, int, str]] = Counter()
        self.last_success_at = 0.0
        self._market = market
        self._products = products
        self._numbers = count()

    @asynccontextmanager
    async def writing(self, clients: int = 8, *, pause_seconds: float = 0) -> AsyncIterator[None]:
        """Clients ask, with pauses between, and rewards mature, for as long as the block runs."""
        shoppers = [partial(self._client, number, pause_seconds) for number in range(clients)]
        async with at_work([*shoppers, self._mature]):
            yield

    async def until_answered(self, more: int) -> None:
        """Returns when so many more requests were answered."""
        await until_more(lambda: self.acknowledged, more)

    async def heals_within(self, seconds_max: float) -> None:
        """Returns when a request has succeeded that was answered from now on; it has to in this time."""
        begun_at = asyncio.get_running_loop().time()
        async with asyncio.timeout(seconds_max):
            while self.last_success_at <= begun_at:
                await asyncio.sleep(0.01)

    async def click_once(self) -> None:
        """Somebody clicks, and is heard."""
        [rid, *_] = [
            str(entry.said["rid"]) for entry in self.entries if entry.act == "create" and entry.status
        ]
        entry = Entry("click", self._market.click(rid, f"clicker-{next(self._numbers)}"), rid)
        self.entries.append(entry)
        with closing(Till(self._market.server)) as till:
            assert await self._is_answered(till, entry)

    async def settle(self) -> None:
        """Repeats everything: it is told as before, but for a reward that has moved on since."""

        async def client(entries: list[Entry]) -> None:
            with closing(Till(self._market.server)) as till:
                for entry in entries:
                    answer = await till.ask(entry.request)
                    assert answer.status in _USUAL[entry.act], answer
                    if entry.status:
                        assert _lasting(entry.act, answer.body) == _lasting(entry.act, entry.said)
                    entry.status, entry.said = answer.status, answer.body

        await asyncio.gather(*(client(self.entries[part::8]) for part in range(8)))

    async def compare(self) -> None:
        """RIDs, orders, rewards, credit and events are those that were answered, each of them once."""
        by_act = {act: [entry for entry in self.entries if entry.act == act] for act in _USUAL}
        await self._market.mature()
        rids = await self._market.rows(
            "select rid, clicks, conversions from referrals where program_id = %(program_id)s"
        )
        clicks = Counter(entry.about for entry in by_act["click"])
        paid = Counter(entry.said["rid"] for entry in by_act["attribute"])
        assert {rid for rid, _, _ in rids} == {entry.said["rid"] for entry in by_act["create"]}
        assert Counter({rid: number for rid, number, _ in rids}) == clicks
        assert Counter({rid: number for rid, _, number in rids}) == paid
        back = {entry.about for entry in by_act["back"]}
        statuses = {entry.about: _status_of(entry, back) for entry in by_act["attribute"]}
        stored = await self._market.rows(
            "select order_id, reward_status from referral_conversions where program_id = %(program_id)s"
        )
        asked = dict.fromkeys([entry.about for entry in by_act["validate"]])
        assert dict(stored) == asked | statuses
        assert await self._market.credit() == REWARD * sum(each == "payable" for each in statuses.values())
        await self._compare_ledger_and_events(clicks, set(statuses))
        await self._market.check()

    async def _compare_ledger_and_events(self, clicks: Counter[str], paid: set[str]) -> None:
        """One transfer for each reward that was given or taken back, and one event for whatever happened."""
        rows = await self._market.rows(
            "select order_id, taken_back from referral_conversions "
            "where program_id = %(program_id)s and payable_at is not null"
        )
        given, taken = {order for order, _ in rows}, {order for order, is_taken in rows if is_taken}
        transfers = await self._market.rows(
            "select action, metadata->>'order_id' from transfers where program_id = %(program_id)s"
        )
        booked = [("referral_reward", order) for order in given]
        booked += [("referral_clawback", order) for order in taken]
        assert Counter(transfers) == Counter(booked)
        events = await self._market.rows(
            "select type, coalesce(data->>'orderId', data->>'rid') from events "
            "where program_id = %(program_id)s"
        )
        told = [("referral.click", rid) for rid in clicks.elements()]
        told += [("referral.conversion", order) for order in paid]
        told += [("referral.reward_payable", order) for order in given]
        assert Counter(events) == Counter(told)

    async def _client(self, number: int, pause_seconds: float, over: asyncio.Event) -> None:
        random = Random(number)
        rids: list[str] = []
        orders: dict[str, str] = {}
        with closing(Till(self._market.server)) as till:
            while not over.is_set():
                await asyncio.sleep(pause_seconds)
                for entry in self._errand(random, rids, orders):
                    self.entries.append(entry)
                    while not await self._is_answered(till, entry):
                        if over.is_set():
                            return
                        await asyncio.sleep(_PAUSE_SECONDS)
                    if entry.act == "create":
                        rids.append(str(entry.said["rid"]))

    def _errand(self, random: Random, rids: list[str], orders: dict[str, str]) -> list[Entry]:
        """A new RID, a click, an order that is paid, or one that comes back."""
        market, number = self._market, next(self._numbers)
        act = random.choice(["create", "click", "order", "order", "back"])
        if not rids or (act == "create" and self._products):
            owner = f"owner-{number % OWNERS}"
            return [Entry("create", market.creation(self._products.pop(), owner))]
        rid = random.choice(rids)
        if act == "back" and orders:
            order_id, _ = orders.popitem()
            way = random.choice(["refund", "cancel"])
            return [Entry("back", market.give_back(order_id, way), order_id)]
        if act in ("order", "back"):
            order_id, is_due = str(uuid4()), random.random() < 0.7
            orders[order_id] = rid
            more = {"deliveredAt": LONG_AGO} if is_due else {}
            return [
                Entry("validate", market.validation(rid, order_id), order_id),
                Entry("attribute", market.purchase(rid, order_id, **more), order_id, is_due),
            ]
        return [Entry("click", market.click(rid, f"clicker-{number}"), rid)]

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
        if answer.status not in _USUAL[entry.act]:
            self.strange[entry.act, answer.status, str(answer.body)] += 1
            return False
        entry.status, entry.said = answer.status, answer.body
        self.acknowledged += 1
        self.last_success_at = asyncio.get_running_loop().time()
        return True

    async def _mature(self, over: asyncio.Event) -> None:
        """The job, over and over, whatever it meets."""
        while not over.is_set():
            with suppress(DatabaseUnavailable):
                self.matured += await self._market.mature()
            await asyncio.sleep(_PAUSE_SECONDS)


def _lasting(act: str, said: Any) -> Any:
    """What stays of an answer however often it is given."""
    return {**said, "status": None} if act == "attribute" else said


def _status_of(entry: Entry, back: set[str]) -> str:
    """Where the reward of an order that was paid must stand."""
    if entry.about in back:
        return "cancelled"
    return "payable" if entry.is_due else "pending_hold"


@asynccontextmanager
async def referrals_book(market: Markets) -> AsyncIterator[ReferralsBook]:
    """A journal of a shop whose events are wanted; in the end everything is as it was answered."""
    products = [await market.product() for _ in range(bounded(100, 2000))]
    book = ReferralsBook(market, products)
    yield book
    assert book.strange == {}
    await book.settle()
    await book.compare()
