"""Two hotels of a program and their tills, on the real application with the Loyalty Hub contract alone."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
from litestar import Litestar

from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.members.model import Identifier, Member
from regulars.features.tiers import actions as tiers
from regulars.http.contract import Contract
from regulars.http.services import Services
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.applications import open_application
from tests.support.ledger import NOW, ManualClock

SECRET_KEY = Secret("a secret key of the test suite, 42 characters")
BASE = "/wp-json/loyalty/v1"
HIGH_STREET, NUMBER_FOUR, ELSEWHERE = "High Street Hotel", "Number Four", "Elsewhere"

Answer = httpx2.Response


class Hotels:
    """What a test of the contract works with. By default requests carry the key of the High Street Hotel."""

    def __init__(self, application: Litestar, client: httpx2.AsyncClient, clock: ManualClock) -> None:
        self.application = application
        self.client = client
        self.clock = clock
        self.program_id = 0
        self.other_program_id = 0
        self.location_ids: dict[str, int] = {}
        self.keys: dict[str, str] = {}

    @property
    def services(self) -> Services:
        """The services of the application under test."""
        services: Services = self.application.state["services"]
        return services

    @property
    def database(self) -> Database:
        """The application's own database."""
        return self.services.database

    def headers(self, hotel: str | None = HIGH_STREET) -> dict[str, str]:
        """The headers of a hotel's till, or of nobody."""
        return {} if hotel is None else {"X-API-Key": self.keys[hotel]}

    async def post(
        self, path: str, body: Any = None, *, hotel: str | None = HIGH_STREET, raw: bytes | None = None
    ) -> Answer:
        """The answer to a POST below the contract's address; `raw` is sent in place of `body` as it is."""
        if raw is not None:
            return await self.client.post(BASE + path, content=raw, headers=self.headers(hotel))
        return await self.client.post(BASE + path, json=body, headers=self.headers(hotel))

    async def get(self, path: str, *, hotel: str | None = HIGH_STREET, **query: Any) -> Answer:
        """The answer to a GET below the contract's address."""
        return await self.client.get(BASE + path, params=query, headers=self.headers(hotel))

    async def register(self, name: str = "Jane Doe", hotel: str = HIGH_STREET, **more: Any) -> dict[str, Any]:
        """The body of a registration that must work."""
        return ok(await self.post("/register", {"name": name, **more}, hotel=hotel), 201)

    async def add_fob(self, customer_id: int, code: str, **more: Any) -> dict[str, Any]:
        """The body of an added fob that must work."""
        body = {"customer_id": customer_id, "identifier": code, **more}
        return ok(await self.post("/identifier/add", body), 201)

    async def sync(self, **query: Any) -> dict[str, Any]:
        """The body of a synchronisation that must work."""
        return ok(await self.get("/sync", **query))

    async def customer(self, customer_id: int) -> Member:
        """The member behind a customer's id."""
        async with self.database.connection() as connection:
            found = await members.get_by_number(connection, self.program_id, customer_id)
        assert found is not None
        return found

    async def identifiers(self, customer_id: int, *, with_ended: bool = False) -> list[Identifier]:
        """What the customer is recognised by, codes included."""
        member_id = (await self.customer(customer_id)).member_id
        async with self.database.connection() as connection:
            known = await members.identifiers_of(
                connection, self.program_id, [member_id], with_ended=with_ended
            )
        return known.get(member_id, [])

    async def owner_of(self, code: str) -> int | None:
        """The id of the customer whom a fob belongs to now."""
        async with self.database.connection() as connection:
            member = await members.find(connection, self.program_id, "rfid", code)
        return member.number if member is not None else None

    async def switch_off(self, customer_id: int) -> None:
        """The customer is no longer active."""
        member = await self.customer(customer_id)
        async with self.database.transaction() as connection:
            await members.set_active(
                connection, self.program_id, member.member_id, active=False, now=self.clock()
            )

    async def erase(self, customer_id: int) -> None:
        """The customer is forgotten."""
        member = await self.customer(customer_id)
        async with self.database.transaction() as connection:
            await members.erase(connection, self.program_id, member.member_id, self.clock())

    async def close_hotel(self, hotel: str) -> None:
        """The hotel is no longer active, at once in this process."""
        location_id = self.location_ids[hotel]
        async with self.database.transaction() as connection:
            await access.update_location(
                connection, self.program_id, location_id, active=False, now=self.clock()
            )
        self.services.locations.forget(self.program_id, location_id)

    async def new_key(
        self, *, program_id: int | None = None, location_id: int | None = None, scope: str = TILL_SCOPE
    ) -> tuple[int, str]:
        """The id and the key of a new credential."""
        async with self.database.transaction() as connection:
            issued = await access.issue_credential(
                connection,
                SECRET_KEY,
                program_id or self.program_id,
                name="one more",
                scopes={scope},
                location_id=location_id,
                now=NOW,
            )
        return issued.credential.credential_id, issued.key


def ok(answer: Answer, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status. It says nothing of errors, for which tills look."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert "error" not in answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: Answer, status: int, code: str, message: str | None = None) -> None:
    """The answer is the envelope of this refusal and nothing else."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body.get("code")) == (status, code), answer.text
    assert body == {"code": code, "message": message or body["message"], "data": {"status": status}}


@asynccontextmanager
async def hotels(
    database_url: str, data_directory: Path, *, contracts: Sequence[Contract] = (CONTRACT,), **settings: Any
) -> AsyncIterator[Hotels]:
    """The application of a program with two hotels, and of another program with one."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(
            _opened(database_url, data_directory, ManualClock(), contracts, settings)
        )
        await _furnish(opened)
        yield opened


@asynccontextmanager
async def beside(other: Hotels, database_url: str, data_directory: Path) -> AsyncIterator[Hotels]:
    """The same hotels served by another application, with connections of its own, as another process has."""
    async with _opened(database_url, data_directory, other.clock, (CONTRACT,), {}) as opened:
        opened.program_id, opened.other_program_id = other.program_id, other.other_program_id
        opened.location_ids, opened.keys = other.location_ids, other.keys
        yield opened


@asynccontextmanager
async def _opened(
    database_url: str,
    data_directory: Path,
    clock: ManualClock,
    contracts: Sequence[Contract],
    settings: dict[str, Any],
) -> AsyncIterator[Hotels]:
    server = Settings(
        database_url=Secret(database_url),
        secret_key=SECRET_KEY,
        data_directory=data_directory,
        **{"mode": "production", "connections_max": 4, **settings},
    )
    async with open_application(server, contracts, clock) as application:
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://hotels.test") as client:
            yield Hotels(application, client, clock)


async def _furnish(opened: Hotels) -> None:
    async with opened.database.transaction() as connection:
        for slug, places in {"hub": [HIGH_STREET, NUMBER_FOUR], "others": [ELSEWHERE]}.items():
            program = await access.create_program(
                connection, slug=slug, name=slug, currency="GBP", time_zone="Europe/London", now=NOW
            )
            await tiers.create_tiers(connection, program.program_id, tiers.DEFAULT_NAMES, NOW)
            for name in places:
                location = await access.create_location(
                    connection, program.program_id, slug=name.lower().replace(" ", "-"), name=name, now=NOW
                )
                opened.location_ids[name] = location.location_id
                issued = await access.issue_credential(
                    connection,
                    SECRET_KEY,
                    program.program_id,
                    name=name,
                    scopes={TILL_SCOPE},
                    location_id=location.location_id,
                    now=NOW,
                )
                opened.keys[name] = issued.key
            if slug == "hub":
                opened.program_id = program.program_id
            else:
                opened.other_program_id = program.program_id
