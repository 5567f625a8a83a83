"""The statements for products."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.referrals.model import Product

_COLUMNS: LiteralString = "product_id, slug, name, active"

_SELECT_ONE: LiteralString = """
from products where program_id = %(program_id)s and product_id = %(product_id)s
"""
SELECT_ONE: LiteralString = "select " + _COLUMNS + _SELECT_ONE
_SELECT_ALL: LiteralString = """
from products
where program_id = %(program_id)s and slug > %(after)s
order by slug
limit %(limit)s
"""
SELECT_ALL: LiteralString = "select " + _COLUMNS + _SELECT_ALL
INSERT: LiteralString = """
insert into products (program_id, product_id, slug, name, active, created_at, updated_at)
values (%(program_id)s, %(product_id)s, %(slug)s, %(name)s, %(active)s, %(now)s, %(now)s)
"""
UPDATE: LiteralString = """
update products set name = %(name)s, active = %(active)s, updated_at = %(now)s
where program_id = %(program_id)s and product_id = %(product_id)s
"""


async def select(connection: Connection, program_id: int, product_id: UUID) -> Product | None:
    """The product, active or not, or None."""
    cursor = await connection.execute(SELECT_ONE, {"program_id": program_id, "product_id": product_id})
    row = await cursor.fetchone()
    return None if row is None else Product(*row)


async def select_all(connection: Connection, program_id: int, after: str, limit: int) -> list[Product]:
    """Products by slug, those after one of them, at most `limit`."""
    keys = {"program_id": program_id, "after": after, "limit": limit}
    cursor = await connection.execute(SELECT_ALL, keys)
    return [Product(*row) for row in await cursor.fetchall()]


async def insert(connection: Connection, program_id: int, product: Product, now: datetime) -> None:
    """The new product. Raises UniqueViolation where another one has the slug or the id."""
    await connection.execute(INSERT, _values(program_id, product, now))


async def update(connection: Connection, program_id: int, product: Product, now: datetime) -> None:
    """The product as this says; its slug stays."""
    await connection.execute(UPDATE, _values(program_id, product, now))


def _values(program_id: int, product: Product, now: datetime) -> dict[str, object]:
    return {
        "program_id": program_id,
        "product_id": product.product_id,
        "slug": product.slug,
        "name": product.name,
        "active": product.active,
        "now": now,
    }
