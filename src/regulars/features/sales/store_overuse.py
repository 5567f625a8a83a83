"""The statement for sales whose promo had no use left."""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.features.sales.model_overuse import OverusedSale

SELECT_OVERUSED: LiteralString = """
select sale_id, sold_at, location_id, ticket_id, member_id, promo_code, currency, total_minor,
    claimed_wet_discount_minor, claimed_dry_discount_minor
from sales
where program_id = %(program_id)s and promo_overused
    and sale_id < coalesce(%(before)s::bigint, 9223372036854775807)
order by sale_id desc
limit %(limit)s
"""


async def select_overused(
    connection: Connection, program_id: int, before: int | None, limit: int
) -> list[OverusedSale]:
    """The program's overused sales with ids below `before`, the latest first."""
    parameters = {"program_id": program_id, "before": before, "limit": limit}
    cursor = await connection.execute(SELECT_OVERUSED, parameters)
    return [OverusedSale(*row) for row in await cursor.fetchall()]
