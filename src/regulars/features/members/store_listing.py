"""The statements for listing very many members."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime
from typing import Any, LiteralString

import msgspec

from regulars.db.copying import copied_lines
from regulars.db.database import Connection
from regulars.features.members.model_listing import ListedMember, Listing

ROWS_AT_ONCE = 500
"""Some 150 kB, and a millisecond of Python."""

# COPY takes no parameters, so psycopg writes the values into the statement. It is planned for these values
# each time, which is what a listing needs: the few who changed are found by their change, and all of them
# are read in the order of their numbers. Identifiers are looked up once the members of a page are known.
LIST: LiteralString = """
copy (
    select json_build_array(
        m.number, m.status, m.name, m.email, m.staff, m.home_location_id, m.updated_at,
        coalesce(i.identifiers, '[]')
    )
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
        select json_agg(json_build_array(kind, value, label) order by identifier_id) as identifiers
        from identifiers
        where program_id = m.program_id and member_id = m.member_id and kind = any (%(identifier_kinds)s)
            and ended_at is null
    ) i on true
    order by m.number
) to stdout
"""

LIMIT_SECONDS: LiteralString = "select set_config('statement_timeout', %(milliseconds)s, true)"

# What other sessions do is shown to the role that they logged in with, which is ours too. The role that the
# connection has taken comes back with the end of the transaction.
SHOW_SESSIONS: LiteralString = "set local role none"
SELECT_OLDEST_WRITER: LiteralString = """
select clock_timestamp() - min(xact_start) from pg_stat_activity
where datname = current_database() and backend_xid is not null and pid <> pg_backend_pid()
"""

_decoder = msgspec.json.Decoder(ListedMember)


async def select_listed(
    connection: Connection, program_id: int, wanted: Listing, seconds_max: float
) -> AsyncGenerator[list[ListedMember], None]:
    """The members, some hundreds at a time, all from one snapshot, in a transaction of its own."""
    parameters: dict[str, Any] = {
        **msgspec.structs.asdict(wanted),
        "program_id": program_id,
        "identifier_kinds": list(wanted.identifier_kinds),
    }
    async with connection.transaction():
        await connection.execute(LIMIT_SECONDS, {"milliseconds": f"{seconds_max * 1000:.0f}"})
        async with aclosing(copied_lines(connection, LIST, parameters, ROWS_AT_ONCE)) as copied:
            async for lines in copied:
                # JSON holds no raw control characters, so all that COPY has escaped are backslashes.
                yield _decoder.decode_lines(b"".join(lines).replace(b"\\\\", b"\\"))


async def writing_since(connection: Connection, now: datetime) -> datetime:
    """When the oldest transaction began that has written something and is not committed; `now` for none."""
    async with connection.transaction():
        await connection.execute(SHOW_SESSIONS)
        cursor = await connection.execute(SELECT_OLDEST_WRITER)
        row = await cursor.fetchone()
    assert row is not None
    # An age, because the clock of the database need not agree with the one that stamps changes.
    return now if row[0] is None else min(now, now - row[0])
