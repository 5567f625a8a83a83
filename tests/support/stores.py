"""Two stores of a program, and one of another, on the real application with the Rejoes contract."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
import msgspec
from litestar import Litestar

from regulars.base.ids import new_id
from regulars.contracts.rejoes.context import STORE_SCOPE
from regulars.contracts.rejoes.router import CONTRACT
from regulars.contracts.rejoes.shopify import SIGNATURE_HEADER, signature_of
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.lending import verify
from regulars.features.photos import actions as photos
from regulars.features.photos.model import PhotoPurpose, ReceivedPhoto, WrittenPhoto
from regulars.http.contract import Contract
from regulars.http.services import Services
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.applications import open_application
from tests.support.ledger import NOW, ManualClock
from tests.support.pictures import encoded, quarters

SECRET_KEY = Secret("a secret key of the test suite, 42 characters")
SHOPIFY_SECRET = "shpss_kN8vQ2xLr5TzWc9YbHf3"
STORE_A, STORE_B = "store-a", "store-b"
"""The slugs of the program's stores, called "Store A" and "Store B"."""
JPEG = encoded(quarters(), "JPEG")

Answer = httpx2.Response


class Stores:
    """What a test of the contract works with. By default requests carry a store's key."""

    def __init__(self, application: Litestar, client: httpx2.AsyncClient, clock: ManualClock) -> None:
        self.application = application
        self.client = client
        self.clock = clock
        self.program_id = 0
        self.other_program_id = 0
        self.location_ids: dict[str, int] = {}
        self.key = ""
        self.other_key = ""
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

    def headers(self, key: str | None = None) -> dict[str, str]:
        """The headers of a store, or of whoever has another key; an empty one is nobody's."""
        chosen = self.key if key is None else key
        return {"x-api-key": chosen} if chosen else {}

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        once: str | None = None,
        key: str | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """The answer to a POST under the idempotency key `once`; `raw` is sent in place of `body`."""
        sent = self.headers(key) | (headers or {}) | ({"x-idempotency-key": once} if once else {})
        content = raw if raw is not None else msgspec.json.encode(body)
        return await self.client.post(path, content=content, headers=sent)

    async def get(self, path: str, *, key: str | None = None) -> Answer:
        """The answer to a GET."""
        return await self.client.get(path, headers=self.headers(key))

    async def member(self, tier: str = "PLUS", card: str | None = None) -> str:
        """The id of a new member with a card, who is known to the shop."""
        number = next(self.numbers)
        body = {"cardToken": card or f"CARD-{number}", "shopifyCustomerId": f"77{number}", "tier": tier}
        return str(ok(await self.post("/members/add", body), 201)["member"]["id"])

    async def upload(
        self,
        member_id: str | None,
        content: bytes = JPEG,
        *,
        field: str = "photo",
        name: str = "blouse.jpg",
        path: str = "/uploads/loan-photo",
        key: str | None = None,
    ) -> Answer:
        """The answer to a photo that is sent."""
        return await self.client.post(
            path,
            data={} if member_id is None else {"memberId": member_id},
            files={field: (name, content, "application/octet-stream")},
            headers=self.headers(key),
        )

    async def photos(self, member_id: str, number: int = 1) -> list[str]:
        """The ids of so many photos that were sent for the member, without files behind them.

        Decoding takes a process each; tests that look at pictures send them by `upload`.
        """
        ids = []
        async with self.database.transaction() as connection:
            for _ in range(number):
                written = WrittenPhoto(
                    photo_id=new_id(), purpose=PhotoPurpose.LOAN, extension="jpg", width=64, height=48,
                    size_bytes=1000, thumbnail_size_bytes=500,
                )  # fmt: skip
                photo = await photos.record_photo(
                    connection,
                    self.program_id,
                    written,
                    owner_id=UUID(member_id),
                    received=ReceivedPhoto("blouse.jpg", "image/jpeg", len(JPEG)),
                    now=self.clock(),
                )
                ids.append(str(photo.photo_id))
        return ids

    async def checkout(self, member_id: str, uploads: Sequence[str] | None = None) -> dict[str, Any]:
        """The body of a checkout that must work."""
        upload_ids = list(uploads) if uploads is not None else await self.photos(member_id)
        body = {"memberId": member_id, "uploadIds": upload_ids, "storeLocation": "Store A"}
        said: dict[str, Any] = ok(
            await self.post("/loans/checkout", body, once=f"once-{next(self.numbers)}"), 201
        )
        return said

    async def take_back(self, member_id: str, loan_id: str) -> dict[str, Any]:
        """The body of a return that must work."""
        body = {"memberId": member_id, "loanId": loan_id}
        said: dict[str, Any] = ok(await self.post("/loans/return", body, once=f"once-{next(self.numbers)}"))
        return said

    async def card(self, card: str) -> dict[str, Any]:
        """The answer about a card that must be known."""
        said: dict[str, Any] = ok(await self.get(f"/members/by-card/{card}"))
        return said

    async def shopify(
        self, path: str, body: Any, *, secret: str | None = SHOPIFY_SECRET, signature: str | None = None
    ) -> Answer:
        """The answer to what the shop tells, signed with a secret, or with whatever is given."""
        raw = msgspec.json.encode(body)
        signed = signature if secret is None else signature_of(raw, secret).decode()
        headers = {} if signed is None else {SIGNATURE_HEADER: signed}
        return await self.client.post(path, content=raw, headers=headers)

    async def subscription(self, customer: str, **data: Any) -> Answer:
        """The answer to news of a subscription."""
        body = {"type": "subscription.updated", "data": {"shopifyCustomerId": customer, **data}}
        return await self.shopify("/webhooks/subscription", body)

    async def set_program(self, **settings: Any) -> None:
        """Settings of the program, by names in which `__` stands for the dot, at once in this process."""
        async with self.database.transaction() as connection:
            changes = {name.replace("__", "."): value for name, value in settings.items()}
            await access.update_program_settings(
                connection, self.program_id, changes, seal=self.services.setting_seal, now=NOW
            )
        self.services.programs.forget(self.program_id)

    async def new_key(
        self, scope: str = STORE_SCOPE, *, program_id: int | None = None, store: str | None = None
    ) -> tuple[int, str]:
        """The id and the key of a new credential, bound to a store if one is named."""
        async with self.database.transaction() as connection:
            issued = await access.issue_credential(
                connection,
                SECRET_KEY,
                program_id or self.program_id,
                name="one more",
                scopes={scope},
                location_id=None if store is None else self.location_ids[store],
                now=NOW,
            )
        return issued.credential.credential_id, issued.key

    async def check(self) -> None:
        """Borrowers, loans and photos agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []


def ok(answer: Answer, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["cache-control"] == "no-store"
    return answer.json()


def refused(answer: Answer, status: int, message: str) -> None:
    """The answer is the envelope of this refusal and nothing else."""
    assert (answer.status_code, answer.json()) == (status, {"message": message}), answer.text


@asynccontextmanager
async def stores(
    database_url: str,
    data_directory: Path,
    *,
    contracts: Sequence[Contract] = (CONTRACT,),
    furnish: bool = True,
    clock: ManualClock | None = None,
    **settings: Any,
) -> AsyncIterator[Stores]:
    """The application of a program with two stores, and of another program; everything adds up afterwards."""
    clock = clock or ManualClock()
    server = Settings(
        database_url=Secret(database_url),
        secret_key=SECRET_KEY,
        data_directory=data_directory,
        **{
            "mode": "production", "connections_max": 4, "public_url": "https://closet.test",
            "shopify_webhook_secret": Secret(SHOPIFY_SECRET), **settings,
        },
    )  # fmt: skip
    async with open_application(server, contracts, clock) as application:
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://stores.test") as client:
            opened = Stores(application, client, clock)
            if furnish:
                await _furnish(opened)
            yield opened
            await opened.check()


async def _furnish(opened: Stores) -> None:
    async with opened.database.transaction() as connection:
        for slug in ("closet", "others"):
            program = await access.create_program(
                connection, slug=slug, name=slug, currency="EUR", time_zone="Europe/Dublin", now=NOW
            )
            issued = await access.issue_credential(
                connection, SECRET_KEY, program.program_id, name=slug, scopes={STORE_SCOPE}, now=NOW
            )
            if slug == "others":
                opened.other_program_id, opened.other_key = program.program_id, issued.key
                continue
            opened.program_id, opened.key = program.program_id, issued.key
            for store in (STORE_A, STORE_B):
                location = await access.create_location(
                    connection,
                    program.program_id,
                    slug=store,
                    name=store.replace("-", " ").title(),
                    now=NOW,
                )
                opened.location_ids[store] = location.location_id
