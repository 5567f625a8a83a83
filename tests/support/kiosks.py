"""Two venues of a program, and one of another, on the real application with the Sessions contract alone."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from litestar import Litestar
from msgspec.structs import replace

from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.contracts.sessions.router import CONTRACT
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.ledger import actions as ledger
from regulars.features.members import actions as members
from regulars.http.contract import Contract
from regulars.http.services import Services
from regulars.http.token_issuers import TokenIssuers
from regulars.settings import Settings
from regulars.settings_sources import Secret
from regulars.stand_ins.apple.certificates import certificates
from regulars.stand_ins.stripe.account import StripeAccount
from regulars.stand_ins.stripe.stand_in import StripeStandIn, stripe_stand_in
from tests.support.applications import open_application
from tests.support.ledger import NOW, ManualClock
from tests.support.tokens import RSA, key_set, signed

SECRET_KEY = Secret("a secret key of the test suite, 42 characters")
VENUE, SECOND, ELSEWHERE = "venue_001", "venue_002", "venue_003"
HEADERS = {KIOSK_SCOPE: "x-kiosk-secret", INTERNAL_SCOPE: "x-internal-api-key", ADMIN_SCOPE: "x-admin-key"}
ISSUER, AUDIENCE = "https://issuer.example", "kiosks"
PHONE = "+447700900000"
WEBHOOK_SECRET = "whsec_kN8vQ2xLr5TzWc9YbHf3"
PASS_TYPE = "pass.example.regulars"

Answer = httpx2.Response


class Kiosks:
    """What a test of the contract works with. By default requests carry the secret of a kiosk."""

    def __init__(self, application: Litestar, client: httpx2.AsyncClient, clock: ManualClock) -> None:
        self.application = application
        self.client = client
        self.clock = clock
        self.program_id = 0
        self.other_program_id = 0
        self.location_ids: dict[str, int] = {}
        self.keys: dict[str, str] = {}
        self.other_keys: dict[str, str] = {}

    @property
    def services(self) -> Services:
        """The services of the application under test."""
        services: Services = self.application.state["services"]
        return services

    @property
    def database(self) -> Database:
        """The application's own database."""
        return self.services.database

    def headers(self, scope: str | None = KIOSK_SCOPE) -> dict[str, str]:
        """The headers of a kiosk, of the shop's own server, of its operator, or of nobody."""
        return {} if scope is None else {HEADERS[scope]: self.keys[scope]}

    async def post(
        self,
        path: str,
        body: Any = None,
        *,
        by: str | None = KIOSK_SCOPE,
        raw: bytes | None = None,
        **more: str,
    ) -> Answer:
        """The answer to a POST; `raw` is sent in place of `body` as it is, `more` are headers."""
        headers = self.headers(by) | {name.replace("_", "-"): value for name, value in more.items()}
        if raw is not None:
            return await self.client.post(path, content=raw, headers=headers)
        return await self.client.post(path, json=body, headers=headers)

    async def get(self, path: str, *, by: str | None = None, **query: Any) -> Answer:
        """The answer to a GET."""
        return await self.client.get(path, params=query, headers=self.headers(by))

    async def enrol(self, phone: str = PHONE, venue: str = VENUE) -> dict[str, Any]:
        """The answer to an upsert that must work."""
        return ok(
            await self.post("/loyalty/upsert-customer-by-phone", {"phone_raw": phone, "venue_id": venue})
        )

    async def pay(
        self, customer_id: str | None, total_minor: int, order_id: str, **more: Any
    ) -> dict[str, Any]:
        """The answer to a paid order that must be taken."""
        body = {
            "order_id": order_id, "venue_id": VENUE, "payment_event_id": f"evt_{order_id}",
            "total_minor": total_minor, "customer_id": customer_id, **more,
        }  # fmt: skip
        return ok(await self.post("/loyalty/earn-points-from-paid-order", body))

    async def balance(self, customer_id: str, venue: str = VENUE) -> dict[str, Any]:
        """The answer about a customer who must be known."""
        return ok(await self.post("/loyalty/get-balance", {"customer_id": customer_id, "venue_id": venue}))

    async def set_program(self, **settings: Any) -> None:
        """Settings of the program, each without its `sessions.`, at once in this process."""
        async with self.database.transaction() as connection:
            changes = {f"sessions.{name}": value for name, value in settings.items()}
            await access.update_program_settings(
                connection, self.program_id, changes, seal=self.services.setting_seal, now=NOW
            )
        self.services.programs.forget(self.program_id)

    async def erase(self, customer_id: str) -> None:
        """The customer is forgotten."""
        async with self.database.transaction() as connection:
            await members.erase(connection, self.program_id, UUID(customer_id), self.clock())
            await ledger.close_accounts(connection, self.program_id, UUID(customer_id), self.clock())

    async def close_venue(self, venue: str) -> None:
        """The venue is no longer active, at once in this process."""
        location_id = self.location_ids[venue]
        async with self.database.transaction() as connection:
            await access.update_location(
                connection, self.program_id, location_id, active=False, now=self.clock()
            )
        self.services.locations.forget(self.program_id, location_id)

    async def new_key(
        self, scope: str = KIOSK_SCOPE, *, program_id: int | None = None, venue: str | None = None
    ) -> tuple[int, str]:
        """The id and the key of a new credential, bound to a venue if one is named."""
        async with self.database.transaction() as connection:
            issued = await access.issue_credential(
                connection,
                SECRET_KEY,
                program_id or self.program_id,
                name="one more",
                scopes={scope},
                location_id=None if venue is None else self.location_ids[venue],
                now=NOW,
            )
        return issued.credential.credential_id, issued.key

    def token(self, **claims: Any) -> str:
        """A token of the program's issuer, good for an hour."""
        now = int(self.clock().timestamp())
        return signed({"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 3600, **claims})


def ok(answer: Answer, status: int = 200) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: Answer, status: int, word: str) -> None:
    """The answer is the envelope of this refusal and nothing else."""
    assert (answer.status_code, answer.json()) == (status, {"error": word}), answer.text


@asynccontextmanager
async def kiosks(
    database_url: str, data_directory: Path, *, contracts: Sequence[Contract] = (CONTRACT,), **settings: Any
) -> AsyncIterator[Kiosks]:
    """The application of a program with two venues, and of another program with one."""
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(_opened(database_url, data_directory, contracts, settings))
        await _furnish(opened)
        yield opened


@contextmanager
def selling() -> Iterator[tuple[StripeStandIn, dict[str, Any]]]:
    """A Stripe of our own, and the settings under which memberships are sold there."""
    account = StripeAccount(clock=NOW.timestamp)
    with stripe_stand_in(account) as stripe:
        stripe.webhook_secret = WEBHOOK_SECRET
        yield (
            stripe,
            {
                "stripe_secret_key": Secret(stripe.secret_key),
                "stripe_webhook_secret": Secret(WEBHOOK_SECRET),
                "stripe_price_id": account.price_id,
                "stripe_cancel_url": "https://shop.test/left",
                "stripe_api_url": stripe.url,
                "membership_return_origins": ("https://shop.test",),
            },
        )


def carrying() -> dict[str, Any]:
    """The settings under which cards for Apple Wallet are signed."""
    made = certificates()
    return {
        "apple_pass_type_identifier": PASS_TYPE,
        "apple_team_identifier": "TEAM123456",
        "apple_certificate": Secret(made.signer.certificate_pem),
        "apple_private_key": Secret(made.signer.key_pem),
        "apple_intermediate_certificate": Secret(made.intermediate.certificate_pem),
    }


async def published_keys(url: str) -> bytes:
    """What the issuer's server answers."""
    return key_set(one=RSA)


@asynccontextmanager
async def _opened(
    database_url: str, data_directory: Path, contracts: Sequence[Contract], settings: dict[str, Any]
) -> AsyncIterator[Kiosks]:
    clock = ManualClock()
    server = Settings(
        database_url=Secret(database_url),
        secret_key=SECRET_KEY,
        data_directory=data_directory,
        **{"mode": "production", "connections_max": 4, "public_url": "https://cards.test", **settings},
    )
    async with open_application(server, contracts, clock) as application:
        services: Services = application.state["services"]
        issuers = TokenIssuers(
            services.database, services.locations, services.setting_seal, clock=clock, fetch=published_keys
        )
        application.state["services"] = replace(services, token_issuers=issuers)
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://kiosks.test") as client:
            yield Kiosks(application, client, clock)


async def _furnish(opened: Kiosks) -> None:
    async with opened.database.transaction() as connection:
        for slug, venues in {"sessions": [VENUE, SECOND], "others": [VENUE, ELSEWHERE]}.items():
            issuer = {
                "sessions.jwks_url": f"https://{slug}.example/keys",
                "sessions.jwt_issuer": ISSUER,
                "sessions.jwt_audience": AUDIENCE if slug == "sessions" else slug,
            }
            program = await access.create_program(
                connection,
                slug=slug,
                name=slug,
                currency="GBP",
                time_zone="Europe/London",
                settings=issuer,
                now=NOW,
            )
            keys = opened.keys if slug == "sessions" else opened.other_keys
            for scope in HEADERS:
                issued = await access.issue_credential(
                    connection, SECRET_KEY, program.program_id, name=scope, scopes={scope}, now=NOW
                )
                keys[scope] = issued.key
            for venue in venues:
                location = await access.create_location(
                    connection, program.program_id, slug=venue, name=venue.title(), now=NOW
                )
                if slug == "sessions" or venue == ELSEWHERE:
                    opened.location_ids[venue] = location.location_id
            if slug == "sessions":
                opened.program_id = program.program_id
            else:
                opened.other_program_id = program.program_id
