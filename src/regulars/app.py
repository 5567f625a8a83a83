"""Puts the application together: the contracts, what they share, and what surrounds them."""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

import structlog
from litestar import Litestar

from regulars.base.clock import Clock, utc_now
from regulars.contracts.cryptokids.router import CONTRACT as CRYPTOKIDS
from regulars.contracts.fittwin.router import CONTRACT as FITTWIN
from regulars.contracts.loyaltyhub.router import CONTRACT as LOYALTY_HUB
from regulars.contracts.rejoes.router import CONTRACT as REJOES
from regulars.contracts.sessions.router import CONTRACT as SESSIONS
from regulars.db.database import Database, DatabaseUnavailable
from regulars.db.gathered_reads import GatheredReads
from regulars.features.access.actions import list_programs, seal_plain_secrets
from regulars.features.access.caches import CredentialCache, LocationCache, ProgramCache
from regulars.features.access.limits import AttemptLimits
from regulars.features.access.sealing import SettingSeal
from regulars.features.ledger.actions import Ledger
from regulars.features.members.caches import HandleCache, OriginCache
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.photos.model import PhotoLimits
from regulars.features.promos.caches import PromoCache
from regulars.features.telemetry.actions import Telemetry
from regulars.features.tiers.caches import TierBookCache
from regulars.http.access import authorisation_table
from regulars.http.contract import Contract
from regulars.http.cross_origin import CrossOrigin
from regulars.http.documentation import Documentation
from regulars.http.edge import contract_router
from regulars.http.observation import Observation
from regulars.http.routing import Routing
from regulars.http.sealed_keys import SealedKeys
from regulars.http.services import Services
from regulars.http.token_issuers import TokenIssuers
from regulars.jobs import Tools, delivering, working
from regulars.logs import configure_logs
from regulars.operations import OPERATIONS
from regulars.settings import Settings, load_settings, with_secret_key
from regulars.vendors import carriers_of, public_url, stripe_settings

_logger = structlog.get_logger("regulars")

DECODERS_MAX = 4

CONTRACTS: tuple[Contract, ...] = (CRYPTOKIDS, LOYALTY_HUB, SESSIONS, REJOES, FITTWIN)
"""Every published contract that the server speaks. Adding one is adding it here."""

Background = Callable[[Services], AbstractAsyncContextManager[None]]
"""Work that goes on beside the requests, with the same services, from the start to the end."""


def create_application(
    settings: Settings,
    *,
    contracts: Sequence[Contract] = CONTRACTS,
    clock: Clock = utc_now,
    background: Sequence[Background] = (),
) -> Litestar:
    """The ASGI application. It opens its services when it starts and closes them when it stops.

    `settings.database_url` must lead to a migrated database. `background` runs beside it meanwhile.
    Raises ValueError for a route that does not say what it asks of its callers.
    """
    served = [*contracts, OPERATIONS]
    served.append(Documentation(served).contract())
    application = Litestar(
        route_handlers=[contract_router(contract) for contract in served],
        lifespan=[_lifespan(settings, clock, background)],
        openapi_config=None,
        logging_config=None,
    )
    authorisation_table(application)
    # Litestar's own outermost layer only turns exceptions into its envelope; ours knows the contracts'.
    router = Routing(application)
    application.asgi_handler = Observation(
        router, CrossOrigin(router, application.state), served, quiet=frozenset({OPERATIONS.name, "docs"})
    )
    return application


def application_from_environment() -> Litestar:
    """The application for a server's worker process, which gets its settings through the environment."""
    settings = with_secret_key(load_settings())
    configure_logs(settings.log_format, settings.log_level)
    return create_application(settings, background=[run_jobs] if settings.jobs else [])


@asynccontextmanager
async def run_jobs(services: Services) -> AsyncIterator[None]:
    """Background jobs, run in this process's event loop while requests are answered."""
    settings = services.settings
    assert settings.database_url is not None and settings.secret_key is not None, "services are open"
    tools = Tools(
        services.database,
        services.clock,
        services.photos,
        services.carriers,
        public_url(settings),
        settings.secret_key,
        settings.webhooks_to_private_addresses,
    )
    async with working(settings.database_url, tools), delivering(settings.database_url, tools):
        yield


@asynccontextmanager
async def open_services(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Services]:
    """The services of one process, closed on leaving in the order that loses nothing."""
    assert settings.database_url is not None, "the database must be running and named"
    assert settings.secret_key is not None, "see with_secret_key"
    async with AsyncExitStack() as stack:
        database = await Database.open(
            settings.database_url,
            connections_max=settings.connections_max,
            acquire_timeout_seconds=settings.acquire_timeout_seconds,
            statement_timeout_seconds=settings.statement_timeout_seconds,
            # It was there when the server was started. A worker that takes another one's place during an
            # outage answers 503 as the others do, instead of ending the server.
            may_be_away=True,
        )
        stack.push_async_callback(database.close)
        telemetry = Telemetry(database, clock=clock)
        stack.push_async_callback(telemetry.close)
        ledger = Ledger(database, clock)
        stack.push_async_callback(ledger.close)
        photos = PhotoLibrary(
            settings.photo_store_url or settings.data_directory / "photos",
            photo_limits(settings),
            secret_key=settings.secret_key,
            decoders_shared_in=shared_decoders(settings),
        )
        stack.callback(photos.close)
        carriers = carriers_of(settings, clock)
        stack.push_async_callback(carriers.close)
        locations = LocationCache(database)
        seal = SettingSeal(settings.secret_key)
        yield Services(
            settings=settings,
            clock=clock,
            database=database,
            reads=GatheredReads(database),
            credentials=CredentialCache(database, settings.secret_key, clock=clock),
            sealed_keys=SealedKeys(settings.secret_key, clock=clock),
            programs=ProgramCache(database),
            setting_seal=seal,
            token_issuers=TokenIssuers(
                database, locations, seal, clock=clock, allows_plain_http=settings.mode == "development"
            ),
            locations=locations,
            attempts=AttemptLimits(database, settings.secret_key, clock=clock),
            telemetry=telemetry,
            ledger=ledger,
            handles=HandleCache(database),
            origins=OriginCache(database),
            photos=photos,
            tier_books=TierBookCache(database),
            promo_books=PromoCache(database),
            stripe=stripe_settings(settings),
            carriers=carriers,
        )


def _lifespan(
    settings: Settings, clock: Clock, background: Sequence[Background]
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(application: Litestar) -> AsyncIterator[None]:
        async with open_services(settings, clock) as services, AsyncExitStack() as stack:
            application.state["services"] = services
            await _seal_plain_secrets(services)
            if settings.mode == "production":
                await _warn_of_keyless_programs(services, application)
            for run in background:
                await stack.enter_async_context(run(services))
            yield

    return lifespan


async def _seal_plain_secrets(services: Services) -> None:
    """Seals secrets of programs that earlier versions stored as text; each process does so at its start."""
    try:
        async with services.database.connection() as connection:
            count = await seal_plain_secrets(connection, services.setting_seal)
    except DatabaseUnavailable:
        # As text they count too, and the next start seals them.
        return
    if count:
        _logger.info("sealed_plain_secrets", count=count)


async def _warn_of_keyless_programs(services: Services, application: Litestar) -> None:
    """Says at every start which programs let callers in without a key, for nobody should do so unaware."""
    opening = {
        row.access.keyless_setting
        for row in authorisation_table(application)
        if row.access.keyless_setting is not None
    }
    try:
        async with services.database.connection() as connection:
            programs = await list_programs(connection)
    except DatabaseUnavailable:
        # A worker that was started anew during an outage; the ones before it have said it all.
        return
    for program in programs:
        for setting in sorted(opening & program.settings.keys()):
            if program.settings[setting] is True:
                _logger.warning("open_without_a_key", program=program.slug, setting=setting)


def photo_limits(settings: Settings) -> PhotoLimits:
    """What one process takes in, and how many photos it decodes at a time."""
    return PhotoLimits(
        received_bytes_max=settings.photo_bytes_max,
        pixels_max=settings.photo_pixels_max,
        side_max=settings.photo_edge_pixels_max,
        thumbnail_side_max=settings.thumbnail_edge_pixels_max,
        decoders=settings.photo_workers or _decoders_of_machine(settings),
    )


def shared_decoders(settings: Settings) -> Path | None:
    """Where the processes of the server settle who decodes; None where each one decodes as many as it may."""
    shares = settings.workers > 1 and settings.photo_workers is None
    return settings.data_directory / "decoders" if shares else None


def _decoders_of_machine(settings: Settings) -> int:
    """How many photos all processes decode at a time where nobody has said so.

    Enough for all cores, because decoders let requests go first; few enough for the memory, of which the
    largest photos take a gigabyte each.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, DECODERS_MAX * settings.workers)
