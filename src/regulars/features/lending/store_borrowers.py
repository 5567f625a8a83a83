"""The statements for borrowers."""

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from msgspec.structs import asdict

from regulars.db.database import Connection
from regulars.db.parameters import fields_of, parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.lending.model import Borrower, BorrowerStatus
from regulars.features.members.model import Status

_COLUMNS: LiteralString = """
    b.program_id, b.member_id, b.plan, b.status, b.cycle_anchor_at, b.cycle_starts_at, b.cycle_ends_at,
    b.items_used, b.swaps_used, b.items_out, b.told_cycle_at, b.store_location, b.created_at, b.updated_at
"""

# The row's lock is what makes one loan of two tills' requests for the last one.
_LOCKED: LiteralString = """
from (
    select * from borrowers
    where program_id = %(program_id)s and member_id = %(member_id)s
    limit 1
    for no key update
) b
cross join lateral (
    select status from members
    where program_id = %(program_id)s and member_id = b.member_id
    limit 1
) m
"""

LOCK = Statement("select" + _COLUMNS + ", m.status" + _LOCKED)

UPDATE = Statement("""
update borrowers
set plan = %(plan)s, status = %(status)s, cycle_anchor_at = %(cycle_anchor_at)s,
    cycle_starts_at = %(cycle_starts_at)s, cycle_ends_at = %(cycle_ends_at)s, items_used = %(items_used)s,
    swaps_used = %(swaps_used)s, items_out = %(items_out)s, told_cycle_at = %(told_cycle_at)s,
    store_location = %(store_location)s, updated_at = %(updated_at)s
where program_id = %(program_id)s and member_id = %(member_id)s
""")

INSERT: LiteralString = """
insert into borrowers (
    program_id, member_id, plan, status, cycle_anchor_at, cycle_starts_at, cycle_ends_at, items_used,
    swaps_used, items_out, told_cycle_at, store_location, created_at, updated_at
)
values (
    %(program_id)s, %(member_id)s, %(plan)s, %(status)s, %(cycle_anchor_at)s, %(cycle_starts_at)s,
    %(cycle_ends_at)s, %(items_used)s, %(swaps_used)s, %(items_out)s, %(told_cycle_at)s, %(store_location)s,
    %(created_at)s, %(updated_at)s
)
on conflict (program_id, member_id) do nothing
"""

# Shared, so that uploads for one member go side by side, and wait for whoever erases the member.
HOLD: LiteralString = """
select true
from (
    select member_id from borrowers
    where program_id = %(program_id)s and member_id = %(member_id)s
    limit 1
    for share
) b
cross join lateral (
    select status from members
    where program_id = %(program_id)s and member_id = b.member_id
    limit 1
) m
where m.status <> 'erased'
"""

COUNT_SINCE: LiteralString = """
select count(*) filter (where checked_out_at >= %(since)s),
    count(*) filter (where swapped_for is not null and returned_at >= %(since)s)
from loans
where program_id = %(program_id)s and member_id = %(member_id)s
"""


class Locked:
    """A borrower who is asked for, and nobody else's until the end of the transaction."""

    def __init__(self, pipeline: Pipeline, program_id: int, member_id: UUID) -> None:
        self._sent: Sent = pipeline.send(LOCK, parameters(program_id=program_id, member_id=member_id))

    @property
    def found(self) -> tuple[Borrower, Status] | None:
        """The borrower, and how the member stands, once the pipeline was flushed."""
        if not self._sent.rows:
            return None
        *columns, status = self._sent.rows[0]
        return borrower_of(columns), Status(status)


def send_update(pipeline: Pipeline, borrower: Borrower) -> None:
    """The borrower, who is locked, as this says."""
    pipeline.send(UPDATE, fields_of(borrower))


async def lock(connection: Connection, program_id: int, member_id: UUID) -> Borrower | None:
    """The same borrower, for transactions that do not go out through a pipeline."""
    cursor = await connection.execute(LOCK.text, {"program_id": program_id, "member_id": member_id})
    row = await cursor.fetchone()
    return None if row is None else borrower_of(list(row[:-1]))


async def update(connection: Connection, borrower: Borrower) -> None:
    """The borrower, who is locked, as this says."""
    await connection.execute(UPDATE.text, _values(borrower))


async def insert(connection: Connection, borrower: Borrower) -> None:
    """The borrower is there, as this says or as somebody else has said before."""
    await connection.execute(INSERT, _values(borrower))


async def hold(connection: Connection, program_id: int, member_id: UUID) -> bool:
    """Whether there is such a borrower, who is not erased before the end of the transaction."""
    cursor = await connection.execute(HOLD, {"program_id": program_id, "member_id": member_id})
    return await cursor.fetchone() is not None


async def count_since(
    connection: Connection, program_id: int, member_id: UUID, since: datetime
) -> tuple[int, int]:
    """How many garments the member has taken since then, and how often one was swapped."""
    keys = {"program_id": program_id, "member_id": member_id, "since": since}
    cursor = await connection.execute(COUNT_SINCE, keys)
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


def borrower_of(columns: list[Any]) -> Borrower:
    """The borrower of a row."""
    values = dict(zip(Borrower.__struct_fields__, columns, strict=True))
    return Borrower(**{**values, "status": BorrowerStatus(values["status"])})


def _values(borrower: Borrower) -> dict[str, Any]:
    return asdict(borrower) | {"status": str(borrower.status)}
