"""What those who run the server ask it: is it alive, is it ready, how much does it do."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Literal

import msgspec
import psycopg
from litestar import get

from regulars.db.database import DatabaseUnavailable
from regulars.db.migrate import newest_revision
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer, text_answer
from regulars.http.contract import Contract
from regulars.http.metrics import CONTENT_TYPE, exposition
from regulars.http.openapi import Content, Operation
from regulars.http.plain import PlainError, plain_errors
from regulars.http.requests import HttpRequest, services
from regulars.http.services import Services
from regulars.jobs import newest_heartbeat

HEARTBEAT_AGE_MAX = timedelta(seconds=60)
"""Job workers say every ten seconds that they live."""

_NEWEST_REVISION = newest_revision()


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: Literal["ok"]


class Check(msgspec.Struct, frozen=True):
    """One thing the server needs in order to work. `detail` says what is wrong with it."""

    status: Literal["ok", "failing"]
    detail: str | None = None


class Readiness(msgspec.Struct, frozen=True):
    """Whether requests would succeed now: only where every check is ok."""

    status: Literal["ok", "failing"]
    database: Check
    migrations: Check
    jobs: Check


OK = Check("ok")


@get(
    "/healthz",
    opt={
        "access": PUBLIC,
        "operation": Operation(summary="Whether the process answers", answers={200: Health}),
    },
)
async def healthz(request: HttpRequest) -> Answer:
    """200 as long as the process answers at all; it asks nobody else."""
    return json_answer(Health("ok"))


@get(
    "/readyz",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Whether requests would succeed",
            description="Looks at the database, its schema and the job workers.",
            answers={200: Readiness, 503: Readiness},
        ),
    },
)
async def readyz(request: HttpRequest) -> Answer:
    """200 when everything the server needs is there, else 503; the body says what is missing."""
    readiness = await check_readiness(services(request))
    return json_answer(readiness, 200 if readiness.status == "ok" else 503)


@get(
    "/metrics",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Prometheus metrics of all workers", answers={200: Content(media_type="text/plain")}
        ),
    },
)
async def metrics(request: HttpRequest) -> Answer:
    """What Prometheus collects, added up over the worker processes of this server."""
    return text_answer(exposition().decode(), media_type=CONTENT_TYPE)


async def check_readiness(services: Services) -> Readiness:
    """What /readyz answers."""
    database = await _checked(services, _check_database)
    if database is OK:
        migrations = await _checked(services, _check_migrations)
        jobs = await _checked(services, _check_jobs)
    else:
        migrations = jobs = Check("failing", "unknown without the database")
    all_ok = all(check.status == "ok" for check in (database, migrations, jobs))
    return Readiness("ok" if all_ok else "failing", database, migrations, jobs)


async def _checked(services: Services, check: Callable[[Services], Awaitable[Check]]) -> Check:
    try:
        return await check(services)
    except DatabaseUnavailable:
        return Check("failing", "the database does not answer")
    except psycopg.Error as error:
        return Check("failing", f"the database refused to answer ({error.sqlstate})")


async def _check_database(services: Services) -> Check:
    async with services.database.connection() as connection:
        await connection.execute("select 1")
    return OK


async def _check_migrations(services: Services) -> Check:
    async with services.database.connection() as connection:
        cursor = await connection.execute("select version_num from schema_version")
        row = await cursor.fetchone()
    applied = "empty" if row is None else row[0]
    if applied == _NEWEST_REVISION:
        return OK
    return Check("failing", f"the schema is {applied}, this version needs {_NEWEST_REVISION}")


async def _check_jobs(services: Services) -> Check:
    async with services.database.connection() as connection:
        newest = await newest_heartbeat(connection)
    return judge_jobs(newest, services.clock(), expected=services.settings.jobs)


def judge_jobs(newest: datetime | None, now: datetime, *, expected: bool) -> Check:
    """Whether jobs are being worked on, from the last sign of life of a worker.

    Without any sign, nothing is wrong unless this server is `expected` to run the jobs itself.
    """
    if newest is None:
        return Check("failing", "no job worker has reported yet") if expected else OK
    age = now - newest
    if age <= HEARTBEAT_AGE_MAX:
        return OK
    return Check("failing", f"the last job worker reported {int(age.total_seconds())} seconds ago")


OPERATIONS = Contract(
    name="operations",
    title="Operations",
    description="Health, readiness and metrics, for those who run the server.",
    handlers=[healthz, readyz, metrics],
    paths=("/healthz", "/readyz", "/metrics"),
    errors=plain_errors,
    error_body=PlainError,
)
