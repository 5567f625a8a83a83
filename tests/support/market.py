"""A shop whose shoppers recommend its products, on the real application with the FitTwin contract."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import httpx2
import msgspec
from litestar import Litestar
from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.contracts.fittwin.context import INTERNAL_SCOPE
from regulars.contracts.fittwin.router import CONTRACT
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.ledger import actions as ledger
from regulars.features.ledger import verify as ledger_verify
from regulars.features.ledger.model import AccountReference, AccountState
from regulars.features.members import actions as members
from regulars.features.referrals import actions as referrals
from regulars.features.referrals import verify
from regulars.features.referrals.model import Flag, FlagStatus
from regulars.http.contract import Contract
from regulars.http.services import Services
from regulars.http.token_issuers import TokenIssuers
from regulars.http.token_keys import Fetch
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.applications import open_application
from tests.support.enrolment import keep_events
from tests.support.ledger import NOW, ManualClock
from tests.support.tokens import RSA, key_set, signed

SECRET_KEY = Secret("a secret key of the test suite, 42 characters")
SHOP_URL = "https://app.fittwin.test"
ISSUER, AUDIENCE = "https://login.fittwin.test", "fittwin"
JWT_SECRET = "a secret that the issuer and the shop share"
ANN = "0197c1a2-0000-7000-8000-00000000000a"
BEN = "0197c1a2-0000-7000-8000-00000000000b"
PHONE_AGENT = "a browser of the tests"

Answer = httpx2.Response


def token(subject: str | None = ANN, *, at: Any = NOW, algorithm: str = "HS256", **claims: Any) -> str:
    """A token of the shop's issuer, good for an hour."""
    seconds = int(at.timestamp())
    body = {"iss": ISSUER, "aud": AUDIENCE, "iat": seconds, "exp": seconds + 3600, "sub": subject, **claims}
    kept = {name: value for name, value in body.items() if value is not None}
    return signed(kept, key=JWT_SECRET if algorithm.startswith("HS") else RSA, algorithm=algorithm)


class Market:
    """What a test of the contract works with. By default requests carry the shop's key, or Ann's token."""

    def __init__(self, application: Litestar, client: httpx2.AsyncClient, clock: ManualClock) -> None:
        self.application = application
        self.client = client
        self.clock = clock
        self.program_id = 0
        self.other_program_id = 0
        self.key = ""
        self.other_key = ""
        self.product_id = ""
        self.numbers = count(1)

    @property
    def services(self) -> Services:
        """The services of the application under test."""
        services: Services = self.application.state["services"]
        return services

    @property
    def database(self) -> Database:
        """The application's own database."""
        return self.services.database

    def as_shopper(self, subject: str = ANN) -> dict[str, str]:
        """The headers of a shopper."""
        return {"authorization": f"Bearer {token(subject, at=self.clock())}"}

    def as_shop(self, key: str | None = None) -> dict[str, str]:
        """The headers of the shop's server, or of whoever has another key."""
        return {"x-internal-api-key": key or self.key}

    async def post(
        self, path: str, body: Any = None, headers: dict[str, str] | None = None, raw: bytes | None = None
    ) -> Answer:
        """The answer to the shop's server, or to whoever has other headers."""
        content = raw if raw is not None else b"" if body is None else msgspec.json.encode(body)
        return await self.client.post(path, content=content, headers=headers or self.as_shop())

    async def get(self, path: str, subject: str = ANN) -> Answer:
        """The answer to a shopper."""
        return await self.client.get(path, headers=self.as_shopper(subject))

    async def product(self, slug: str | None = None) -> str:
        """The id of a new product."""
        async with self.database.transaction() as connection:
            product = await referrals.add_product(
                connection,
                self.program_id,
                slug=slug or f"product-{next(self.numbers)}",
                name="Jacket",
                now=NOW,
            )
        return str(product.product_id)

    async def create(self, product_id: str | None = None, subject: str = ANN, **more: Any) -> Answer:
        """The answer to a shopper who recommends a product."""
        body = {"productId": product_id or self.product_id, **more}
        return await self.post("/referrals", body, self.as_shopper(subject))

    async def rid(self, subject: str = ANN) -> str:
        """A new RID for a new product."""
        return str(ok(await self.create(await self.product(), subject), 201)["rid"])

    async def stats(self, rid: str, subject: str = ANN) -> dict[str, Any]:
        """The figures of a RID."""
        said: dict[str, Any] = ok(await self.get(f"/referrals/{rid}", subject))
        return said

    async def validate(self, rid: str, order_id: str | None = None, **more: Any) -> Answer:
        """The answer about an order; without more, of a buyer of its own at home."""
        number = next(self.numbers)
        buyer = {
            "userId": f"buyer-{number}", "deviceFingerprint": f"device-{number}", "ip": f"address-{number}",
        }  # fmt: skip
        body = {"rid": rid, "orderId": order_id or str(new_id()), **buyer, **more}
        return await self.post("/referrals/validate", body)

    async def attribute(self, rid: str, order_id: str, **more: Any) -> Answer:
        """The answer about an order that was paid."""
        body = {"rid": rid, "orderId": order_id, "orderTotal": 12900, "currency": "USD", **more}
        return await self.post("/referrals/attribute-purchase", body)

    async def buy(self, rid: str, order_id: str | None = None, **buyer: Any) -> str:
        """The id of an order that was asked about and paid."""
        order_id = order_id or str(new_id())
        assert ok(await self.validate(rid, order_id, **buyer))["valid"]
        ok(await self.attribute(rid, order_id))
        return order_id

    async def mature(self, **passed: float) -> int:
        """How many rewards became payable, after so much time."""
        self.clock.now += timedelta(**passed)
        return (await referrals.mature_due(self.database, self.clock)).given

    async def credit(self, subject: str = ANN) -> AccountState:
        """How the shopper's store credit stands."""
        async with self.database.connection() as connection:
            member = await members.find(connection, self.program_id, "shopper", subject)
            assert member is not None
            account = AccountReference(member.member_id, referrals.credit_asset("USD"))
            return await ledger.account_state(connection, self.program_id, account, self.clock())

    async def flags(self, status: FlagStatus = FlagStatus.OPEN) -> list[Flag]:
        """The operators' queue."""
        async with self.database.connection() as connection:
            return await referrals.list_flags(connection, self.program_id, status=status)

    async def decide(self, act: Any, flag_id: UUID) -> None:
        """An operator decides about a flag."""
        async with self.database.connection() as connection:
            await act(connection, self.program_id, flag_id, "ann", self.clock)

    async def told(self, kind: str) -> list[dict[str, Any]]:
        """The data of the events of a type, in their order."""
        rows = await self.rows(
            "select data from events where program_id = %(program_id)s and type = %(kind)s order by event_id",
            kind=kind,
        )
        return [data for (data,) in rows]

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program_id, **parameters})
            return await cursor.fetchall()

    async def set_program(self, **changes: Any) -> None:
        """What the program has set from now on; names with two underscores for the point."""
        settings = {name.replace("__", "."): value for name, value in changes.items()}
        async with self.database.transaction() as connection:
            await access.update_program_settings(
                connection, self.program_id, settings, seal=self.services.setting_seal, now=NOW
            )
        self.services.programs.forget(self.program_id)

    async def new_key(self, scope: str = INTERNAL_SCOPE) -> tuple[int, str]:
        """The number of a new credential, and its key."""
        async with self.database.transaction() as connection:
            issued = await access.issue_credential(
                connection, SECRET_KEY, self.program_id, name="key", scopes={scope}, now=NOW
            )
        return issued.credential.credential_id, issued.key

    async def check(self) -> None:
        """RIDs, events, orders, rewards and the ledger agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []
            assert await ledger_verify.verify(connection) == []


def ok(answer: Answer, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def refused(answer: Answer, status: int, code: str, field: str | None = None) -> None:
    """The answer is the envelope of this refusal and nothing else."""
    body = answer.json()
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert list(body) == ["error"]
    names = ["code", "message"] if field is None else ["code", "message", "field"]
    assert list(body["error"]) == names, answer.text
    assert body["error"]["code"] == code, answer.text
    assert body["error"].get("field") == field
    assert 3 < len(body["error"]["message"]) < 200


async def published_keys(url: str) -> bytes:
    """The keys of the issuer."""
    assert url == f"{ISSUER}/keys"
    return key_set(one=RSA)


@asynccontextmanager
async def market(
    database_url: str,
    data_directory: Path,
    *,
    contracts: Sequence[Contract] = (CONTRACT,),
    clock: ManualClock | None = None,
    **settings: Any,
) -> AsyncIterator[Market]:
    """The application of a program that sells, and of another program; everything adds up afterwards."""
    server = Settings(
        database_url=Secret(database_url),
        secret_key=SECRET_KEY,
        data_directory=data_directory,
        **{"mode": "production", "connections_max": 4, "public_url": "https://regulars.test", **settings},
    )
    async with serving(server, contracts, clock or ManualClock()) as opened:
        await _furnish(opened)
        yield opened
        await opened.check()


@asynccontextmanager
async def serving(
    server: Settings, contracts: Sequence[Contract], clock: ManualClock, fetch: Fetch = published_keys
) -> AsyncIterator[Market]:
    """One process of it, with caches of its own; `fetch` is the way to the issuer's keys."""
    async with open_application(server, contracts, clock) as application:
        services: Services = application.state["services"]
        issuers = TokenIssuers(
            services.database, services.locations, services.setting_seal, clock=clock, fetch=fetch
        )
        application.state["services"] = replace(services, token_issuers=issuers)
        transport = httpx2.ASGITransport(app=application, client=("203.0.113.9", 5000))  # type: ignore[arg-type]
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://market.test", headers={"user-agent": PHONE_AGENT}
        ) as client:
            yield Market(application, client, clock)


async def _furnish(opened: Market) -> None:
    async with opened.database.transaction() as connection:
        for slug in ("market", "others"):
            program = await access.create_program(
                connection, slug=slug, name=slug, currency="USD", time_zone="America/New_York", now=NOW,
                seal=opened.services.setting_seal,
                settings={
                    "fittwin.jwks_url": f"{ISSUER}/keys",
                    "fittwin.jwt_issuer": ISSUER,
                    "fittwin.jwt_audience": AUDIENCE if slug == "market" else slug,
                    "fittwin.jwt_secret": JWT_SECRET,
                    "referrals.shop_url": SHOP_URL,
                },
            )  # fmt: skip
            issued = await access.issue_credential(
                connection, SECRET_KEY, program.program_id, name=slug, scopes={INTERNAL_SCOPE}, now=NOW
            )
            if slug == "others":
                opened.other_program_id, opened.other_key = program.program_id, issued.key
                continue
            opened.program_id, opened.key = program.program_id, issued.key
            product = await referrals.add_product(
                connection, program.program_id, slug="slug", name="Denim jacket", now=NOW
            )
            opened.product_id = str(product.product_id)
    await keep_events(opened.database, opened.program_id, ["referral.*"])
