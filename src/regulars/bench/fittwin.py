"""`regulars bench fittwin`: links and orders that came by them, how that grows with data, and maturing."""

import msgspec

from regulars.bench.fittwin_ground import CLICKS_EACH, ShopGround, prepare_shop
from regulars.bench.fittwin_maturing import measure_bare, measure_maturing
from regulars.bench.fittwin_requests import click, validate
from regulars.bench.report import Growth, Row
from regulars.bench.scratch import scratch_database
from regulars.bench.sweep import TENTH, Sweep
from regulars.db.database import Database, server_conninfo
from regulars.features.referrals.verify import verify

REQUESTS = (validate, click)
REWARDS_EACH = 10
"""How many rewards one owner gets at a time, where all are due."""

LEGEND = (
    "pgbench: the same reads and writes on the same tables, a prepared statement each, one transaction\n"
    "validate: POST /referrals/validate, an order of its own by one of {owners:,} RIDs, on which there were "
    "{events:,} events\n"
    "click: GET /r/, from an address of its own\n"
    "tenth: 1 worker, {tenth_owners:,} RIDs with {tenth_events:,} events\n"
    "grown tenfold: how many times those figures the whole has\n"
    "bare INSERT … SELECT: one statement that writes accounts, transfers and states of {rewards:,} rewards\n"
    "maturing: the job that gives the same rewards; times are those of whole runs"
)


class Sizes(msgspec.Struct, frozen=True):
    """How much data is measured on."""

    events: int = 1_000_000
    rewards: int = 1_000_000

    @property
    def owners(self) -> int:
        """Each has a RID with an order and its clicks."""
        return max(TENTH, self.events // (1 + CLICKS_EACH))


async def run(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row | Growth], list[str]]:
    """The rows of the table and the notes below it, from one run on scratch databases of that server."""
    rows: list[Row | Growth] = []
    async with scratch_database(conninfo) as scratch:
        ground = await _prepared(scratch, sweep, sizes.owners)
        requests = [request(ground) for request in REQUESTS]
        rows += await sweep.beside_pgbench(requests, server_conninfo(scratch), ground.environment)
        async with scratch_database(conninfo) as another:
            tenth = await _prepared(another, sweep, sizes.owners // TENTH)
            rows += await sweep.growth(REQUESTS, tenth, ground)
    async with scratch_database(conninfo) as scratch:
        bare = await measure_bare(await _due(scratch, sweep, sizes))
    async with scratch_database(conninfo) as scratch:
        ground = await _due(scratch, sweep, sizes)
        matured, notes = await measure_maturing(ground, bare, sweep)
        verified = await _verified_note(ground)
    return [*rows, *matured], [*_legend(sizes), sweep.note, *notes, verified]


async def _prepared(conninfo: str, sweep: Sweep, owners: int) -> ShopGround:
    with sweep.console.status(f"filling in {owners:,} RIDs with their events"):
        return await prepare_shop(conninfo, owners=owners, orders_each=1, are_due=False)


async def _due(conninfo: str, sweep: Sweep, sizes: Sizes) -> ShopGround:
    with sweep.console.status(f"filling in {sizes.rewards:,} rewards"):
        owners = max(1, sizes.rewards // REWARDS_EACH)
        return await prepare_shop(conninfo, owners=owners, orders_each=REWARDS_EACH, are_due=True)


async def _verified_note(ground: ShopGround) -> str:
    database = await Database.open(ground.conninfo)
    async with database.connection() as connection:
        findings = await verify(connection)
    await database.close()
    return f"referrals verified after the run: {len(findings)} findings"


def _legend(sizes: Sizes) -> list[str]:
    events = sizes.owners * (1 + CLICKS_EACH)
    return LEGEND.format(
        owners=sizes.owners,
        events=events,
        tenth_owners=sizes.owners // TENTH,
        tenth_events=events // TENTH,
        rewards=sizes.rewards,
    ).split("\n")
