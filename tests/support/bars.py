"""Two hotels of a program of their own on a running server, whose tills call it over HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString

import httpx2

from regulars.base.clock import utc_now
from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Identifier
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoTerms
from regulars.features.sales import verify
from regulars.features.tiers import actions as tiers
from regulars.settings_secrets import generated_secret_key
from tests.support.http_socket import Answer, post_bytes
from tests.support.server_process import ServerProcess
from tests.support.till import Till, at_once, some_name

BASE = "/wp-json/loyalty/v1"
HOTELS = ("high-street", "number-four")
LINES = [
    {"product_name": "Guinness", "product_group": "Drinks", "quantity": 2, "price": 5.5, "stock_type": "wet"},
    {"product_name": "Fish & Chips", "quantity": 1, "price": 14.95, "stock_type": "dry"},
]


class Bars:
    """What the tills of a program know, and what its operator sees in the database."""

    def __init__(self, server: ServerProcess, database: Database, program_id: int, keys: list[str]) -> None:
        self.server = server
        self.database = database
        self.program_id = program_id
        self.keys = keys

    def request(self, path: str, body: Any, hotel: int = 0) -> bytes:
        """A POST of a hotel's till as it goes over the wire."""
        return post_bytes(BASE + path, body, {"X-API-Key": self.keys[hotel]})

    async def at_once(self, requests: Sequence[bytes]) -> list[Answer]:
        """The answers to requests that arrive together, at both workers."""
        return await at_once(self.server, requests)

    async def post(self, path: str, body: Any, hotel: int = 0) -> Answer:
        """The answer on a connection of its own."""
        till = Till(self.server)
        try:
            return await till.ask(self.request(path, body, hotel))
        finally:
            till.close()

    async def ok(self, path: str, body: Any, hotel: int = 0) -> dict[str, Any]:
        """The body of an answer that must be a success."""
        answer = await self.post(path, body, hotel)
        assert answer.status in (200, 201), answer
        said: dict[str, Any] = answer.body
        return said

    async def register(self, **more: Any) -> int:
        """The id of a new customer."""
        return int((await self.ok("/register", {"name": "Jane Doe", **more}))["customer_id"])

    async def sync(self, **query: Any) -> dict[str, Any]:
        """The body of a synchronisation that must work."""
        address = f"http://127.0.0.1:{self.server.port}{BASE}/sync"
        async with httpx2.AsyncClient(timeout=60) as client:
            answer = await client.get(address, params=query, headers={"X-API-Key": self.keys[0]})
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def promo(self, terms: PromoTerms) -> Promo:
        """A new promo, which both workers know of when this returns."""
        [promo] = await self.promos([terms])
        return promo

    async def promos(self, all_terms: Sequence[PromoTerms]) -> list[Promo]:
        """New promos, which both workers know of when this returns."""
        async with self.database.transaction() as connection:
            created = [
                await promos.create_promo(connection, self.program_id, terms, utc_now())
                for terms in all_terms
            ]
        # Each worker has its cache of all promos, for two seconds at most.
        async with asyncio.timeout(20):
            while not await self._is_known(created[-1]):
                await asyncio.sleep(0.05)
        return created

    async def _is_known(self, promo: Promo) -> bool:
        request = self.request("/promos/validate", {"code": promo.code})
        answers = await self.at_once([request] * 12)
        unknown = {"valid": False, "error": "Promo code not found"}
        return all(answer.body != unknown for answer in answers)

    async def identifiers(self, customer_id: int) -> list[Identifier]:
        """All that the customer is or was recognised by."""
        async with self.database.connection() as connection:
            member = await members.get_by_number(connection, self.program_id, customer_id)
            assert member is not None
            known = await members.identifiers_of(
                connection, self.program_id, [member.member_id], with_ended=True
            )
        return known[member.member_id]

    async def owner_of(self, code: str) -> int | None:
        """The id of the customer whom a fob belongs to now."""
        async with self.database.connection() as connection:
            member = await members.find(connection, self.program_id, "rfid", code)
        return member.number if member is not None else None

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """Sales, uses of promos and preferences agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []


def sale(customer_id: int, **more: Any) -> dict[str, Any]:
    """The body of a sale with two lines."""
    totals = {"total_amount": 45.5, "wet_total": 18, "dry_total": 27.5}
    return {"customer_id": customer_id, **totals, "items": LINES, **more}


def outcomes(answers: Sequence[Answer]) -> Counter[tuple[int, str | None]]:
    """How often each status and code was answered."""
    return Counter((answer.status, answer.body.get("code")) for answer in answers)


@asynccontextmanager
async def open_bars(server: ServerProcess) -> AsyncIterator[Bars]:
    """Two hotels on the server, whose database is open beside it; at the end their sales agree."""
    database = await Database.open(server.site.cluster.conninfo())
    slug, now, keys = some_name("bars"), utc_now(), []
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug=slug, name=slug, currency="GBP", time_zone="Europe/London", now=now
        )
        await tiers.create_tiers(connection, program.program_id, tiers.DEFAULT_NAMES, now)
        for name in HOTELS:
            hotel = await access.create_location(
                connection, program.program_id, slug=name, name=name, now=now
            )
            issued = await access.issue_credential(
                connection,
                generated_secret_key(server.site.directory),
                program.program_id,
                name=name,
                scopes={TILL_SCOPE},
                location_id=hotel.location_id,
                now=now,
            )
            keys.append(issued.key)
    bars = Bars(server, database, program.program_id, keys)
    try:
        yield bars
        await bars.check()
    finally:
        await database.close()
