"""The statements for what was used of promos and who they were assigned to."""

from collections.abc import Collection
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.promos.model import Assignment, UseCount, Uses

# Whoever takes a use first waits for the promo's row of counts and then sees what the one before left, so
# the promo's users stand in one queue, and whether there is room is known before anything is written. The
# customer's count is read by the write itself, because the statement's own view of it may be older than
# the wait. Only then is the promo's count raised: the use, or the overuse. The limits are those stored now.
CONSUME: LiteralString = """
with promo as materialized (
    select p.usage_limit, p.usage_limit_per_customer,
        p.usage_limit is null or u.uses < p.usage_limit as has_room
    from promo_uses u
    join promos p on p.program_id = u.program_id and p.promo_id = u.promo_id
    where u.program_id = %(program_id)s and u.promo_id = %(promo_id)s
    for no key update of u
),
customer as (
    insert into promo_member_uses as m (program_id, member_id, promo_id, uses, uses_max)
    select %(program_id)s, %(member_id)s::uuid, %(promo_id)s, 1, usage_limit_per_customer
    from promo
    where has_room and %(member_id)s::uuid is not null
    on conflict (program_id, member_id, promo_id) do update
    set uses = m.uses + 1, uses_max = excluded.uses_max
    where excluded.uses_max is null or m.uses < excluded.uses_max
    returning m.uses
),
outcome as (
    select usage_limit,
        has_room and (%(member_id)s::uuid is null or exists (select from customer)) as is_taken
    from promo
)
update promo_uses u
set uses = u.uses + case when o.is_taken then 1 else 0 end,
    overuses = u.overuses + case when o.is_taken then 0 else 1 end,
    uses_max = case when o.is_taken then o.usage_limit else u.uses_max end,
    last_used_at = greatest(u.last_used_at, %(now)s)
from outcome o
where u.program_id = %(program_id)s and u.promo_id = %(promo_id)s
returning o.is_taken
"""

# A subquery for each promo, so that the generic plan looks each row up however large the table becomes.
SELECT_USES: LiteralString = """
select u.promo_id, u.uses, coalesce((
    select m.uses from promo_member_uses m
    where m.program_id = u.program_id and m.member_id = %(member_id)s::uuid and m.promo_id = u.promo_id
), 0)
from promo_uses u
where u.program_id = %(program_id)s and u.promo_id = any (%(promo_ids)s::integer[])
"""

SELECT_COUNTS: LiteralString = """
select promo_id, uses, overuses, last_used_at from promo_uses
where program_id = %(program_id)s
order by promo_id
"""

ASSIGN: LiteralString = """
insert into promo_assignments (program_id, member_id, promo_id, expires_at, assigned_at)
values (%(program_id)s, %(member_id)s, %(promo_id)s, %(expires_at)s, %(now)s)
on conflict (program_id, member_id, promo_id) do update set expires_at = excluded.expires_at
"""

UNASSIGN: LiteralString = """
delete from promo_assignments
where program_id = %(program_id)s and member_id = %(member_id)s and promo_id = %(promo_id)s
"""

SELECT_OF_MEMBER: LiteralString = """
select promo_id, member_id, expires_at from promo_assignments
where program_id = %(program_id)s and member_id = %(member_id)s
order by promo_id
"""

SELECT_OF_PROMO: LiteralString = """
select promo_id, member_id, expires_at from promo_assignments
where program_id = %(program_id)s and promo_id = %(promo_id)s
    and (%(after)s::uuid is null or member_id > %(after)s::uuid)
order by member_id
limit %(limit)s
"""


async def consume(
    connection: Connection, program_id: int, promo_id: int, member_id: UUID | None, now: datetime
) -> bool | None:
    """Whether a use was left and is taken; False counts as an overuse; None when there is no such promo."""
    parameters = {"program_id": program_id, "promo_id": promo_id, "member_id": member_id, "now": now}
    cursor = await connection.execute(CONSUME, parameters)
    row = await cursor.fetchone()
    return bool(row[0]) if row else None


async def select_uses(
    connection: Connection, program_id: int, promo_ids: Collection[int], member_id: UUID | None
) -> dict[int, Uses]:
    """The uses of those of these promos that exist."""
    parameters = {"program_id": program_id, "promo_ids": list(promo_ids), "member_id": member_id}
    cursor = await connection.execute(SELECT_USES, parameters)
    return {promo_id: Uses(overall, of_member) for promo_id, overall, of_member in await cursor.fetchall()}


async def select_counts(connection: Connection, program_id: int) -> list[UseCount]:
    """The counts of every promo of the program."""
    cursor = await connection.execute(SELECT_COUNTS, {"program_id": program_id})
    return [UseCount(*row) for row in await cursor.fetchall()]


async def upsert_assignment(
    connection: Connection, program_id: int, assignment: Assignment, now: datetime
) -> None:
    """The promo is the member's until the assignment's new end."""
    parameters = {
        "program_id": program_id,
        "member_id": assignment.member_id,
        "promo_id": assignment.promo_id,
        "expires_at": assignment.expires_at,
        "now": now,
    }
    await connection.execute(ASSIGN, parameters)


async def delete_assignment(connection: Connection, program_id: int, promo_id: int, member_id: UUID) -> bool:
    """Whether there was one to delete."""
    parameters = {"program_id": program_id, "member_id": member_id, "promo_id": promo_id}
    cursor = await connection.execute(UNASSIGN, parameters)
    return cursor.rowcount == 1


async def select_assignments_of_member(
    connection: Connection, program_id: int, member_id: UUID
) -> list[Assignment]:
    """What was assigned to the member, expired or not, by promo."""
    parameters = {"program_id": program_id, "member_id": member_id}
    cursor = await connection.execute(SELECT_OF_MEMBER, parameters)
    return [Assignment(*row) for row in await cursor.fetchall()]


async def select_assignments_of_promo(
    connection: Connection, program_id: int, promo_id: int, after: UUID | None, limit: int
) -> list[Assignment]:
    """Whom the promo was assigned to, by member, from the one after `after`."""
    parameters = {"program_id": program_id, "promo_id": promo_id, "after": after, "limit": limit}
    cursor = await connection.execute(SELECT_OF_PROMO, parameters)
    return [Assignment(*row) for row in await cursor.fetchall()]
