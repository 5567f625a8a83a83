"""The statements for clicks, and for who was seen behind which device or address."""

from datetime import datetime
from typing import LiteralString

from regulars.base.ids import new_id
from regulars.db.database import Connection
from regulars.db.parameters import bytea, parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.referrals.model import Source

# A click that counts takes the next number of the RID's events; the row's lock orders them.
COUNT_CLICK = Statement("""
with counted as (
    insert into referral_clicks as c (program_id, rid, device, counted_at)
    values (%(program_id)s, %(rid)s, %(device)s, %(now)s)
    on conflict (program_id, rid, device) do update set counted_at = excluded.counted_at
    where c.counted_at <= %(counted_before)s
    returning true
),
numbered as (
    update referrals set clicks = clicks + 1, events = events + 1
    where program_id = %(program_id)s and rid = %(rid)s and exists (select from counted)
    returning events
)
insert into referral_events (program_id, rid, number, event_id, type, occurred_at)
select %(program_id)s, %(rid)s, events, %(event_id)s, 'click', %(now)s
from numbered
returning event_id
""")

SIGHT = Statement("""
insert into referral_sightings (program_id, kind, source, role, person, seen_at)
select %(program_id)s, s.kind, s.source, %(role)s, %(person)s, %(now)s
from (values ('device', %(device)s::bytea), ('address', %(address)s::bytea)) s (kind, source)
where s.source is not null
order by s.kind
on conflict (program_id, kind, source, role, person) do update set seen_at = excluded.seen_at
""")

# The owner's own purchases tell of the owner's devices too.
SELECT_SIGHTED = Statement("""
select
    exists (
        select from unnest(array['owner', 'buyer']) sought (role)
        cross join lateral (
            select from referral_sightings
            where program_id = %(program_id)s and kind = 'device' and source = %(device)s
                and role = sought.role and person = o.person and seen_at > %(since)s
            limit 1
        ) s
    ),
    exists (
        select from unnest(array['owner', 'buyer']) sought (role)
        cross join lateral (
            select from referral_sightings
            where program_id = %(program_id)s and kind = 'address' and source = %(address)s
                and role = sought.role and person = o.person and seen_at > %(since)s
            limit 1
        ) s
    ),
    (
        select count(*) from (
            select from referral_sightings
            where program_id = %(program_id)s and kind = 'device' and source = %(device)s and role = 'buyer'
                and seen_at > %(since)s and person <> %(person)s
            limit %(limit)s
        ) others
    ),
    o.person = %(person)s
from (
    select owner_id from referrals where program_id = %(program_id)s and rid = %(rid)s limit 1
) r
cross join lateral (
    select person from referrers where program_id = %(program_id)s and member_id = r.owner_id limit 1
) o
""")

COUNT_BUYERS = Statement("""
select count(*) from (
    select from referral_sightings
    where program_id = %(program_id)s and kind = 'device' and source = %(device)s and role = 'buyer'
        and seen_at > %(since)s
    limit %(limit)s
) buyers
""")

FORGET_CLICKS: LiteralString = """
delete from referral_clicks where ctid = any (array(
    select ctid from referral_clicks where counted_at < %(before)s limit %(limit)s for update skip locked
))
"""
FORGET_SIGHTINGS: LiteralString = """
delete from referral_sightings where ctid = any (array(
    select ctid from referral_sightings where seen_at < %(before)s limit %(limit)s for update skip locked
))
"""


def send_click(
    pipeline: Pipeline, program_id: int, rid: str, device: bytes, now: datetime, counted_before: datetime
) -> Sent:
    """A click, unless the device's last one that counted is younger than `counted_before`."""
    keys = parameters(
        program_id=program_id,
        rid=rid,
        device=bytea(device),
        now=now,
        counted_before=counted_before,
        event_id=new_id(),
    )
    return pipeline.send(COUNT_CLICK, keys)


def send_sighting(
    pipeline: Pipeline, program_id: int, person: bytes, role: str, source: Source, now: datetime
) -> None:
    """The person was seen behind the device and the address, as far as they are known."""
    keys = parameters(program_id=program_id, role=role, person=bytea(person), now=now)
    pipeline.send(SIGHT, keys | _hashes(source))


def send_sighted(
    pipeline: Pipeline, program_id: int, rid: str, source: Source, since: datetime, limit: int
) -> Sent:
    """What was seen since then of the RID's owner and of the order's device."""
    person = None if source.person is None else bytea(source.person)
    keys = parameters(program_id=program_id, rid=rid, person=person, since=since, limit=limit)
    return pipeline.send(SELECT_SIGHTED, keys | _hashes(source))


def send_count_buyers(
    pipeline: Pipeline, program_id: int, device: bytes | None, since: datetime, limit: int
) -> Sent:
    """How many buyers were seen behind the device since then, counted up to a limit."""
    known = None if device is None else bytea(device)
    return pipeline.send(
        COUNT_BUYERS, parameters(program_id=program_id, device=known, since=since, limit=limit)
    )


async def forget(connection: Connection, statement: LiteralString, before: datetime, limit: int) -> int:
    """How many old rows were deleted, at most `limit`."""
    cursor = await connection.execute(statement, {"before": before, "limit": limit})
    return cursor.rowcount


def _hashes(source: Source) -> dict[str, bytes | None]:
    return {
        "device": None if source.device is None else bytea(source.device),
        "address": None if source.address is None else bytea(source.address),
    }
