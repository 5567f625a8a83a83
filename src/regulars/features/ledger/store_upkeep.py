"""The statements that tidy: lapsed holds, old claims, accounts that close."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.ledger.model import AccountReference

DUE_HOLDS: LiteralString = """
select h.program_id, a.member_id, a.asset, a.location_id, count(*)
from (
    select program_id, account_id from holds
    where status = 'pending' and expires_at is not null and expires_at <= %(now)s
    order by expires_at limit %(limit)s
) h
join accounts a on a.program_id = h.program_id and a.account_id = h.account_id
group by h.program_id, a.member_id, a.asset, a.location_id
"""

# By row address rather than by key: a join with a set of unknown size would be planned over all claims. The
# scope is compared so that no index offers itself but the one over age.
FORGET_CLAIMS: LiteralString = """
delete from claims
where ctid = any(array(
    select ctid from claims where created_at < %(older_than)s and left(scope, 8) = 'request:' limit %(limit)s
))
"""

CLOSE_ACCOUNTS: LiteralString = """
update accounts set closed_at = %(now)s, updated_at = greatest(updated_at, %(now)s)
where program_id = %(program_id)s and member_id = %(member_id)s and closed_at is null
"""

# What is reserved for somebody who is gone lapses at that moment; the job that tidies takes it off the books.
LAPSE_HOLDS: LiteralString = """
update holds h set expires_at = %(now)s
from accounts a
where a.program_id = %(program_id)s and a.member_id = %(member_id)s
    and h.program_id = a.program_id and h.account_id = a.account_id and h.status = 'pending'
    and (h.expires_at is null or h.expires_at > %(now)s)
"""


async def accounts_with_due_holds(
    connection: Connection, now: datetime, limit: int
) -> list[tuple[int, AccountReference, int]]:
    """Program and account of the holds that lapsed first, `limit` in all, and how many each account has."""
    cursor = await connection.execute(DUE_HOLDS, {"now": now, "limit": limit})
    return [
        (program_id, AccountReference(member_id, asset, location_id), holds)
        for program_id, member_id, asset, location_id, holds in await cursor.fetchall()
    ]


async def forget_claims(connection: Connection, older_than: datetime, limit: int) -> int:
    """How many claims of requests were deleted; claims of tokens and events stay for ever."""
    cursor = await connection.execute(FORGET_CLAIMS, {"older_than": older_than, "limit": limit})
    return cursor.rowcount


async def close_accounts(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> None:
    """Closes the member's accounts, lets their holds lapse, and blanks the notes of transfers and holds."""
    parameters = {"program_id": program_id, "member_id": member_id, "now": now}
    await connection.execute(CLOSE_ACCOUNTS, parameters)
    await connection.execute(LAPSE_HOLDS, parameters)
    await connection.execute("select redact_notes(%(program_id)s, %(member_id)s)", parameters)
