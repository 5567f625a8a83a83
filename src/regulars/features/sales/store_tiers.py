"""The statements for what others know of members' tiers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import LiteralString

import msgspec
from msgspec.structs import asdict, replace

from regulars.db.arrays import plain_array
from regulars.db.database import Connection
from regulars.db.parameters import parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.sales.model import Customer, DueTier, ToldTier

# Of several that tell of one member and hotel at once, the row lets one at a time through, and what it said
# before is where each begins.
TELL = Statement("""
insert into told_tiers as t (
    program_id, member_id, location_id, tier, previous_tier, counted_from, told_at
)
values (
    %(program_id)s, %(member_id)s, %(location_id)s, %(tier)s, %(previous_tier)s, %(counted_from)s, %(told_at)s
)
on conflict (program_id, member_id, location_id) do update
set tier = excluded.tier, previous_tier = t.tier, counted_from = excluded.counted_from,
    told_at = greatest(t.told_at, excluded.told_at)
where t.tier <> excluded.tier
returning previous_tier, told_at
""")

# What somebody else tells of at this moment is left to them.
LOCK_DUE = Statement("""
with hotels as materialized (
    select h.location_id, h.since
    from json_to_recordset(%(hotels)s::json) as h (location_id integer, since timestamptz)
),
due as materialized (
    select t.member_id, h.location_id, t.tier, t.told_at, h.since
    from hotels h
    cross join lateral (
        select member_id, tier, told_at from told_tiers
        where program_id = %(program_id)s and location_id = h.location_id and counted_from < h.since
        order by counted_from
        limit %(limit)s
        for no key update skip locked
    ) t
    limit %(limit)s
)
select d.member_id, m.staff, m.home_location_id, v.visits, m.status = 'erased', d.location_id, d.tier,
    d.told_at, v.first_visit_at
from due d
cross join lateral (
    select staff, home_location_id, status from members
    where program_id = %(program_id)s and member_id = d.member_id
    limit 1
) m
cross join lateral (
    select count(*) as visits, min(s.sold_at) as first_visit_at from sales s
    where s.program_id = %(program_id)s and s.member_id = d.member_id and s.sold_at >= d.since
) v
""")

# These are locked. The ids come a second time as an array, because a join alone would be planned as a hash of
# all rows.
WRITE = Statement("""
update told_tiers t
set tier = r.tier, previous_tier = case when r.tier = t.tier then t.previous_tier else t.tier end,
    counted_from = r.counted_from, told_at = r.told_at
from json_to_recordset(%(tiers)s::json) as r (
    member_id uuid, location_id integer, tier text, counted_from timestamptz, told_at timestamptz
)
where t.program_id = %(program_id)s and t.member_id = any(%(member_ids)s::uuid[])
    and t.member_id = r.member_id and t.location_id = r.location_id
""")

# By row address, because a join with a set of unknown size would be planned over all rows.
FORGET = Statement("""
delete from told_tiers
where ctid = any (array(
    select ctid from told_tiers
    where program_id = %(program_id)s
    limit %(limit)s
))
returning 1
""")

SELECT_PROGRAMS: LiteralString = """
select p.program_id, exists (select from programs_told_of_tiers w where w.program_id = p.program_id)
from programs p
cross join lateral (select from told_tiers t where t.program_id = p.program_id limit 1) followed
order by p.program_id
"""

_json = msgspec.json.Encoder().encode


class Telling:
    """A tier that goes out to be known; what became of it can be read once the pipeline was flushed."""

    def __init__(self, pipeline: Pipeline, program_id: int, tier: ToldTier) -> None:
        self._tier = tier
        self._sent = pipeline.send(TELL, parameters(program_id=program_id, **asdict(tier)))

    @property
    def told(self) -> list[ToldTier]:
        """The tier, after the one that was known before; nothing if somebody else told it meanwhile."""
        return [replace(self._tier, previous_tier=before, told_at=at) for before, at in self._sent.rows]


def send_due(pipeline: Pipeline, program_id: int, since: Mapping[int, datetime], limit: int) -> Sent:
    """Tiers to be looked at, locked. `since` says for each hotel which visits count there."""
    hotels = [{"location_id": location_id, "since": moment} for location_id, moment in since.items()]
    return pipeline.send(LOCK_DUE, parameters(program_id=program_id, hotels=_json(hotels), limit=limit))


def due_in(sent: Sent) -> list[DueTier]:
    """The tiers that were found."""
    return [DueTier(Customer(*row[:4]), *row[4:]) for row in sent.rows]


def send_tiers(pipeline: Pipeline, program_id: int, tiers: Sequence[ToldTier]) -> None:
    """What others know of these members, whose rows are locked."""
    member_ids = plain_array([tier.member_id.hex for tier in tiers])
    pipeline.send(WRITE, parameters(program_id=program_id, tiers=_json(tiers), member_ids=member_ids))


def send_forget(pipeline: Pipeline, program_id: int, limit: int) -> Sent:
    """One row for each member and hotel that is not followed any more."""
    return pipeline.send(FORGET, parameters(program_id=program_id, limit=limit))


async def select_programs(connection: Connection) -> list[tuple[int, bool]]:
    """The programs whose members' tiers are followed, and whether somebody still wants to know them."""
    cursor = await connection.execute(SELECT_PROGRAMS)
    return [(program_id, is_told) for program_id, is_told in await cursor.fetchall()]
