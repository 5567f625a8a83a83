"""Kiosks that enrol, reserve, redeem and earn without a pause, and a journal of all that was acknowledged."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from functools import partial
from random import Random
from typing import Any

import msgspec

from tests.support.at_work import at_work, until_more
from tests.support.counters import Counters, order, payment
from tests.support.http_socket import Answer, Broken
from tests.support.till import Till

CUSTOMERS = 5
REWARDS = 3
"""What each customer has to begin with: so few that some are refused one."""
_REFUSAL = "insufficient_rewards"
_SETTLED = {
    "upsert": ("customer_id", "wallet_token"),
    "apply": ("hold_id", "expires_at", "discount_minor"),
    "earn": ("customer_id", "points_earned", "rewards_converted"),
    "redeem": ("rewards_redeemed",),
}
"""What of an answer is the same however often it is asked for; balances are today's."""


class Entry(msgspec.Struct):
    """One request that a kiosk repeats until it is answered, and its first acknowledgement."""

    verb: str
    body: dict[str, Any]
    said: dict[str, Any] | None = None
    is_refused: bool = False


class OrdersBook:
    """What the kiosks know."""

    def __init__(self, counters: Counters, customers: list[str]) -> None:
        self.entries: list[Entry] = []
        self.breaks = 0
        self.acknowledged = 0
        self.strange: Counter[tuple[int, str]] = Counter()
        self._counters = counters
        self._customers = customers

    @asynccontextmanager
    async def writing(self, kiosks: int = 12) -> AsyncIterator[None]:
        """Kiosks serve customers for as long as the block runs, through whatever happens meanwhile."""
        workers = [partial(self._kiosk, number) for number in range(kiosks)]
        async with at_work(workers):
            yield

    async def until_answered(self, more: int) -> None:
        """Returns when so many more requests were answered."""
        await until_more(lambda: self.acknowledged, more)

    async def settle(self) -> None:
        """Repeats everything in the order of each kiosk: what was acknowledged is answered as before."""

        async def client(entries: list[Entry]) -> None:
            with closing(Till(self._counters.server)) as till:
                for entry in entries:
                    answer = await till.ask(self._counters.request(entry.verb, 0, **entry.body))
                    self._require_the_same(entry, answer)

        parts: dict[str, list[Entry]] = {}
        for entry in self.entries:
            parts.setdefault(entry.body.get("device_id", ""), []).append(entry)
        await asyncio.gather(*(client(part) for part in parts.values()))

    def _require_the_same(self, entry: Entry, answer: Answer) -> None:
        if answer.status == 200:
            assert not entry.is_refused, entry
            first = entry.said if entry.said is not None else answer.body
            assert _settled(entry.verb, answer.body) == _settled(entry.verb, first), entry
            entry.said = first
        else:
            assert (answer.error, entry.said) == (_REFUSAL, None), (entry, answer)

    async def compare(self) -> None:
        """The database holds what was answered, all of it, once."""
        said = {verb: [one for one in self.entries if one.verb == verb and one.said] for verb in _SETTLED}
        orders = await self._counters.rows(
            "select order_id, member_id::text, points_earned from paid_orders"
            " where program_id = %(program_id)s and payment_event_id not like 'evt-order-%%'"
        )
        earned = [(e.body["order_id"], e.body["customer_id"], _of(e, "points_earned")) for e in said["earn"]]
        assert sorted(orders) == sorted(earned)
        redeemed = await self._counters.rows(
            "select order_id, rewards from redeemed_orders where program_id = %(program_id)s"
        )
        told = [(e.body["order_id"], _of(e, "rewards_redeemed")) for e in said["redeem"]]
        assert sorted(redeemed) == sorted((name, rewards) for name, rewards in told if rewards)
        assert {hold for (hold,) in await self._holds()} == {_of(e, "hold_id") for e in said["apply"]}
        await self._compare_balances(len(redeemed))
        phones = {e.body["phone_raw"]: _of(e, "customer_id") for e in said["upsert"]}
        assert len(set(phones.values())) == len(phones)
        await self._counters.check()

    async def _holds(self) -> list[tuple[Any, ...]]:
        return await self._counters.rows(
            "select hold_id::text from cart_holds where program_id = %(program_id)s"
        )

    async def _compare_balances(self, redeemed: int) -> None:
        """All points that were earned are there or became rewards; so are all rewards but those redeemed."""
        [(points, converted)] = await self._counters.rows(
            "select sum(points_earned), sum(rewards_converted) from paid_orders"
            " where program_id = %(program_id)s"
        )
        balances = [await self._counters.balances(one) for one in self._customers]
        assert sum(rewards for _, rewards in balances) == converted - redeemed
        assert sum(left for left, _ in balances) == points - 100 * converted

    async def _kiosk(self, number: int, over: asyncio.Event) -> None:
        random, turn = Random(number), 0
        with closing(Till(self._counters.server)) as till:
            while not over.is_set():
                turn += 1
                for entry in self._visit(random, f"{number}-{turn}", f"kiosk_{number}"):
                    self.entries.append(entry)
                    while not await self._is_answered(till, entry):
                        if over.is_set():
                            return
                        await asyncio.sleep(0.02)

    def _visit(self, random: Random, name: str, device: str) -> list[Entry]:
        """A customer enrols; another one reserves a reward, pays, and earns."""
        customer_id, cart = random.choice(self._customers), f"cart-{name}"
        known = {"device_id": device}
        paid = payment(f"visit-{name}", cart)
        earned = order(customer_id, random.randint(100, 15_000), paid["order_id"])
        steps = [
            Entry("redeem", {**known, **paid}),
            Entry("earn", {**known, **earned, "payment_event_id": paid["payment_event_id"]}),
        ]
        # A payment may be told before the order, and after it.
        random.shuffle(steps)
        return [
            Entry("upsert", {**known, "phone_raw": self._counters.phone()}),
            # Without its key a repetition after the payment would reserve another reward.
            Entry(
                "apply",
                {**known, "customer_id": customer_id, "cart_session_id": cart, "idempotency_key": cart},
            ),
            *steps,
        ]

    async def _is_answered(self, till: Till, entry: Entry) -> bool:
        try:
            answer: Answer = await till.ask(self._counters.request(entry.verb, 0, **entry.body))
        except (OSError, *Broken):
            self.breaks += 1
            return False
        if answer.status == 200:
            entry.said = answer.body
        elif answer.error == _REFUSAL:
            entry.is_refused = True
        elif answer.status != 503 or "retry-after" not in answer.headers:
            self.strange[answer.status, str(answer.body)] += 1
        is_acknowledged = answer.status == 200 or entry.is_refused
        self.acknowledged += is_acknowledged
        return is_acknowledged


def _settled(verb: str, body: dict[str, Any]) -> list[Any]:
    return [body[name] for name in _SETTLED[verb]]


def _of(entry: Entry, name: str) -> Any:
    assert entry.said is not None
    return entry.said[name]


@asynccontextmanager
async def orders_book(counters: Counters) -> AsyncIterator[OrdersBook]:
    """Kiosks with few customers, who have rewards to begin with; in the end all is right."""
    book = OrdersBook(counters, await counters.customers(CUSTOMERS, rewards=REWARDS))
    yield book
    assert book.strange == {}
    assert any(entry.is_refused for entry in book.entries), "nobody was short of rewards"
    await book.settle()
    await book.compare()
