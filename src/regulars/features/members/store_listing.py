"""The statements for listing very many members."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Any, LiteralString

from msgspec import json
from msgspec.structs import asdict

from regulars.db.copying import copied_lines
from regulars.db.database import Connection
from regulars.features.members.model_listing import ListedMember, Listing

ROWS_AT_ONCE = 500
"""Some 150 kB, and half a millisecond of Python."""

# COPY takes no parameters, so psycopg writes the values into the statement. It is planned for these values
# each time, which is what a listing needs: the few who changed are found by their change, and all of them
# are read in the order of their numbers. Identifiers are looked up once the members of a page are known.
#
# The text is made here because Python needed as long to take rows apart and to write them again as
# PostgreSQL to find them. Connections are in UTC, and hardly anybody has identifiers of other kinds.
LIST: LiteralString = """
copy (
    select m.number, case when m.status = 'active' then concat(
        '{' || %(number_key)s, m.number,
        ',' || %(name_key)s, to_json(m.name),
        ',' || %(email_key)s, coalesce(to_json(m.email), 'null'),
        ',' || %(code_key)s, coalesce(to_json(i.codes[cardinality(i.codes)]), 'null'),
        ',' || %(staff_key)s, case when m.staff then 'true' else 'false' end,
        ',' || %(home_location_id_key)s, coalesce(m.home_location_id::text, 'null'),
        ',' || %(updated_at_key)s || '"', to_char(m.updated_at, %(time_pattern)s),
        '",' || %(identifiers_key)s || '[', i.texts, ']}'
    ) else '' end
    from (
        select program_id, member_id, number, status, name, email, staff, home_location_id, updated_at
        from members
        where program_id = %(program_id)s and number > %(after)s
            and updated_at > coalesce(%(changed_after)s::timestamptz, '-infinity')
            and (status = 'active' or %(with_inactive)s)
        order by number
        limit %(limit)s
    ) m
    left join lateral (
        select array_agg(value order by identifier_id) filter (where kind = %(code_kind)s) as codes,
            string_agg(
                case when kind = %(identifiers_kind)s then concat(
                    '{' || %(kind_key)s || %(kind_text)s,
                    ',' || %(value_key)s, to_json(value),
                    ',' || %(label_key)s, coalesce(to_json(label), 'null'), '}'
                ) end,
                ',' order by identifier_id
            ) as texts
        from identifiers
        where program_id = m.program_id and member_id = m.member_id and ended_at is null
    ) i on true
    order by m.number
) to stdout
"""

KEYS = (
    "number", "name", "email", "code", "staff", "home_location_id", "updated_at", "identifiers", "kind",
    "value", "label",
)  # fmt: skip
"""Those of the form's texts that are keys."""

LIMIT_SECONDS: LiteralString = "select set_config('statement_timeout', %(milliseconds)s, true)"

# What other sessions do is shown to the role that they logged in with, which is ours too. The role that the
# connection has taken comes back with the end of the transaction.
SHOW_SESSIONS: LiteralString = "set local role none"
SELECT_OLDEST_WRITER: LiteralString = """
select clock_timestamp() - min(xact_start) from pg_stat_activity
where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
"""


async def select_listed(
    connection: Connection, program_id: int, wanted: Listing, seconds_max: float
) -> AsyncGenerator[list[ListedMember], None]:
    """The members, some hundreds at a time, all from one snapshot, in a transaction of its own."""
    async with connection.transaction():
        await connection.execute(LIMIT_SECONDS, {"milliseconds": f"{seconds_max * 1000:.0f}"})
        parameters = list_parameters(program_id, wanted)
        async with aclosing(copied_lines(connection, LIST, parameters, ROWS_AT_ONCE)) as copied:
            async for lines in copied:
                yield _listed(lines)


def list_parameters(program_id: int, wanted: Listing) -> dict[str, Any]:
    """What LIST is asked with."""
    parameters = {**asdict(wanted), **asdict(wanted.form), "program_id": program_id}
    del parameters["form"]
    for field in KEYS:
        parameters[f"{field}_key"] = _text(parameters[field]) + ":"
    parameters["kind_text"] = _text(wanted.form.identifiers_kind)
    return parameters


def _text(value: str) -> str:
    return json.encode(value).decode()


def _listed(lines: list[bytes]) -> list[ListedMember]:
    # JSON holds no raw control characters, so all that COPY has escaped are backslashes, and tabs and line
    # ends are its own. All lines are taken apart together, which is four times as fast as each by itself.
    fields = b"".join(lines).replace(b"\\\\", b"\\").replace(b"\n", b"\t").split(b"\t")
    return list(map(ListedMember, map(int, fields[:-1:2]), fields[1::2]))


async def writing_since(connection: Connection, now: datetime) -> datetime:
    """When the oldest transaction began that has written something and is not committed; `now` for none."""
    async with connection.transaction():
        await connection.execute(SHOW_SESSIONS)
        cursor = await connection.execute(SELECT_OLDEST_WRITER)
        row = await cursor.fetchone()
    assert row is not None
    # An age, because the clock of the database need not agree with the one that stamps changes.
    return now if row[0] is None else min(now, now - row[0])
