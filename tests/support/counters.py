"""Two venues of a program of their own on a running server, whose kiosks call it over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from typing import Any, LiteralString

from regulars.base.clock import utc_now
from regulars.contracts.sessions.context import INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.kiosk import verify as kiosk
from regulars.features.ledger import verify as ledger
from regulars.features.memberships import verify as memberships
from regulars.settings_secrets import generated_secret_key
from tests.support.http_socket import Answer, post_bytes
from tests.support.kiosks import HEADERS, SECOND, VENUE
from tests.support.server_process import ServerProcess
from tests.support.till import Till, at_once, some_name

KIOSKS = 3
_CLIENTS = 8
_PATHS = {
    "upsert": "/loyalty/upsert-customer-by-phone",
    "resolve": "/loyalty/resolve-customer-from-pass-token",
    "balance": "/loyalty/get-balance",
    "attach": "/loyalty/attach-customer-to-cart-session",
    "apply": "/loyalty/apply-reward-to-cart",
    "earn": "/loyalty/earn-points-from-paid-order",
    "redeem": "/loyalty/redeem-reward-after-payment",
    "grants": "/loyalty/monthly-reward-grant-job",
}


class Counters:
    """What the kiosks of a program know, and what its operator sees in the database."""

    def __init__(
        self, server: ServerProcess, database: Database, program_id: int, kiosks: list[str], internal: str
    ) -> None:
        self.server = server
        self.database = database
        self.program_id = program_id
        self._kiosks = kiosks
        self._internal = internal
        self._phones = 0

    def request(self, verb: str, turn: int = 0, /, **body: Any) -> bytes:
        """A request as it goes over the wire, of one kiosk or another; jobs are the shop's own server's."""
        if verb == "grants":
            return post_bytes(_PATHS[verb], {}, {HEADERS[INTERNAL_SCOPE]: self._internal})
        kiosk = {HEADERS[KIOSK_SCOPE]: self._kiosks[turn % KIOSKS]}
        return post_bytes(_PATHS[verb], {"venue_id": VENUE, **body}, kiosk)

    async def at_once(self, requests: Sequence[bytes]) -> list[Answer]:
        """The answers to requests that arrive together, at both workers."""
        return await at_once(self.server, requests)

    async def ok(self, verb: str, **body: Any) -> dict[str, Any]:
        """The body of an answer that must be a success."""
        [said] = await self.all_ok([self.request(verb, **body)])
        return said

    async def all_ok(self, requests: Sequence[bytes]) -> list[dict[str, Any]]:
        """The bodies of answers that must be successes, asked for by a few clients."""
        said: dict[int, dict[str, Any]] = {}

        async def client(part: int) -> None:
            with closing(Till(self.server)) as till:
                for number in range(part, len(requests), _CLIENTS):
                    answer = await till.ask(requests[number])
                    assert answer.status == 200, answer
                    said[number] = answer.body

        await asyncio.gather(*(client(part) for part in range(min(_CLIENTS, len(requests)))))
        return [said[number] for number in range(len(requests))]

    def phone(self) -> str:
        """A number that nobody has yet."""
        self._phones += 1
        return f"+447700{900_000 + self._phones}"

    async def customers(self, count: int, rewards: int = 0) -> list[str]:
        """The ids of new customers, each with so many rewards of the first venue."""
        enrolled = await self.all_ok([self.request("upsert", phone_raw=self.phone()) for _ in range(count)])
        ids = [str(one["customer_id"]) for one in enrolled]
        if rewards:
            await self.all_ok([self.request("earn", **order(one, rewards * 10_000)) for one in ids])
        return ids

    async def customer(self, rewards: int = 0) -> str:
        """The id of a new customer with so many rewards."""
        [customer_id] = await self.customers(1, rewards)
        return customer_id

    async def balances(self, customer_id: str) -> tuple[int, int]:
        """Points and rewards at the first venue."""
        said = await self.ok("balance", customer_id=customer_id)
        return said["points_balance"], said["rewards_balance"]

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """Ledger, orders, holds of carts and memberships agree."""
        async with self.database.connection() as connection:
            for feature in (ledger, kiosk, memberships):
                assert await feature.verify(connection) == []


def order(
    customer_id: str | None, total_minor: int, order_id: str | None = None, **more: Any
) -> dict[str, Any]:
    """A paid order, under a number that no other has unless one is given."""
    order_id = order_id or some_name("order")
    named: dict[str, Any] = {} if customer_id is None else {"customer_id": customer_id}
    paid = {"order_id": order_id, "payment_event_id": f"evt-{order_id}", "total_minor": total_minor}
    return {**paid, **named, **more}


def payment(order_id: str, cart_session_id: str | None = None) -> dict[str, Any]:
    """The same order as one that redeems what was reserved."""
    body = {"order_id": order_id, "payment_event_id": f"evt-{order_id}"}
    return body if cart_session_id is None else {**body, "cart_session_id": cart_session_id}


@asynccontextmanager
async def open_counters(server: ServerProcess, **settings: Any) -> AsyncIterator[Counters]:
    """Two venues on the server, whose database is open beside it; at the end everything agrees.

    `settings` are the program's, without their `sessions.`; as many may be enrolled as like.
    """
    database = await Database.open(server.site.cluster.conninfo())
    slug, now = some_name("counters"), utc_now()
    secret_key = generated_secret_key(server.site.directory)
    chosen = {"enrolments_per_minute": 0, **settings}
    async with database.transaction() as connection:
        program = await access.create_program(
            connection,
            slug=slug,
            name=slug,
            currency="GBP",
            time_zone="Europe/London",
            settings={f"sessions.{name}": value for name, value in chosen.items()},
            now=now,
        )
        for venue in (VENUE, SECOND):
            await access.create_location(connection, program.program_id, slug=venue, name=venue, now=now)
        keys = []
        for scope in [KIOSK_SCOPE] * KIOSKS + [INTERNAL_SCOPE]:
            issued = await access.issue_credential(
                connection, secret_key, program.program_id, name=scope, scopes={scope}, now=now
            )
            keys.append(issued.key)
    counters = Counters(server, database, program.program_id, keys[:KIOSKS], keys[KIOSKS])
    try:
        yield counters
        await counters.check()
    finally:
        await database.close()
