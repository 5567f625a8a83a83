"""The demo's two stores, which are locations of its program."""

from datetime import datetime

import msgspec

from regulars.db.database import Connection
from regulars.features.access import actions as access


class Store(msgspec.Struct, frozen=True):
    """A store to open. Loans say its name, and a key may be bound to it."""

    slug: str
    name: str


STORE_A = Store("store-a", "Store A")
STORE_B = Store("store-b", "Store B")
STORES = (STORE_A, STORE_B)


async def open_stores(connection: Connection, program_id: int, now: datetime) -> None:
    """Both stores are there."""
    for store in STORES:
        await access.create_location(connection, program_id, slug=store.slug, name=store.name, now=now)
