"""A family on the real application: a program with keys, rewards and templates, and a client for its HTTP."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from litestar import Litestar

from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE, PARENT_SCOPE
from regulars.contracts.cryptokids.router import CONTRACT
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.actions_credentials import issue_credential
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import AccountReference
from regulars.features.ledger.model_lists import HistoryFilter
from regulars.features.members import actions as members
from regulars.features.rewards import actions as rewards
from regulars.http.contract import Contract
from regulars.http.services import Services
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.applications import open_application
from tests.support.ledger import NOW, ManualClock

SECRET_KEY = Secret("a secret key of the test suite, 42 characters")

Answer = httpx2.Response


class Family:
    """What a test of the contract works with. By default requests carry the admin's key and role."""

    def __init__(self, application: Litestar, client: httpx2.AsyncClient, clock: ManualClock) -> None:
        self.application = application
        self.client = client
        self.clock = clock
        self.program_id = 0
        self.keys: dict[str, str] = {}
        self.member_ids: dict[str, UUID] = {}
        self.reward_id = 0
        self.template_id = 0

    @property
    def services(self) -> Services:
        """The services of the application under test."""
        services: Services = self.application.state["services"]
        return services

    @property
    def database(self) -> Database:
        """The application's own database."""
        return self.services.database

    def headers(self, key: str | None = "admin", role: str | None = "admin") -> dict[str, str]:
        """The headers of a caller: "admin", "parent", the name of a child's device, or None for no key."""
        headers = {} if role is None else {"X-Actor-Role": role}
        if key in ("admin", "parent"):
            headers["X-Admin-Key"] = self.keys[key]
        elif key is not None:
            headers["Authorization"] = f"Bearer {self.keys[key]}"
        return headers

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        key: str | None = "admin",
        role: str | None = "admin",
        raw: bytes | None = None,
        headers: Mapping[str, str | bytes] | None = None,
    ) -> Answer:
        """The answer to a POST; `raw` is sent in place of `body` as it is."""
        everything: dict[str, Any] = {**self.headers(key, role), **(headers or {})}
        if raw is not None:
            return await self.client.post(path, content=raw, headers=everything)
        return await self.client.post(path, json=body, headers=everything)

    async def get(self, path: str, *, key: str | None = "admin", **query: Any) -> Answer:
        """The answer to a GET."""
        return await self.client.get(path, params=query, headers=self.headers(key, None))

    async def earn(self, amount: int, user_id: str = "leo", **more: Any) -> dict[str, Any]:
        """The body of an earn that must work."""
        return ok(await self.post("/ck/earn", {"user_id": user_id, "amount": amount, **more}))

    async def redeem(self, amount: int, user_id: str = "leo", **more: Any) -> dict[str, Any]:
        """The body of a redeem that must work."""
        return ok(await self.post("/ck/redeem", {"user_id": user_id, "amount": amount, **more}))

    async def reserve(self, user_id: str = "leo", **more: Any) -> dict[str, Any]:
        """The body of a reservation of the family's reward (10 points) that must work."""
        body = {"userId": user_id, "itemId": self.reward_id, **more}
        return ok(await self.post("/api/holds", body, key=None), 201)

    async def set(self, **settings: Any) -> None:
        """Changes settings `cryptokids.…` of the program, in force at once."""
        changes = {f"cryptokids.{name}": value for name, value in settings.items()}
        async with self.database.transaction() as connection:
            await access.update_program_settings(connection, self.program_id, changes, now=self.clock())
        self.services.programs.forget(self.program_id)

    async def balance(self, user_id: str = "leo") -> int:
        """The balance by the ledger itself."""
        reference = AccountReference(self.member_ids[user_id])
        async with self.database.connection() as connection:
            state = await ledger.account_state(connection, self.program_id, reference, self.clock())
        return state.balance

    async def rows(self, user_id: str = "leo") -> int:
        """How many transfers the member has."""
        wanted = HistoryFilter(member_id=self.member_ids[user_id], limit=1000)
        async with self.database.connection() as connection:
            return len(await ledger.list_history(connection, self.program_id, wanted))

    async def verify(self) -> None:
        """Whatever the test did, the books must add up afterwards."""
        async with self.database.connection() as connection:
            assert await ledger.verify(connection) == []


def ok(answer: Answer, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: Answer, status: int, error: str) -> dict[str, Any]:
    """The body of a refusal that must have this status and this word."""
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body.get("error")) == (status, error), answer.text
    return body


@asynccontextmanager
async def family(
    database_url: str,
    data_directory: Path,
    *,
    mode: str = "development",
    contracts: Sequence[Contract] = (CONTRACT,),
    **settings: Any,
) -> AsyncIterator[Family]:
    """The application of a family with the children leo and maya, their devices, and both parents' keys."""
    server = Settings(
        mode=mode,  # type: ignore[arg-type]
        database_url=Secret(database_url),
        secret_key=SECRET_KEY,
        data_directory=data_directory,
        connections_max=4,
        **settings,
    )
    clock = ManualClock()
    async with open_application(server, contracts, clock) as application:
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://family.test") as client:
            home = Family(application, client, clock)
            await _furnish(home)
            yield home
            await home.verify()


async def _furnish(home: Family) -> None:
    async with home.database.transaction() as connection:
        program = await access.create_program(
            connection, slug="family", name="Family", currency="GBP", time_zone="Europe/London", now=NOW
        )
        home.program_id = program.program_id
        for child in ("leo", "maya"):
            member = await members.enrol(
                connection,
                program.program_id,
                name=child.title(),
                identifiers=[("handle", child, None)],
                now=NOW,
            )
            home.member_ids[child] = member.member_id
        reward = await rewards.create_reward(connection, program.program_id, name="Cinema", cost=10, now=NOW)
        template = await rewards.create_template(
            connection, program.program_id, title="Dishes", points=3, now=NOW
        )
        home.reward_id, home.template_id = reward.reward_id, template.template_id
        owners = {"admin": ADMIN_SCOPE, "parent": PARENT_SCOPE, "leo": CHILD_SCOPE, "maya": CHILD_SCOPE}
        for name, scope in owners.items():
            issued = await issue_credential(
                connection,
                SECRET_KEY,
                program.program_id,
                name=f"{name}'s key",
                scopes={scope},
                member_id=home.member_ids.get(name),
                now=NOW,
            )
            home.keys[name] = issued.key
