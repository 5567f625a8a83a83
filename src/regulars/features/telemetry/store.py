"""The SQL of telemetry."""

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from psycopg.rows import class_row

from regulars.db.database import Connection
from regulars.features.telemetry.model import VerbCount

# Rows are sorted, so that processes that add up at the same time wait for each other in one order. A
# program that does not exist is passed over: one wrong row must not keep the others from being counted.
ADD_COUNTS = """
insert into verb_counts as stored (program_id, verb, failure, count, duration_microseconds_total, since)
select program_id, verb, failure, sum(added.count), sum(added.duration_microseconds_total), min(added.since)
from json_to_recordset(%(counts)s::json) as added (
    program_id integer, verb text, failure text, count bigint,
    duration_microseconds_total bigint, since timestamptz
)
join programs using (program_id)
group by program_id, verb, failure
order by program_id, verb, failure
on conflict (program_id, verb, failure) do update set
    count = stored.count + excluded.count,
    duration_microseconds_total = stored.duration_microseconds_total + excluded.duration_microseconds_total,
    since = least(stored.since, excluded.since)
"""

SELECT_COUNTS = """
select verb, failure, count, duration_microseconds_total, since
from verb_counts
where program_id = %(program_id)s and (%(verbs)s::text[] is null or verb = any(%(verbs)s))
"""


class AddedCount(msgspec.Struct, frozen=True):
    """One row to add up."""

    program_id: int
    verb: str
    failure: str
    count: int
    duration_microseconds_total: int
    since: datetime


async def add_counts(connection: Connection, counts: Sequence[AddedCount]) -> None:
    """Adds the counts to the stored ones, all or none."""
    await connection.execute(ADD_COUNTS, {"counts": msgspec.json.encode(counts).decode()})


async def select_counts(
    connection: Connection, program_id: int, verbs: Collection[str] | None
) -> list[VerbCount]:
    """The counts of a program: of these verbs, or (None) of all."""
    values = {"program_id": program_id, "verbs": None if verbs is None else list(verbs)}
    async with connection.cursor(row_factory=class_row(VerbCount)) as cursor:
        await cursor.execute(SELECT_COUNTS, values)
        return await cursor.fetchall()
