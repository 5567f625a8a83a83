"""The statements of the monthly job, which go through live memberships a part at a time."""

from collections.abc import Sequence
from uuid import UUID

from regulars.db.arrays import text_array
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.memberships.model import DueGrant

# In the order of the members, which is the one in which accounts are locked.
SELECT_LIVE = Statement("""
select member_id, subscription_id, period_start,
    status = 'active' and period_is_paid and granted_period_start is distinct from period_start
from memberships
where program_id = %(program_id)s and location_id = %(location_id)s
    and status in ('active', 'trialing', 'past_due')
    and (member_id, subscription_id) > (%(after_member_id)s, %(after_subscription_id)s)
order by member_id, subscription_id
limit %(limit)s
""")

# The memberships come in the order of the members, which is the one in which every run locks them, and meet
# what was granted in a hash: those of a part lie side by side in their index.
IN_ORDER = Statement("""
select set_config('enable_nestloop', 'off', true), set_config('enable_mergejoin', 'off', true),
    set_config('enable_bitmapscan', 'off', true)
""")

MARK_GRANTED = Statement("""
update memberships m
set granted_period_start = r.period_start
from unnest(
    %(subscription_ids)s::text[], %(period_starts)s::timestamptz[]
) as r (subscription_id, period_start)
where m.program_id = %(program_id)s and m.location_id = %(location_id)s
    and m.status in ('active', 'trialing', 'past_due')
    and m.member_id between %(first_member_id)s and %(last_member_id)s
    and m.subscription_id = r.subscription_id
""")

NOBODY = UUID(int=0)


async def select_live(
    connection: Connection, program_id: int, location_id: int, after: DueGrant | None, limit: int
) -> list[DueGrant]:
    """The next live memberships of a location, after one of them."""
    member_id, subscription_id = (NOBODY, "") if after is None else (after.member_id, after.subscription_id)
    pipeline = Pipeline(connection)
    live = pipeline.send(
        SELECT_LIVE,
        {
            "program_id": b"%d" % program_id,
            "location_id": b"%d" % location_id,
            "after_member_id": member_id.hex.encode(),
            "after_subscription_id": subscription_id.encode(),
            "limit": b"%d" % limit,
        },
    )
    await pipeline.flush()
    return [DueGrant(*row) for row in live.rows]


def send_marks(pipeline: Pipeline, program_id: int, location_id: int, granted: Sequence[DueGrant]) -> None:
    """The job need not look at these periods again, which are in the order of `select_live`."""
    starts = [due.period_start for due in granted if due.period_start is not None]
    assert len(starts) == len(granted), "what is due has a period"
    pipeline.send(IN_ORDER)
    pipeline.send(
        MARK_GRANTED,
        {
            "program_id": b"%d" % program_id,
            "location_id": b"%d" % location_id,
            "first_member_id": granted[0].member_id.hex.encode(),
            "last_member_id": granted[-1].member_id.hex.encode(),
            "subscription_ids": text_array([due.subscription_id for due in granted]),
            "period_starts": text_array([start.isoformat() for start in starts]),
        },
    )
