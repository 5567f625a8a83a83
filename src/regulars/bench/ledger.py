"""`regulars bench ledger`: postings over HTTP and in bulk beside pgbench, and history pages by depth."""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import msgspec
import psycopg
from rich.console import Console

from regulars.base.clock import utc_now
from regulars.bench.bulk import BATCH, LANES, bulk_earn, measure_bulk, measure_copy
from regulars.bench.load import measure_load
from regulars.bench.report import Row
from regulars.bench.scratch import scratch_database
from regulars.bench.server import postgres_megabytes, running_server
from regulars.bench.yardstick import measure_yardstick, prepare_yardstick
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.ledger.actions import Ledger, verify
from regulars.features.members import actions as members
from regulars.features.members.model import NewMember

CLIENTS = (1, 32, 90)
MEMBERS = 10_000
WARM_UP_SECONDS = 10
"""Long enough for nearly all members to have been met, so that none is looked up while it is measured."""
SHALLOW_ROWS, DEEP_ROWS = 1_000, 1_000_000

EARN_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["X-Admin-Key"] = "{key}"
wrk.headers["X-Actor-Role"] = "admin"
math.randomseed(os.time())
local run, count = math.random(1, 2^31), 0
function request()
    count = count + 1
    wrk.headers["Idempotency-Key"] = run .. "-" .. count
    return wrk.format(nil, nil, nil, '{{"user_id":"member-' .. math.random(1, {members}) .. '","amount":1}}')
end
"""

HISTORY_SCRIPT = """
wrk.headers["X-Admin-Key"] = "{key}"
wrk.headers["X-Actor-Role"] = "admin"
"""

FILL_HISTORY = """
with account as (
    insert into accounts (program_id, account_id, member_id, asset, balance, credited, version, updated_at)
    values (%(program_id)s, gen_random_uuid(), %(member_id)s, 'points', %(rows)s, %(rows)s, %(rows)s, now())
    returning account_id
)
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, actor, effective_at, created_at)
select %(program_id)s, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0')
        || '7' || substr(md5(random()::text), 1, 3) || '8' || substr(md5(random()::text), 1, 15))::uuid,
    account_id, n, 'earn', 'earn_manual', 1, n, 'issuance', 'bench', 'admin', at, at
from account, generate_series(1, %(rows)s) n,
    lateral (select now() - (%(rows)s - n) * interval '10 milliseconds' as at) moment
"""


LEGEND = (
    "pgbench: one prepared transaction per posting: update the balance, insert the transfer by unique key",
    f"earn: POST /ck/earn with an Idempotency-Key each, {MEMBERS:,} members, the full answer with hints",
    f"bare COPY: {BATCH:,} transfers at a time into a table like the ledger's, and nothing else",
    f"bulk: {BATCH:,} earns at a time, {LANES} such batches at once; ratio to pgbench with 32 clients",
    "history: GET /api/history, pages of 50 rows; ratio to the short history's rate",
)


class Plan(msgspec.Struct, frozen=True):
    """How long and how large the benchmark runs."""

    seconds: int = 10
    deep_rows: int = DEEP_ROWS


class Ground(msgspec.Struct, frozen=True):
    """The prepared database: where it is, and what the load needs to know of its program."""

    conninfo: str
    program_id: int
    key: str
    environment: dict[str, str]
    member_ids: Sequence[UUID]


async def run(conninfo: str, plan: Plan, console: Console) -> tuple[list[Row], list[str]]:
    """The rows of the table and the notes below it, from one run on a scratch database of that server."""
    rows: list[Row] = []
    async with scratch_database(conninfo) as scratch:
        with console.status("preparing members"):
            ground = await _prepare(scratch, plan)
        yardstick: dict[int, float] = {}
        for clients in CLIENTS:
            with console.status(f"pgbench, {clients} clients"):
                measured = await measure_yardstick(
                    scratch, accounts=MEMBERS, clients=clients, seconds=plan.seconds
                )
            yardstick[clients] = measured.rate
            rows.append(Row("pgbench", clients, measured))
        for workers in (1, 2):
            rows += await _measure_earn(ground, plan, workers, yardstick, console)
        with console.status("bulk posting"):
            members_with_accounts = ground.member_ids[:MEMBERS]
            copied = await measure_copy(scratch, plan.seconds)
            bulk = await measure_bulk(scratch, ground.program_id, members_with_accounts, plan.seconds)
        rows.append(Row("bare COPY", LANES, copied, yardstick[32]))
        rows.append(Row("bulk posting, no HTTP", LANES, bulk, yardstick[32]))
        with console.status("filling histories"):
            await _fill_history(ground, plan)
        rows += await _measure_history(ground, plan, console)
        notes = [*LEGEND, await _idle_note(), await _verified_note(ground)]
    return rows, notes


async def _prepare(conninfo: str, plan: Plan) -> Ground:
    secret_key = secrets.token_urlsafe(48)
    await prepare_yardstick(conninfo, MEMBERS)
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        now = utc_now()
        program = await access.create_program(
            connection,
            slug="bench",
            name="Bench",
            currency="GBP",
            time_zone="UTC",
            now=now,
        )
        issued = await access.issue_credential(
            connection,
            secret_key,
            program.program_id,
            name="bench",
            scopes={"cryptokids:admin"},
            now=now,
        )
        newcomers = [NewMember(handle=f"member-{number}") for number in range(1, MEMBERS + 3)]
        enrolled = await members.enrol_batch(connection, program.program_id, newcomers, now)
        member_ids = [member.member_id for member in enrolled]
    await _open_accounts(database, program.program_id, member_ids)
    await database.close()
    async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as owner:
        await owner.execute("vacuum analyze")
    environment = {"REGULARS_DATABASE_URL": conninfo, "REGULARS_SECRET_KEY": secret_key}
    return Ground(
        conninfo,
        program.program_id,
        issued.key,
        environment | {"REGULARS_LOG_LEVEL": "warning"},
        member_ids,
    )


async def _open_accounts(database: Database, program_id: int, member_ids: Sequence[UUID]) -> None:
    """Gives all but the last two members an account, so that nobody's first posting is measured."""
    ledger = Ledger(database, utc_now)
    for start in range(0, MEMBERS, BATCH):
        commands = [bulk_earn(member_id) for member_id in member_ids[start : min(start + BATCH, MEMBERS)]]
        await ledger.post_batch(program_id, commands)
    await ledger.close()


async def _fill_history(ground: Ground, plan: Plan) -> None:
    """The histories of the last two members, written past the ledger for the sake of time."""
    async with await psycopg.AsyncConnection.connect(ground.conninfo, autocommit=True) as owner:
        for member_id, count in zip(ground.member_ids[-2:], (SHALLOW_ROWS, plan.deep_rows), strict=True):
            parameters = {"program_id": ground.program_id, "member_id": member_id, "rows": count}
            await owner.execute(FILL_HISTORY, parameters)
        await owner.execute("vacuum analyze")


async def _measure_earn(
    ground: Ground,
    plan: Plan,
    workers: int,
    yardstick: dict[int, float],
    console: Console,
) -> list[Row]:
    script = EARN_SCRIPT.format(key=ground.key, members=MEMBERS)
    rows = []
    async with running_server(ground.environment, workers=workers) as server:
        url = f"{server.url}/ck/earn"
        with console.status("warming up"):
            await measure_load(url, script, clients=32, seconds=WARM_UP_SECONDS)
        for clients in CLIENTS:
            with console.status(f"POST /ck/earn, {clients} clients, {workers} workers"):
                measured = await measure_load(url, script, clients=clients, seconds=plan.seconds)
            what = f"earn, {workers} worker{'s' if workers > 1 else ''}"
            rows.append(Row(what, clients, measured, yardstick[clients]))
    return rows


async def _measure_history(ground: Ground, plan: Plan, console: Console) -> list[Row]:
    """Pages of 50 rows of a short history and, held against that, the first and last of a long one."""
    script = HISTORY_SCRIPT.format(key=ground.key)
    shallow, deep = f"member-{MEMBERS + 1}", f"member-{MEMBERS + 2}"
    oldest = plan.deep_rows - 50
    pages = [
        (f"history of {SHALLOW_ROWS:,}", f"userId={shallow}"),
        (f"history of {plan.deep_rows:,}", f"userId={deep}"),
        (f"history of {plan.deep_rows:,}, end", f"userId={deep}&offset={oldest}"),
    ]
    rows: list[Row] = []
    async with running_server(ground.environment) as server:
        for what, query in pages:
            with console.status(what):
                url = f"{server.url}/api/history?{query}&limit=50"
                measured = await measure_load(url, script, clients=1, seconds=plan.seconds)
            rows.append(Row(what, 1, measured, rows[0].measured.rate if rows else None))
    return rows


async def _idle_note() -> str:
    """How fast a whole server with its own database starts the second time, and how little it needs then."""
    with TemporaryDirectory() as directory:
        environment = {"REGULARS_DATA_DIRECTORY": directory, "REGULARS_LOG_LEVEL": "warning"}
        async with running_server(environment, arguments=()):
            pass
        async with running_server(environment, arguments=()) as server:
            await asyncio.sleep(2)
            megabytes = server.resident_megabytes() + postgres_megabytes(Path(directory))
    return (
        f"idle server with jobs and its embedded database: {megabytes:.0f} MB; "
        f"second start ready after {server.start_seconds:.2f} s"
    )


async def _verified_note(ground: Ground) -> str:
    database = await Database.open(ground.conninfo)
    async with database.connection() as connection:
        findings = await verify(connection)
    await database.close()
    return f"ledger verified after the run: {len(findings)} findings"
