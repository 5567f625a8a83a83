"""The statement that recognises members by a text of which nobody knows what it is."""

from collections.abc import Sequence

import msgspec

from regulars.db.pipeline import Pipeline, Statement
from regulars.features.members.model import Member, Status
from regulars.features.members.model_recognition import Recognised

# Each look-up is a lateral subquery with a limit, so that the generic plan is a nested loop over the indexes
# whatever the size of the tables was when a connection first planned it. Of the member's indexes only the
# primary key gives a range of ids in their order: on an empty table the one by change looked just as cheap.
SELECT_RECOGNISED = Statement("""
select r.kind, r.label, m.program_id, m.member_id, m.number, m.status, m.name, m.email, m.phone,
    m.birth_date, m.sex, m.created_at, m.updated_at, m.handle, m.home_location_id, m.staff
from (
    select k.rank, k.kind, i.label, i.member_id
    from json_array_elements_text(%(kinds)s::json) with ordinality as k (kind, rank)
    cross join lateral (
        select label, member_id from identifiers
        where program_id = %(program_id)s and kind = k.kind and value = %(code)s::text and ended_at is null
        limit 1
    ) i
    union all
    select 1000, 'email', null, e.member_id
    from (
        select member_id from members
        where program_id = %(program_id)s and lower(email) = lower(%(email)s::text) and status = 'active'
            and email is not null
        limit 1
    ) e
) r
cross join lateral (
    select * from members
    where program_id = %(program_id)s and member_id between r.member_id and r.member_id and status = 'active'
    order by member_id
    limit 1
) m
order by r.rank
limit 1
""")


async def select_recognised(
    pipeline: Pipeline, program_id: int, kinds: Sequence[str], code: str | None, email: str | None
) -> Recognised | None:
    """The active member with this identifier or address, in the order of `kinds`. One round trip."""
    parameters = {
        "program_id": b"%d" % program_id,
        "kinds": msgspec.json.encode(kinds),
        "code": None if code is None else code.encode(),
        "email": None if email is None else email.encode(),
    }
    sent = pipeline.send(SELECT_RECOGNISED, parameters)
    await pipeline.flush()
    if not sent.rows:
        return None
    kind, label, its_program_id, member_id, number, status, *rest = sent.rows[0]
    member = Member(its_program_id, member_id, number, Status(status), *rest)
    return Recognised(member, kind, label)
