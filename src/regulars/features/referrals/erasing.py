"""A member who recommends is forgotten: links end, what was held is cancelled, figures stay."""

from datetime import datetime
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.ledger import actions as ledger
from regulars.features.members import actions as members
from regulars.features.referrals import store_erasing


async def erase(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> None:
    """Nothing is left that says who the member was, not even by being compared with a buyer.

    Belongs to a transaction. Raises Refused: member_not_found.
    """
    await store_erasing.end_referrals(connection, program_id, member_id, now)
    await members.erase(connection, program_id, member_id, now)
    await ledger.close_accounts(connection, program_id, member_id, now)
