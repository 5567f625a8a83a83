"""The shop that the examples of docs/contracts/sessions.md run on, as a demo has it.

Unlike the kiosks of other tests it lives at the real time, because commands that run beside the server do.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from litestar import Litestar
from msgspec import Struct

from regulars.base.clock import utc_now
from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.contracts.sessions.router import CONTRACT
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.http.services import Services
from regulars.settings import Settings
from regulars.settings_sources import Secret
from regulars.stand_ins.stripe.stand_in import StripeStandIn, stripe_stand_in
from tests.support.applications import open_application
from tests.support.kiosks import SECRET_KEY, VENUE

KEYS = {
    "KIOSK_SHARED_SECRET": KIOSK_SCOPE,
    "INTERNAL_API_KEY": INTERNAL_SCOPE,
    "ADMIN_API_KEY": ADMIN_SCOPE,
}
"""What demo.env calls the keys."""
WEBHOOK_SECRET = "whsec_T7mQ4xZr9LkWv2Hn8Yc5"
LINK_SECRET = "b3Wk9-sXq2-Lr7Tn-Vd5Hz"


class DocumentedKiosks(Struct, frozen=True):
    """The application with its database and its Stripe; `variables` are what demo.env says."""

    application: Litestar
    database: Database
    stripe: StripeStandIn
    variables: dict[str, str]


@asynccontextmanager
async def documented_kiosks(
    database_url: str, data_directory: Path, **settings: object
) -> AsyncIterator[DocumentedKiosks]:
    """One venue without customers, whose memberships are sold at a Stripe of our own."""
    async with AsyncExitStack() as stack:
        stripe = stack.enter_context(stripe_stand_in())
        stripe.webhook_secret = WEBHOOK_SECRET
        server = Settings(
            **{
                "mode": "production",
                "database_url": Secret(database_url),
                "secret_key": SECRET_KEY,
                "data_directory": data_directory,
                "connections_max": 4,
                "stripe_secret_key": Secret(stripe.secret_key),
                "stripe_webhook_secret": Secret(WEBHOOK_SECRET),
                "stripe_price_id": stripe.account.price_id,
                "stripe_cancel_url": "https://shop.test/left",
                "stripe_api_url": stripe.url,
                "membership_link_signing_secret": Secret(LINK_SECRET),
                **settings,
            }  # type: ignore[arg-type]
        )
        application = await stack.enter_async_context(open_application(server, [CONTRACT]))
        services: Services = application.state["services"]
        variables = await _furnish(services.database) | {
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "MEMBERSHIP_LINK_SIGNING_SECRET": LINK_SECRET,
            "REGULARS_DATABASE_URL": database_url,
            "REGULARS_SECRET_KEY": SECRET_KEY,
        }
        yield DocumentedKiosks(application, services.database, stripe, variables)


async def _furnish(database: Database) -> dict[str, str]:
    """The keys of a new program, by the names that demo.env gives them."""
    variables = {}
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="demo", name="Demo", currency="GBP", time_zone="Europe/London", now=utc_now()
        )
        await access.create_location(
            connection, program.program_id, slug=VENUE, name="Sessions at the Market", now=utc_now()
        )
        for variable, scope in KEYS.items():
            issued = await access.issue_credential(
                connection, SECRET_KEY, program.program_id, name=variable, scopes={scope}, now=utc_now()
            )
            variables[variable] = issued.key
    return variables
