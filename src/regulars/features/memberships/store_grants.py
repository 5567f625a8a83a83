"""The statements of the monthly job, which go through live memberships a part at a time."""

from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.memberships.model import DueGrant

# In the order of the members, which is the one in which accounts are locked.
SELECT_LIVE: LiteralString = """
select member_id, subscription_id, period_start,
    status = 'active' and period_is_paid and granted_period_start is distinct from period_start
from memberships
where program_id = %(program_id)s and location_id = %(location_id)s
    and status in ('active', 'trialing', 'past_due')
    and (member_id, subscription_id) > (%(after_member_id)s, %(after_subscription_id)s)
order by member_id, subscription_id
limit %(limit)s
"""

# Row by row in the order given, so that two runs that meet never wait for each other in a circle.
ROW_BY_ROW = Statement("""
select set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
""")

MARK_GRANTED = Statement("""
update memberships m
set granted_period_start = r.period_start
from unnest(
    %(subscription_ids)s::text[], %(period_starts)s::timestamptz[]
) as r (subscription_id, period_start)
where m.program_id = %(program_id)s and m.subscription_id = r.subscription_id
""")

NOBODY = UUID(int=0)


async def select_live(
    connection: Connection, program_id: int, location_id: int, after: DueGrant | None, limit: int
) -> list[DueGrant]:
    """The next live memberships of a location, after one of them."""
    cursor = await connection.execute(
        SELECT_LIVE,
        {
            "program_id": program_id,
            "location_id": location_id,
            "after_member_id": NOBODY if after is None else after.member_id,
            "after_subscription_id": "" if after is None else after.subscription_id,
            "limit": limit,
        },
    )
    return [DueGrant(*row) for row in await cursor.fetchall()]


def send_marks(pipeline: Pipeline, program_id: int, granted: Sequence[DueGrant]) -> None:
    """The job need not look at these periods again."""
    starts = [due.period_start for due in granted if due.period_start is not None]
    assert len(starts) == len(granted), "what is due has a period"
    ids = ",".join(_quoted(due.subscription_id) for due in granted)
    times = ",".join(f'"{start.isoformat()}"' for start in starts)
    pipeline.send(ROW_BY_ROW)
    pipeline.send(
        MARK_GRANTED,
        {
            "program_id": b"%d" % program_id,
            "subscription_ids": b"{%b}" % ids.encode(),
            "period_starts": b"{%b}" % times.encode(),
        },
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
