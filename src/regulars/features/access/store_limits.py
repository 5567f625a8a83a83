"""The statements for counted limits."""

from datetime import datetime, timedelta
from typing import LiteralString

from regulars.db.database import Connection

COUNT_ATTEMPT: LiteralString = """
insert into attempts as a (program_id, limiter, subject, attempted_at, admitted, updated_at)
values (%(program_id)s, %(limiter)s, %(subject)s, array[%(now)s::timestamptz], true, %(now)s)
on conflict (program_id, limiter, subject) do update
set (attempted_at, admitted) = (
        select
            coalesce(array_agg(t order by t), '{}')
                || case when count(*) < %(limit)s then array[%(now)s::timestamptz] else '{}' end,
            count(*) < %(limit)s
        from unnest(a.attempted_at) as t
        where t > %(now)s::timestamptz - %(period)s::interval
    ),
    updated_at = excluded.updated_at
returning case when not a.admitted then
    a.attempted_at[cardinality(a.attempted_at) - %(limit)s + 1] + %(period)s::interval - %(now)s::timestamptz
end
"""

DELETE_ATTEMPTS: LiteralString = """
delete from attempts where ctid = any (array(
    select ctid from attempts where updated_at < %(before)s limit %(limit)s for update skip locked
))
"""


async def count_attempt(
    connection: Connection,
    program_id: int,
    limiter: str,
    subject: str,
    limit: int,
    period: timedelta,
    now: datetime,
) -> timedelta | None:
    """None when the attempt was let through and counted, else how long until the next one will be."""
    parameters = {
        "program_id": program_id,
        "limiter": limiter,
        "subject": subject,
        "limit": limit,
        "period": period,
        "now": now,
    }
    cursor = await connection.execute(COUNT_ATTEMPT, parameters)
    row = await cursor.fetchone()
    assert row is not None
    wait: timedelta | None = row[0]
    return wait


async def delete_attempts(connection: Connection, before: datetime, limit: int) -> int:
    """How many rows were deleted that nobody has counted on since `before`, at most `limit`."""
    cursor = await connection.execute(DELETE_ATTEMPTS, {"before": before, "limit": limit})
    return cursor.rowcount
