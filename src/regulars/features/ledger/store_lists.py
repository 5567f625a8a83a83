"""The statements that list holds and redemptions, newest first."""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.features.ledger.model import AccountReference, Hold, HoldStatus, Redemption, Transfer
from regulars.features.ledger.model_lists import HoldRow, RedemptionRow

LAST_ID = UUID(int=2**128 - 1)

FIND_HOLD: LiteralString = """
select a.member_id, to_json(h)::text
from holds h join accounts a on a.program_id = %(program_id)s and a.account_id = h.account_id
where h.program_id = %(program_id)s and h.hold_id = %(hold_id)s
"""

# Each status is a branch of its own, because the planner has to know which one it is: pending holds are few
# among very many others.
_HOLDS_OF_STATUS: LiteralString = """(
    select * from holds h
    where h.program_id = %(program_id)s and h.status = '<status>' and h.hold_id < %(before)s
        and '<status>' = any(%(statuses)s::text[])
        and (
            h.status <> 'pending' or %(lapsed)s::boolean is null
            or coalesce(h.expires_at <= %(now)s, false) = %(lapsed)s
        )
    order by h.hold_id desc
    limit %(limit)s
)"""

HOLDS_OF_PROGRAM: LiteralString = (
    "select a.member_id, to_json(h)::text from ("  # noqa: S608 (put together from literals)
    + " union all ".join(
        _HOLDS_OF_STATUS.replace("<status>", status)
        for status in ("pending", "captured", "released", "expired")
    )
    + """) h
cross join lateral (
    select a.member_id from accounts a
    where a.program_id = %(program_id)s and a.account_id = h.account_id
    limit 1
) a
order by h.hold_id desc
limit %(limit)s
"""
)

HOLDS_OF_MEMBER: LiteralString = """
select a.member_id, to_json(h)::text
from accounts a
cross join lateral (
    select * from holds h
    where h.program_id = %(program_id)s and h.account_id = a.account_id and h.hold_id < %(before)s
        and h.status = any(%(statuses)s)
        and (
            h.status <> 'pending' or %(lapsed)s::boolean is null
            or coalesce(h.expires_at <= %(now)s, false) = %(lapsed)s
        )
    order by h.hold_id desc
    limit %(limit)s
) h
where a.program_id = %(program_id)s and a.member_id = %(member_id)s
order by h.hold_id desc
limit %(limit)s
"""

LIST_REDEMPTIONS: LiteralString = """
select to_json(t)::text, to_json(d)::text, refunds.rows::text, to_json(h)::text
from accounts a
cross join lateral (
    select d.* from redemptions d
    where d.program_id = %(program_id)s and d.account_id = a.account_id and d.transfer_id < %(before)s
    order by d.transfer_id desc limit %(limit)s
) d
join transfers t on t.program_id = %(program_id)s and t.transfer_id = d.transfer_id
left join holds h on h.program_id = %(program_id)s and h.hold_id = t.hold_id
left join lateral (
    select json_agg(r order by r.version) as rows from transfers r
    where r.program_id = %(program_id)s and r.parent_id = d.transfer_id
) refunds on true
where a.program_id = %(program_id)s and a.member_id = %(member_id)s and a.asset = %(asset)s
    and a.location_id = %(location_id)s
order by d.transfer_id desc
"""

_transfer = msgspec.json.Decoder(Transfer).decode
_transfers = msgspec.json.Decoder(tuple[Transfer, ...]).decode
_hold = msgspec.json.Decoder(Hold).decode
_redemption = msgspec.json.Decoder(Redemption).decode


async def find_hold(connection: Connection, program_id: int, hold_id: UUID) -> HoldRow | None:
    """One hold of the program, as it is stored: a lapsed one may still say pending."""
    cursor = await connection.execute(FIND_HOLD, {"program_id": program_id, "hold_id": hold_id})
    row = await cursor.fetchone()
    return HoldRow(row[0], _hold(row[1])) if row else None


async def list_holds(
    connection: Connection,
    program_id: int,
    *,
    statuses: Sequence[HoldStatus],
    now: datetime,
    limit: int,
    before: UUID | None,
    member_id: UUID | None,
) -> list[HoldRow]:
    """Holds by status, newest first, as stored; pending ones that have lapsed count as expired only."""
    pending, expired = HoldStatus.PENDING in statuses, HoldStatus.EXPIRED in statuses
    stored = set(statuses) | ({HoldStatus.PENDING} if expired else set())
    parameters = {
        "program_id": program_id,
        "statuses": [str(status) for status in stored],
        "now": now,
        "lapsed": None if pending and expired else expired,
        "limit": limit,
        "before": before or LAST_ID,
        "member_id": member_id,
    }
    statement = HOLDS_OF_PROGRAM if member_id is None else HOLDS_OF_MEMBER
    cursor = await connection.execute(statement, parameters)
    return [HoldRow(member_id, _hold(hold)) for member_id, hold in await cursor.fetchall()]


async def list_redemptions(
    connection: Connection,
    program_id: int,
    reference: AccountReference,
    *,
    limit: int,
    before: UUID | None,
) -> list[RedemptionRow]:
    """Redeems and captures of one account, newest first, with the refunds of each, oldest first."""
    parameters = {
        "program_id": program_id,
        "member_id": reference.member_id,
        "asset": reference.asset,
        "location_id": reference.location_id,
        "limit": limit,
        "before": before or LAST_ID,
    }
    cursor = await connection.execute(LIST_REDEMPTIONS, parameters)
    return [
        RedemptionRow(
            _transfer(transfer),
            _redemption(redemption),
            _transfers(refunds) if refunds else (),
            _hold(hold) if hold else None,
        )
        for transfer, redemption, refunds, hold in await cursor.fetchall()
    ]
