"""The statement that recognises members by a text of which nobody knows what it is."""

from collections.abc import Sequence

import msgspec

from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.members.model import Member, Status
from regulars.features.members.model_recognition import Recognised

# Each look-up is a lateral subquery with a limit, so that the generic plan is a nested loop over the indexes
# whatever the size of the tables was when a connection first planned it. Of the member's indexes only the
# primary key gives a range of ids in their order, and of those of identifiers only one a range of values: on
# an empty table others look just as cheap. The id is handed over (`db.handover`) where only one is left, and
# where none is, so that nobody goes on with what an earlier statement left.
SELECT_RECOGNISED = Statement("""
select f.*, set_config('regulars.member_id', coalesce(f.member_id::text, ''), true)
from (values (1)) always
left join lateral (
    select r.kind, r.label, m.program_id, m.member_id, m.number, m.status, m.name, m.email, m.phone,
        m.birth_date, m.sex, m.created_at, m.updated_at, m.handle, m.home_location_id, m.staff
    from (
        select k.rank, k.kind, i.label, i.member_id
        from json_array_elements_text(%(kinds)s::json) with ordinality as k (kind, rank)
        cross join lateral (
            select label, member_id from identifiers
            where program_id = %(program_id)s and kind = k.kind and ended_at is null
                and value between %(code)s::text and %(code)s::text
            order by value
            limit 1
        ) i
        union all
        select 1000, 'email', null, e.member_id
        from (
            select member_id from members
            where program_id = %(program_id)s and lower(email) = lower(%(email)s::text)
                and status = 'active' and email is not null
            limit 1
        ) e
    ) r
    cross join lateral (
        select * from members
        where program_id = %(program_id)s and member_id between r.member_id and r.member_id
            and status = 'active'
        order by member_id
        limit 1
    ) m
    order by r.rank
    limit 1
) f on true
""")


def send_recognised(
    pipeline: Pipeline, program_id: int, kinds: Sequence[str], code: str | None, email: str | None
) -> Sent:
    """The question for the active member with this identifier or address, in the order of `kinds`.

    One row, empty when there is nobody. It leaves the `member_id` to the statements after it.
    """
    parameters = {
        "program_id": b"%d" % program_id,
        "kinds": msgspec.json.encode(kinds),
        "code": None if code is None else code.encode(),
        "email": None if email is None else email.encode(),
    }
    return pipeline.send(SELECT_RECOGNISED, parameters)


def recognised_in(sent: Sent) -> Recognised | None:
    """What was answered, or None when there is nobody."""
    kind, label, program_id, member_id, number, status, *rest, _ = sent.rows[0]
    if kind is None:
        return None
    return Recognised(Member(program_id, member_id, number, Status(status), *rest), kind, label)
