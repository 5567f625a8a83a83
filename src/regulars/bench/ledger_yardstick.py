"""The yardstick: pgbench with one prepared transaction per posting, on the same database.

A posting there is what any ledger must do at least: update the balance, insert the transfer, and let a
unique key refuse a repetition; durable when it answers.
"""

import psycopg

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


async def prepare_yardstick(conninfo: str, accounts: int) -> None:
    """Makes the yardstick's tables, with accounts at zero."""
    async with await psycopg.AsyncConnection.connect(conninfo) as connection:
        for statement in TABLES.split(";\n"):
            if statement.strip():
                parameters = {"accounts": accounts} if "%(accounts)s" in statement else None
                await connection.execute(statement.encode(), parameters)
