"""`regulars bench sessions`: what kiosks ask all day, the monthly grant, and cards on phones."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

import msgspec

from regulars.bench.report import Row
from regulars.bench.scratch import scratch_database
from regulars.bench.sessions_cards import measure_cards
from regulars.bench.sessions_grant import measure_grant
from regulars.bench.sessions_ground import KioskGround, prepare_kiosks
from regulars.bench.sessions_requests import apply, earn
from regulars.bench.sessions_yardstick import prepare_yardstick
from regulars.bench.sweep import Sweep
from regulars.db.database import Database, server_conninfo
from regulars.db.invariants import one_moment
from regulars.features.kiosk import verify as kiosk
from regulars.features.ledger import verify as ledger
from regulars.features.memberships import verify as memberships

VERIFYING_SECONDS_MAX = 3600

Part = Literal["kiosks", "grant", "cards"]

LEGENDS: dict[Part, Sequence[str]] = {
    "kiosks": (
        "pgbench: the same reads and inserts on the same tables, a prepared statement each, one transaction",
        "earn: POST /loyalty/earn-points-from-paid-order, each a new order of one of {customers:,} customers",
        "customers: they have paid {orders:,} orders in a year, one in ten is a member, and each has a card",
        "apply: POST /loyalty/apply-reward-to-cart, a reward for a cart of its own, with an idempotency key",
    ),
    "grant": (
        "bare INSERT … SELECT: one statement that writes transfers, claims and accounts of a monthly grant",
        "monthly grant: of {memberships:,} live memberships, each with a card; times are those of whole runs",
    ),
    "cards": (
        "pushing: {cards:,} cards, each on a phone, told over HTTP/2 and put down; ratio to signing alone",
        "pushing: the times are those of the whole run",
        "fetching: GET /wallet/apple/v1/passes, which signs the card each time; ratio to signing alone",
    ),
}


class Sizes(msgspec.Struct, frozen=True):
    """How much data is measured on."""

    customers: int = 100_000
    orders: int = 1_000_000
    memberships: int = 1_000_000
    cards: int = 3_000


async def run(
    conninfo: str, sweep: Sweep, sizes: Sizes, only: Part | None = None
) -> tuple[list[Row], list[str]]:
    """The rows of the table and the notes below it, from one run on scratch databases of that server."""
    rows: list[Row] = []
    notes: list[str] = []
    for part, measure in PARTS.items():
        if only in (None, part):
            notes += [line.format(**msgspec.structs.asdict(sizes)) for line in LEGENDS[part]]
            async with scratch_database(conninfo) as scratch:
                measured, said = await measure(scratch, sweep, sizes)
            rows, notes = [*rows, *measured], [*notes, *said]
    return rows, notes


async def _measure_kiosks(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row], list[str]]:
    ground = await _prepared(conninfo, sweep, sizes.customers, sizes.orders)
    await prepare_yardstick(conninfo)
    requests = [earn(ground), apply(ground)]
    rows = await sweep.beside_pgbench(requests, server_conninfo(conninfo), ground.environment)
    return rows, [sweep.note, await _verified_note(ground, sweep, "orders and holds")]


async def _measure_grant(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row], list[str]]:
    ground = await _prepared(conninfo, sweep, sizes.memberships, 0, all_are_members=True)
    rows, notes = await measure_grant(ground, sweep)
    return rows, [*notes, await _verified_note(ground, sweep, "grants")]


async def _measure_cards(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row], list[str]]:
    return await measure_cards(await _prepared(conninfo, sweep, sizes.cards, 0), sweep)


PARTS: dict[Part, Callable[[str, Sweep, Sizes], Awaitable[tuple[list[Row], list[str]]]]] = {
    "kiosks": _measure_kiosks,
    "grant": _measure_grant,
    "cards": _measure_cards,
}


async def _prepared(
    conninfo: str, sweep: Sweep, customers: int, orders: int, *, all_are_members: bool = False
) -> KioskGround:
    with sweep.console.status(f"filling in {customers:,} customers and {orders:,} orders"):
        return await prepare_kiosks(
            conninfo, customers=customers, orders=orders, all_are_members=all_are_members
        )


async def _verified_note(ground: KioskGround, sweep: Sweep, what: str) -> str:
    """How many faults are in the books, those of pgbench's postings among them."""
    patient = await Database.open(ground.conninfo, statement_timeout_seconds=VERIFYING_SECONDS_MAX)
    with sweep.console.status(f"verifying {what}"):
        async with patient.connection() as connection, one_moment(connection):
            found = [
                finding
                for feature in (ledger, kiosk, memberships)
                for finding in await feature.check(connection)
            ]
    await patient.close()
    return f"{what} verified after the run: {len(found)} findings{_examples(found)}"


def _examples(found: Sequence[object]) -> str:
    return "".join(f"; {finding}" for finding in found[:3])
