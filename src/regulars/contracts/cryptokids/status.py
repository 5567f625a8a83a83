"""How the server fares and what it can do: telemetry, features, version."""

from importlib.metadata import version

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from regulars.contracts.cryptokids.context import ADMIN_KEY, CHILD, open_context
from regulars.contracts.cryptokids.history_query import VERBS
from regulars.contracts.cryptokids.rows import milliseconds
from regulars.contracts.cryptokids.wire import Features
from regulars.features.telemetry import actions as telemetry
from regulars.features.telemetry.model import FailureCount, VerbHealth
from regulars.http.answers import Answer, json_answer
from regulars.http.openapi import Operation
from regulars.http.requests import HttpRequest

BUILD = version("regulars")


class FailureReason(Struct, frozen=True):
    """An error code, and how often it was answered."""

    message: str
    count: int


class VerbRow(Struct, frozen=True):
    """How one verb fares. `errorRate` is 0 to 1; the average counts failures as well."""

    verb: str
    count: int
    failures: int
    errorRate: float
    avgDurationMs: float
    topFailures: list[FailureReason]


class CoreHealthAnswer(Struct, frozen=True):
    """How the verbs fare since the first was counted (`since`: milliseconds since 1970, null before that)."""

    since: int | None
    totalCount: int
    totalFailures: int
    errorRate: float
    verbs: list[VerbRow]
    topFailureReasons: list[FailureReason]


class Version(Struct, frozen=True):
    """Which build answers."""

    build: str


@get(
    "/api/admin/telemetry/core-health",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Read how the verbs fare",
            description="Added up over all processes since the first call; it survives restarts.",
            answers={200: CoreHealthAnswer},
        ),
    },
)
async def read_core_health(request: HttpRequest) -> Answer:
    """Counts, failures and durations of the ledger verbs."""
    context = await open_context(request)
    # What this process has counted and not yet written belongs to the picture as well.
    await context.services.telemetry.flush()
    async with context.services.database.connection() as connection:
        health = await telemetry.core_health(connection, context.program_id, verbs=list(VERBS))
    return json_answer(
        CoreHealthAnswer(
            since=None if health.since is None else milliseconds(health.since),
            totalCount=health.count,
            totalFailures=health.failures,
            errorRate=health.error_rate,
            verbs=[_verb_row(verb) for verb in health.verbs],
            topFailureReasons=_reasons(health.top_failures),
        )
    )


@get(
    "/api/features",
    opt={
        "access": CHILD,
        "operation": Operation(summary="Read what is switched on", answers={200: Features}),
    },
)
async def read_features(request: HttpRequest) -> Answer:
    """What the program has switched on."""
    context = await open_context(request)
    return json_answer(Features(context.settings.refunds))


@get(
    "/version",
    opt={"access": CHILD, "operation": Operation(summary="Read the version", answers={200: Version})},
)
async def read_version(request: HttpRequest) -> Answer:
    """The version of the server."""
    return json_answer(Version(BUILD))


def _verb_row(health: VerbHealth) -> VerbRow:
    return VerbRow(
        verb=health.verb,
        count=health.count,
        failures=health.failures,
        errorRate=health.error_rate,
        avgDurationMs=health.duration_average_milliseconds,
        topFailures=_reasons(health.top_failures),
    )


def _reasons(failures: tuple[FailureCount, ...]) -> list[FailureReason]:
    return [FailureReason(failure.message, failure.count) for failure in failures]


HANDLERS: list[HTTPRouteHandler] = [read_core_health, read_features, read_version]
