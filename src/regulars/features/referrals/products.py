"""What the shop sells and may be recommended."""

import re
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace
from psycopg.errors import UniqueViolation

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.referrals import store_products
from regulars.features.referrals.model import Product

NAME_LENGTH_MAX = 200
LISTED_MAX = 1000
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}", re.ASCII)


async def find_product(connection: Connection, program_id: int, product_id: UUID) -> Product | None:
    """The product, active or not, or None."""
    return await store_products.select(connection, program_id, product_id)


async def list_products(
    connection: Connection, program_id: int, *, after: str = "", limit: int = LISTED_MAX
) -> list[Product]:
    """Products by slug, those after one of them, at most `limit` (1000 at most)."""
    assert 1 <= limit <= LISTED_MAX
    return await store_products.select_all(connection, program_id, after, limit)


async def add_product(
    connection: Connection,
    program_id: int,
    *,
    slug: str,
    name: str,
    product_id: UUID | None = None,
    now: datetime,
) -> Product:
    """The new product, under the shop's own id or a new one; it belongs to a transaction.

    Raises Refused: invalid_product_slug, invalid_name, product_taken.
    """
    if not _SLUG.fullmatch(slug):
        raise Refused("invalid_product_slug")
    product = Product(product_id or new_id(), slug, _checked_name(name), active=True)
    try:
        async with connection.transaction():
            await store_products.insert(connection, program_id, product, now)
    except UniqueViolation:
        raise Refused("product_taken") from None
    return product


async def change_product(
    connection: Connection,
    program_id: int,
    product_id: UUID,
    *,
    name: str | None = None,
    active: bool | None = None,
    now: datetime,
) -> Product:
    """The product after the change. One that is not active gets no new RIDs; those that it has go on.

    Raises Refused: product_not_found, invalid_name.
    """
    product = await store_products.select(connection, program_id, product_id)
    if product is None:
        raise Refused("product_not_found")
    changed = replace(
        product,
        name=product.name if name is None else _checked_name(name),
        active=product.active if active is None else active,
    )
    await store_products.update(connection, program_id, changed, now)
    return changed


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
        raise Refused("invalid_name")
    return name
