"""The statements that end what a member has recommended."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection

REVOKE: LiteralString = """
update referrals set status = 'revoked'
where program_id = %(program_id)s and owner_id = %(member_id)s and status = 'active'
"""
END_REWARDS: LiteralString = """
with held as materialized (
    select order_id from referral_conversions
    where program_id = %(program_id)s and reward_status = 'pending_hold' and rid in (
        select rid from referrals where program_id = %(program_id)s and owner_id = %(member_id)s
    )
    order by order_id
    for no key update
)
update referral_conversions c
set reward_status = 'cancelled', ended_at = %(now)s, ended_as = 'owner_erased'
from held
where c.program_id = %(program_id)s and c.order_id = held.order_id
"""
FORGET_PERSON: LiteralString = """
with known as (
    select person from referrers where program_id = %(program_id)s and member_id = %(member_id)s
),
forgotten as (
    delete from referral_sightings s using known
    where s.program_id = %(program_id)s and s.person = known.person
)
update referrers set person = ''
where program_id = %(program_id)s and member_id = %(member_id)s
"""


async def end_referrals(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> None:
    """The member's RIDs and held rewards have ended, and nobody is compared with the member any more."""
    keys = {"program_id": program_id, "member_id": member_id, "now": now}
    # In the order in which everybody locks: RIDs, then orders by their id.
    for statement in (REVOKE, END_REWARDS, FORGET_PERSON):
        await connection.execute(statement, keys)
