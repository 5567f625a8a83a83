"""A shop of a program of its own on a running server, its shoppers, and what is in its database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from itertools import count
from typing import Any, LiteralString
from uuid import uuid4

from regulars.base.clock import utc_now
from regulars.contracts.fittwin.context import INTERNAL_SCOPE
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.access.sealing import SettingSeal
from regulars.features.referrals import actions as referrals
from regulars.features.referrals import verify
from regulars.features.referrals.model import Flag, FlagStatus
from regulars.settings_secrets import generated_secret_key
from tests.support.http_socket import Answer, get_bytes, post_bytes
from tests.support.market import JWT_SECRET
from tests.support.server_process import ServerProcess
from tests.support.till import Till, at_once, some_name
from tests.support.tokens import signed

FLAGS_MAX = 500


class Markets:
    """What the shop of a program knows, and what its operator sees in the database."""

    def __init__(self, server: ServerProcess, database: Database, program: Program, key: str) -> None:
        self.server = server
        self.database = database
        self.program = program
        self._shop = {"x-internal-api-key": key}
        self._numbers = count(1)

    def shopper(self, subject: str) -> dict[str, str]:
        """The headers of a shopper."""
        claims = {
            "iss": f"https://{self.program.slug}.test", "aud": self.program.slug, "sub": subject,
            "exp": int(utc_now().timestamp()) + 3600,
        }  # fmt: skip
        return {"authorization": f"Bearer {signed(claims, key=JWT_SECRET, algorithm='HS256')}"}

    def creation(self, product_id: str, subject: str = "ann") -> bytes:
        """A shopper recommends a product."""
        return post_bytes("/referrals", {"productId": product_id}, self.shopper(subject))

    def validation(
        self,
        rid: str,
        order_id: str,
        device: str | None = None,
        address: str | None = None,
        buyer: str | None = None,
    ) -> bytes:
        """The shop asks about an order; without more, of a buyer of its own."""
        number = next(self._numbers)
        body = {
            "rid": rid, "orderId": order_id, "userId": buyer or f"buyer-{number}",
            "deviceFingerprint": device or f"device-{number}", "ip": address or f"address-{number}",
        }  # fmt: skip
        return post_bytes("/referrals/validate", body, self._shop)

    def purchase(self, rid: str, order_id: str, **more: Any) -> bytes:
        """The shop tells of an order that was paid."""
        body = {"rid": rid, "orderId": order_id, "orderTotal": 12900, "currency": "USD", **more}
        return post_bytes("/referrals/attribute-purchase", body, self._shop)

    def give_back(self, order_id: str, way: str = "refund") -> bytes:
        """The shop tells of an order that came back."""
        return post_bytes(f"/referrals/orders/{order_id}/{way}", {}, self._shop)

    def click(self, rid: str, device: str) -> bytes:
        """The shop tells of a click."""
        body = {"deviceFingerprint": device, "ip": device}
        return post_bytes(f"/referrals/{rid}/track-click", body, self._shop)

    async def until_known(self) -> None:
        """Both workers know the program's issuer, which they remember for two seconds."""
        request = get_bytes(f"/referrals/{'A' * 22}", self.shopper("ann"))
        while {answer.status for answer in await self.at_once([request] * 10)} != {404}:
            await asyncio.sleep(0.1)

    async def at_once(self, requests: Sequence[bytes]) -> list[Answer]:
        """The answers to requests that arrive together, at both workers."""
        return await at_once(self.server, requests)

    async def ask(self, request: bytes) -> Answer:
        """The answer to one request."""
        with closing(Till(self.server)) as till:
            return await till.ask(request)

    async def ok(self, request: bytes) -> Any:
        """The body of an answer that must be a success."""
        answer = await self.ask(request)
        assert answer.status in (200, 201, 204), answer
        return answer.body

    async def product(self) -> str:
        """The id of a new product."""
        async with self.database.transaction() as connection:
            product = await referrals.add_product(
                connection,
                self.program.program_id,
                slug=f"product-{next(self._numbers)}",
                name="Jacket",
                now=utc_now(),
            )
        return str(product.product_id)

    async def rid(self, subject: str | None = None) -> str:
        """A new RID for a new product."""
        made = await self.ok(self.creation(await self.product(), subject or f"owner-{uuid4()}"))
        return str(made["rid"])

    async def order(self, rid: str, **more: Any) -> str:
        """The id of a new order that was paid."""
        order_id = str(uuid4())
        assert (await self.ok(self.validation(rid, order_id)))["valid"]
        await self.ok(self.purchase(rid, order_id, **more))
        return order_id

    async def stats(self, rid: str, subject: str = "ann") -> Any:
        """The figures of a RID."""
        return await self.ok(get_bytes(f"/referrals/{rid}", self.shopper(subject)))

    async def mature(self) -> int:
        """How many rewards became payable."""
        return (await referrals.mature_due(self.database, utc_now, chunk=5)).given

    async def flags(self, status: FlagStatus = FlagStatus.OPEN) -> list[Flag]:
        """The operators' queue."""
        async with self.database.connection() as connection:
            return await referrals.list_flags(
                connection, self.program.program_id, status=status, limit=FLAGS_MAX
            )

    async def credit(self) -> int:
        """The store credit of everybody, less what is owed."""
        [(total,)] = await self.rows(
            "select coalesce(sum(balance - owed), 0)::bigint from accounts where program_id = %(program_id)s"
        )
        return int(total)

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """RIDs, events, orders, rewards and the ledger agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []


@asynccontextmanager
async def open_markets(server: ServerProcess, **settings: Any) -> AsyncIterator[Markets]:
    """A shop on the server, whose database is open beside it; at the end everything agrees."""
    database = await Database.open(server.site.cluster.conninfo())
    slug, now = some_name("market"), utc_now()
    secret_key = generated_secret_key(server.site.directory)
    issuer = {
        "fittwin.jwt_issuer": f"https://{slug}.test", "fittwin.jwt_audience": slug,
        "fittwin.jwt_secret": JWT_SECRET, "referrals.events_per_hour_max": 900,
        "referrals.sources_judged_from": 1000,
    }  # fmt: skip
    async with database.transaction() as connection:
        program = await access.create_program(
            connection,
            slug=slug,
            name=slug,
            currency="USD",
            time_zone="America/New_York",
            settings=issuer | {f"referrals.{name}": value for name, value in settings.items()},
            seal=SettingSeal(secret_key),
            now=now,
        )
        issued = await access.issue_credential(
            connection, secret_key, program.program_id, name=slug, scopes={INTERNAL_SCOPE}, now=now
        )
    markets = Markets(server, database, program, issued.key)
    try:
        await markets.until_known()
        yield markets
        await markets.check()
    finally:
        await database.close()
