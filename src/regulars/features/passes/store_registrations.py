"""The statements for the phones that want to be told of passes.

A phone belongs to no program, so those about one phone go through all programs; see also `store`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.passes.model import Pass
from regulars.features.passes.model_delivery import Registration

# A phone that has just registered has just fetched the pass as well. The pass is read by the insert itself,
# so that it is not one that ended meanwhile.
REGISTER: LiteralString = """
insert into pass_registrations as r (
    program_id, device, identifier_id, pass_id, push_token, pushed_sequence, registered_at
)
select p.program_id, %(device)s, p.identifier_id, p.pass_id, %(push_token)s, 0, %(now)s
from (
    select * from passes
    where program_id = %(program_id)s and pass_id between %(pass_id)s and %(pass_id)s
        and identifier_id is not null and ended_at is null
    order by pass_id
    limit 1
) p
on conflict (program_id, device, identifier_id) do update set push_token = excluded.push_token
returning xmax = 0
"""

UNREGISTER: LiteralString = """
delete from pass_registrations r
where r.program_id = any (array(select program_id from programs)) and r.device = %(device)s
    and r.identifier_id = any (array(
        select p.identifier_id
        from programs g
        cross join lateral (
            select identifier_id from passes
            where program_id = g.program_id and pass_id between %(pass_id)s and %(pass_id)s
            order by pass_id
            limit 1
        ) p
    ))
"""

# A change that is under way has its number already and cannot be seen yet; the lock waits for it. One that
# comes later finds the lock, and draws a greater number afterwards.
SELECT_OF_DEVICE: LiteralString = """
select p.pass_id, p.sequence
from (
    select r.program_id, r.identifier_id
    from programs g
    cross join lateral (
        select program_id, identifier_id from pass_registrations
        where program_id = g.program_id and device between %(device)s and %(device)s
        order by device
        limit 1000
    ) r
    order by r.identifier_id
) r
cross join lateral (
    select pass_id, sequence, ended_at from passes
    where program_id = r.program_id and identifier_id between r.identifier_id and r.identifier_id
    order by identifier_id
    limit 1
    for share
) p
where p.ended_at is null
"""

SELECT_LAST_SEQUENCE: LiteralString = "select last_value from pass_sequences"

# The ids are looked up as arrays, because a join alone would be planned over all registrations.
SET_PUSHED = Statement("""
with told as materialized (
    select * from json_to_recordset(%(pushed)s::json) as w (
        program_id integer, device bytea, identifier_id integer, sequence bigint
    )
)
update pass_registrations r set pushed_sequence = greatest(r.pushed_sequence, w.sequence)
from told w
where r.program_id = any (array(select program_id from told))
    and r.device = any (array(select device from told))
    and r.program_id = w.program_id and r.device = w.device and r.identifier_id = w.identifier_id
""")

# Not one that has come back meanwhile under another push token.
FORGET = Statement("""
with gone as materialized (
    select * from json_to_recordset(%(gone)s::json) as w (
        program_id integer, device bytea, identifier_id integer, push_token bytea
    )
)
delete from pass_registrations r
using gone w
where r.program_id = any (array(select program_id from gone))
    and r.device = any (array(select device from gone))
    and r.program_id = w.program_id and r.device = w.device and r.identifier_id = w.identifier_id
    and r.push_token = w.push_token
""")

_json = msgspec.json.Encoder().encode


async def register(
    connection: Connection, card: Pass, device: bytes, push_token: bytes, now: datetime
) -> bool | None:
    """Whether the phone is new for this pass; None when the pass has ended."""
    parameters = {
        "program_id": card.program_id,
        "pass_id": card.pass_id,
        "device": device,
        "push_token": push_token,
        "now": now,
    }
    cursor = await connection.execute(REGISTER, parameters)
    row = await cursor.fetchone()
    return bool(row[0]) if row else None


async def unregister(connection: Connection, device: bytes, pass_id: UUID) -> None:
    """The phone is told no more of the pass."""
    await connection.execute(UNREGISTER, {"device": device, "pass_id": pass_id})


async def select_of_device(connection: Connection, device: bytes) -> list[tuple[UUID, int]]:
    """The passes that the phone has, with their sequences; waits for changes that are under way."""
    cursor = await connection.execute(SELECT_OF_DEVICE, {"device": device})
    return [(pass_id, sequence) for pass_id, sequence in await cursor.fetchall()]


async def select_last_sequence(connection: Connection) -> int:
    """The greatest number that any change was given."""
    cursor = await connection.execute(SELECT_LAST_SEQUENCE)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def send_pushed(pipeline: Pipeline, pushed: Sequence[tuple[Registration, int]]) -> None:
    """These phones were told of these states."""
    rows = [
        {
            "program_id": phone.program_id,
            "device": "\\x" + phone.device.hex(),
            "identifier_id": phone.identifier_id,
            "sequence": sequence,
        }
        for phone, sequence in pushed
    ]
    pipeline.send(SET_PUSHED, {"pushed": _json(rows)})


def send_gone(pipeline: Pipeline, gone: Sequence[Registration]) -> None:
    """These phones do not want to be told any more, unless they came back under another push token."""
    rows = [
        {
            "program_id": phone.program_id,
            "device": "\\x" + phone.device.hex(),
            "identifier_id": phone.identifier_id,
            "push_token": "\\x" + phone.push_token.hex(),
        }
        for phone in gone
    ]
    pipeline.send(FORGET, {"gone": _json(rows)})
