"""`regulars bench ledger`: postings over HTTP and in bulk beside pgbench, and history pages by depth."""

import asyncio
import secrets
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from regulars.base.clock import utc_now
from regulars.bench.bulk import BATCH, LANES, bulk_earn, measure_bulk, measure_copy
from regulars.bench.ground import Ground
from regulars.bench.ledger_yardstick import POSTING, prepare_yardstick
from regulars.bench.load import measure_load
from regulars.bench.report import Row
from regulars.bench.scratch import filling, scratch_database, settle
from regulars.bench.server import postgres_megabytes, running_server
from regulars.bench.sweep import Request, Sweep
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.ledger.actions import Ledger, verify
from regulars.features.members import actions as members
from regulars.features.members.model import NewMember

MEMBERS = 10_000
SHALLOW_ROWS, DEEP_ROWS = 1_000, 1_000_000
BULK_CLIENTS = 32
"""Whose rate at pgbench bulk posting is held against."""

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
select %(program_id)s, pg_temp.id_at(at), account_id, n, 'earn', 'earn_manual', 1, n, 'issuance', 'bench',
    'admin', at, at
from account, generate_series(1, %(rows)s) n,
    lateral (select now() - (%(rows)s - n) * interval '10 milliseconds' as at) moment
"""


LEGEND = (
    "pgbench: one prepared transaction per posting: update the balance, insert the transfer by unique key",
    f"earn: POST /ck/earn with an Idempotency-Key each, {MEMBERS:,} members, the full answer with hints",
    f"bare COPY: {BATCH:,} transfers at a time into a table like the ledger's, and nothing else",
    f"bulk earn: {BATCH:,} members at a time, {LANES} such orders at once; ratio to pgbench with 32 clients",
    "history: GET /api/history, pages of 50 rows; ratio to the short history's rate",
)


async def run(conninfo: str, sweep: Sweep, deep_rows: int) -> tuple[list[Row], list[str]]:
    """The rows of the table and the notes below it, from one run on a scratch database of that server."""
    async with scratch_database(conninfo) as scratch:
        with sweep.console.status("preparing members"):
            ground, member_ids = await _prepare(scratch)
        earn = Request(
            what="earn",
            path="/ck/earn",
            load=EARN_SCRIPT.format(key=ground.key, members=MEMBERS),
            yardstick=POSTING.format(accounts=MEMBERS),
        )
        rows = await sweep.beside_pgbench([earn], scratch, ground.environment)
        rows += await _measure_bulk(ground, member_ids[:MEMBERS], sweep, rows)
        with sweep.console.status("filling histories"):
            await _fill_histories(ground, member_ids[MEMBERS:], deep_rows)
        rows += await _measure_history(ground, sweep, deep_rows)
        notes = [*LEGEND, sweep.note, await _idle_note(), await _verified_note(ground)]
    return rows, notes


async def _prepare(conninfo: str) -> tuple[Ground, Sequence[UUID]]:
    """The members with accounts, and two more who are to have histories."""
    secret_key = secrets.token_urlsafe(48)
    await prepare_yardstick(conninfo, MEMBERS)
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        now = utc_now()
        program = await access.create_program(
            connection, slug="bench", name="Bench", currency="GBP", time_zone="UTC", now=now
        )
        issued = await access.issue_credential(
            connection, secret_key, program.program_id, name="bench", scopes={"cryptokids:admin"}, now=now
        )
        newcomers = [NewMember(handle=f"member-{number}") for number in range(1, MEMBERS + 3)]
        enrolled = await members.enrol_batch(connection, program.program_id, newcomers, now)
    member_ids = [member.member_id for member in enrolled]
    await _open_accounts(database, program.program_id, member_ids[:MEMBERS])
    await database.close()
    await settle(conninfo)
    return Ground(conninfo, secret_key, program.program_id, issued.key), member_ids


async def _open_accounts(database: Database, program_id: int, member_ids: Sequence[UUID]) -> None:
    """Gives each of the members an account, so that nobody's first posting is measured."""
    ledger = Ledger(database, utc_now)
    for start in range(0, len(member_ids), BATCH):
        await ledger.earn_in_bulk(program_id, bulk_earn(member_ids[start : start + BATCH]))
    await ledger.close()


async def _measure_bulk(
    ground: Ground, member_ids: Sequence[UUID], sweep: Sweep, measured: Sequence[Row]
) -> list[Row]:
    yardstick_rate = next(row.measured.rate for row in measured if row.clients == BULK_CLIENTS)
    with sweep.console.status("bulk posting"):
        copied = await measure_copy(ground.conninfo, sweep.seconds)
        plain, keyed = [
            await measure_bulk(ground.conninfo, ground.program_id, member_ids, sweep.seconds, keyed=keyed)
            for keyed in (False, True)
        ]
    return [
        Row("bare COPY", LANES, copied, yardstick_rate),
        Row("bulk earn, no HTTP", LANES, plain, yardstick_rate),
        Row("bulk earn, a key each", LANES, keyed, yardstick_rate),
    ]


async def _fill_histories(ground: Ground, member_ids: Sequence[UUID], deep_rows: int) -> None:
    """The histories of two members, written past the ledger."""
    async with filling(ground.conninfo) as owner:
        for member_id, count in zip(member_ids, (SHALLOW_ROWS, deep_rows), strict=True):
            parameters = {"program_id": ground.program_id, "member_id": member_id, "rows": count}
            await owner.execute(FILL_HISTORY, parameters)
    await settle(ground.conninfo)


async def _measure_history(ground: Ground, sweep: Sweep, deep_rows: int) -> list[Row]:
    """Pages of 50 rows of a short history and, held against that, the first and last of a long one."""
    script = HISTORY_SCRIPT.format(key=ground.key)
    shallow, deep = f"member-{MEMBERS + 1}", f"member-{MEMBERS + 2}"
    oldest = deep_rows - 50
    pages = [
        (f"history of {SHALLOW_ROWS:,}", f"userId={shallow}"),
        (f"history of {deep_rows:,}", f"userId={deep}"),
        (f"history of {deep_rows:,}, end", f"userId={deep}&offset={oldest}"),
    ]
    rows: list[Row] = []
    async with running_server(ground.environment) as server:
        for what, query in pages:
            with sweep.console.status(what):
                url = f"{server.url}/api/history?{query}&limit=50"
                measured = await measure_load(url, script, clients=1, seconds=sweep.seconds)
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
