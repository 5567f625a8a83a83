"""`regulars bench sessions`: what kiosks ask all day, the monthly grant, and cards on phones."""

from collections.abc import Sequence

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

LEGEND = (
    "pgbench: the same reads and inserts on the same tables, a prepared statement each, one transaction",
    "earn: POST /loyalty/earn-points-from-paid-order, each a new order of one of {customers:,} customers",
    "customers: they have paid {orders:,} orders in a year, one in ten is a member, and each has a card",
    "apply: POST /loyalty/apply-reward-to-cart, a reward for a cart of its own, with an idempotency key",
    "bare INSERT … SELECT: one statement that writes the transfers, claims and accounts of a monthly grant",
    "monthly grant: of {memberships:,} live memberships, each with a card; times are those of whole runs",
    "pushing: {cards:,} cards, each on a phone, in rounds of 50 over HTTP/2; times are those of rounds",
    "fetching: GET /wallet/apple/v1/passes, which signs the card each time; ratio to signing alone",
)


class Sizes(msgspec.Struct, frozen=True):
    """How much data is measured on."""

    customers: int = 100_000
    orders: int = 1_000_000
    memberships: int = 1_000_000
    cards: int = 3_000


async def run(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row], list[str]]:
    """The rows of the table and the notes below it, from one run on scratch databases of that server."""
    notes = [line.format(**msgspec.structs.asdict(sizes)) for line in LEGEND]
    async with scratch_database(conninfo) as scratch:
        ground = await _prepared(scratch, sweep, sizes.customers, sizes.orders)
        await prepare_yardstick(scratch)
        requests = [earn(ground), apply(ground)]
        rows = await sweep.beside_pgbench(requests, server_conninfo(scratch), ground.environment)
        notes.append(await _verified_note(ground, sweep, "orders and holds"))
    async with scratch_database(conninfo) as scratch:
        ground = await _prepared(scratch, sweep, sizes.memberships, 0, all_are_members=True)
        granted, grant_notes = await measure_grant(ground, sweep)
        notes += [*grant_notes, await _verified_note(ground, sweep, "grants")]
    async with scratch_database(conninfo) as scratch:
        told, card_notes = await measure_cards(await _prepared(scratch, sweep, sizes.cards, 0), sweep)
    return [*rows, *granted, *told], [*notes, *card_notes]


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
