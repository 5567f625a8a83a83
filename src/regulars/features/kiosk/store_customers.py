"""Whether there is a customer, and what happened at a venue lately."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.kiosk.model import Figures
from regulars.features.kiosk.store_parameters import parameters

FIND_CUSTOMER = Statement("""
select member_id from members
where program_id = %(program_id)s and member_id = %(member_id)s and status <> 'erased'
limit 1
""")

# An order that earned later than it was paid was changed then, so the index of changes has them all. The
# location is compared so that no other index offers itself.
COUNT: LiteralString = """
select o.paid, o.identified, o.earned, r.redeemed
from (
    select count(*) filter (where status <> 'refund_known' and created_at >= %(since)s) as paid,
        count(*) filter (where member_id is not null and created_at >= %(since)s) as identified,
        count(*) filter (where points_earned > 0 and earned_at >= %(since)s) as earned
    from paid_orders
    where program_id = %(program_id)s and location_id + 0 = %(location_id)s and updated_at >= %(since)s
) o
cross join (
    select count(*) as redeemed from redeemed_orders
    where program_id = %(program_id)s and location_id + 0 = %(location_id)s and redeemed_at >= %(since)s
) r
"""


def send_question(pipeline: Pipeline, program_id: int, member_id: UUID) -> Sent:
    """One row if there is such a customer, who is not erased."""
    return pipeline.send(FIND_CUSTOMER, parameters(program_id=program_id, member_id=member_id))


async def count(connection: Connection, program_id: int, location_id: int, since: datetime) -> Figures:
    """What happened at the venue since then."""
    values = {"program_id": program_id, "location_id": location_id, "since": since}
    cursor = await connection.execute(COUNT, values)
    row = await cursor.fetchone()
    assert row is not None
    return Figures(*row)
