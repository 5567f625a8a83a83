"""What the operator is told of promos that were used once too often."""

from regulars.db.database import Connection
from regulars.features.sales import store_overuse
from regulars.features.sales.model_overuse import OverusedSale


async def overused_sales(
    connection: Connection, program_id: int, *, before: int | None = None, limit: int = 100
) -> list[OverusedSale]:
    """The sales that tills logged with a promo when no use of it was left, the latest first.

    The next page is the one `before` the last sale id of this one.
    """
    return await store_overuse.select_overused(connection, program_id, before, limit)
