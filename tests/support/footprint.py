"""What a database holds, table by table, to see whether a request has left anything behind."""

import msgspec
import psycopg
from psycopg import sql

COUNTERS = frozenset({"verb_counts", "attempts"})
"""Tables in which a refused request may leave something: how often it was refused, and who tried."""


class Contents(msgspec.Struct, frozen=True):
    """How many rows a table has, and a digest of all that stands in them."""

    rows: int
    digest: str


Footprint = dict[str, Contents]


def footprint(database_url: str, program_id: int | None = None) -> Footprint:
    """The contents of every table but `COUNTERS`; with `program_id`, only the rows of that program."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        tables = _tables(connection, "program_id" if program_id is not None else None)
        return {table: _contents(connection, table, program_id) for table in tables}


def differences(before: Footprint, after: Footprint) -> list[str]:
    """The tables that are no longer what they were, with their rows before and after."""
    return [
        f"{table}: {before[table].rows} -> {after[table].rows} rows"
        for table in before
        if before[table] != after[table]
    ]


def _tables(connection: psycopg.Connection, column: str | None) -> list[str]:
    rows = connection.execute(
        """
        select distinct t.table_name from information_schema.tables t
        join information_schema.columns c using (table_schema, table_name)
        where t.table_schema not in ('pg_catalog', 'information_schema') and t.table_type = 'BASE TABLE'
            and (%(column)s::text is null or c.column_name = %(column)s)
        """,
        {"column": column},
    )
    return sorted(table for (table,) in rows if table not in COUNTERS)


def _contents(connection: psycopg.Connection, table: str, program_id: int | None) -> Contents:
    statement = sql.SQL(
        "select count(*), coalesce(md5(string_agg(t::text, '' order by t::text)), '') from {table} t {where}"
    ).format(
        table=sql.Identifier(table),
        where=sql.SQL("" if program_id is None else "where program_id = %(program_id)s"),
    )
    row = connection.execute(statement, {"program_id": program_id}).fetchone()
    assert row is not None
    return Contents(*row)
