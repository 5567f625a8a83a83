"""`regulars bench webhooks`: deliveries to a receiver on this machine, beside the HTTP client alone."""

import asyncio
import time
from collections.abc import Iterator
from datetime import datetime

import msgspec
from rich.console import Console

from regulars.base.clock import utc_now
from regulars.base.ids import new_id
from regulars.bench.measure import Measured, percentile, typical
from regulars.bench.report import Row
from regulars.bench.scratch import scratch_database
from regulars.bench.webhooks_receiver import RunningReceiver, running_receiver
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.access import actions as access
from regulars.features.webhooks import actions as webhooks
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.catalogue import LOAN_RETURNED
from regulars.features.webhooks.catalogue_data import LoanData
from regulars.features.webhooks.delivery import Deliveries
from regulars.features.webhooks.line import ABREAST_MAX
from regulars.features.webhooks.model import Event
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.sending import Sender, sender_to
from regulars.features.webhooks.signing import body_of, headers_of, new_secret

SECRET_KEY = "a secret key for a benchmark alone"  # noqa: S105
EVENTS_AT_ONCE = 100
ENDPOINTS_MANY = 8

LEGENDS = (
    "HTTP client: the same connections post the same bodies and headers, signed once, without a database",
    "deliveries: events that wait are taken, signed, posted and put down by one process; ratio to the client",
    "the times of deliveries are those of the whole run; a quarter of a turn of the client's warmed both up",
)


class Ground(msgspec.Struct, frozen=True):
    """A program without endpoints in a database of its own, and what delivers."""

    database: Database
    program_id: int
    seal: SecretSeal
    network: Network


async def run(conninfo: str, console: Console, events: int, turns: int) -> tuple[list[Row], list[str]]:
    """The rows of the table and the notes below it, from one run. Raises RuntimeError for a lost webhook."""
    with running_receiver() as receiver:
        async with scratch_database(conninfo) as scratch:
            database = await Database.open(scratch)
            ground = await _prepared(database)
            try:
                rows = await _measure(ground, receiver, console, events, turns)
            finally:
                ground.network.close()
                await database.close()
    return rows, [
        *LEGENDS,
        "every webhook arrived once, and no other, in every turn",
    ]


async def _measure(
    ground: Ground, receiver: RunningReceiver, console: Console, events: int, turns: int
) -> list[Row]:
    """Turns of the client and of deliveries alternate, so that both meet the same moods of the machine."""
    rows: list[Row] = []
    await _post_alone(ground, receiver, events // 4)
    for many in (1, ENDPOINTS_MANY):
        alone: list[Measured] = []
        delivered: list[Measured] = []
        await _have_endpoints(ground, receiver, many)
        for turn in range(turns):
            with console.status(f"{many} endpoints, turn {turn + 1} of {turns}"):
                alone.append(await _post_alone(ground, receiver, events))
                delivered.append(await _deliver(ground, receiver, events, many))
        what = f"deliveries, {many} endpoint{'s' if many > 1 else ''}"
        client = typical(alone)
        rows += [
            Row("HTTP client alone", ABREAST_MAX, client),
            Row(what, None, typical(delivered), client.rate),
        ]
    return rows


async def _prepared(database: Database) -> Ground:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="bench", name="Bench", currency="EUR", time_zone="UTC", now=utc_now()
        )
    network = Network(is_private_allowed=True)
    return Ground(database, program.program_id, SecretSeal(SECRET_KEY), network)


async def _have_endpoints(ground: Ground, receiver: RunningReceiver, number: int) -> None:
    """The program has so many endpoints at the receiver, which want everything."""
    now = utc_now()
    async with ground.database.transaction() as connection:
        for _ in range(number - len(await endpoints.list_endpoints(connection, ground.program_id))):
            await endpoints.add_endpoint(
                connection,
                ground.seal,
                ground.program_id,
                url=receiver.url,
                types=["*"],
                is_private_allowed=True,
                now=now,
            )


async def _post_alone(ground: Ground, receiver: RunningReceiver, number: int) -> Measured:
    """Requests per second of the client that deliveries use, as many at once as one endpoint gets at most."""
    sender = sender_to(ground.network, receiver.url)
    assert sender is not None, "private addresses are allowed"
    event = _event(utc_now())
    body = body_of(event.type, event.occurred_at, msgspec.json.encode(event.data).decode())
    headers = headers_of(new_id(), utc_now(), body, [new_secret()])
    waiting = iter(range(number))
    milliseconds: list[float] = []
    began = time.perf_counter()
    await asyncio.gather(
        *(_post_in_turn(sender, headers, body, waiting, milliseconds) for _ in range(ABREAST_MAX))
    )
    seconds = time.perf_counter() - began
    await sender.close()
    _check(receiver, (number, 1))
    milliseconds.sort()
    return Measured(number / seconds, percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))


async def _post_in_turn(
    sender: Sender, headers: dict[str, str], body: bytes, waiting: Iterator[int], milliseconds: list[float]
) -> None:
    for _ in waiting:
        started = time.perf_counter()
        answer = await sender.post(headers, body)
        milliseconds.append(1000 * (time.perf_counter() - started))
        assert answer.status == 200, answer


async def _deliver(ground: Ground, receiver: RunningReceiver, events: int, many: int) -> Measured:
    """Deliveries per second, from the first look at what is due until nothing is."""
    for _ in range(events // EVENTS_AT_ONCE // many):
        await _emit(ground)
    number = events // EVENTS_AT_ONCE // many * EVENTS_AT_ONCE
    deliveries = Deliveries(ground.database, utc_now, ground.seal, ground.network)
    began = time.perf_counter()
    attempts = await deliveries.run_until_nothing_is_due()
    seconds = time.perf_counter() - began
    _check(receiver, (number * many, number))
    if attempts != number * many:
        raise RuntimeError(f"{number * many:,} deliveries took {attempts:,} attempts")
    return Measured(attempts / seconds, 1000 * seconds, 1000 * seconds)


async def _emit(ground: Ground) -> None:
    now = utc_now()

    async def work(pipeline: Pipeline) -> None:
        webhooks.emit(pipeline, ground.program_id, [_event(now) for _ in range(EVENTS_AT_ONCE)], now)

    async with ground.database.connection() as connection:
        await transact(connection, work)


def _event(now: datetime) -> Event:
    return LOAN_RETURNED.of(LoanData(new_id(), new_id(), now), now)


def _check(receiver: RunningReceiver, expected: tuple[int, int]) -> None:
    arrived = receiver.arrived()
    if arrived != expected:
        raise RuntimeError(f"requests and ids that were to arrive: {expected}, that did: {arrived}")
