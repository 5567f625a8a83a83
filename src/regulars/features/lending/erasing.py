"""A borrower is forgotten. What is out stays out, and loans stay, without a person and without photos."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.db.database import Connection
from regulars.features.ledger import actions as ledger
from regulars.features.lending import rules_cycle, store_borrowers, store_forgotten
from regulars.features.lending.model import BorrowerStatus
from regulars.features.lending.reading import SHOPIFY
from regulars.features.lending.rules_forgotten import CustomerKey
from regulars.features.members import actions as members
from regulars.features.photos import actions as photos
from regulars.features.photos.model import Photo
from regulars.features.replays.actions import forget_replays_of


async def erase_customer(
    connection: Connection,
    program_id: int,
    shopify_customer_id: str,
    customer_key: CustomerKey,
    now: datetime,
) -> list[Photo]:
    """The photos of the customer who was forgotten; after the commit hand them to `photos.delete_files`.

    Nobody has to bring anything back first: loans stay open, and whoever has the garment may return it under
    the ids of before. Somebody whom nobody knows has no photos; the erasure is remembered all the same, for
    what the shop told before it may arrive later.
    """
    digest = customer_key.digest(program_id, shopify_customer_id)
    await store_forgotten.lock(connection, digest)
    await store_forgotten.forget(connection, program_id, digest, now)
    member = await members.find(connection, program_id, SHOPIFY, shopify_customer_id)
    return [] if member is None else await erase(connection, program_id, member.member_id, now)


async def erase(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> list[Photo]:
    """The same for a member by id. Raises Refused: member_not_found.

    The borrower is locked before the member, as everywhere.
    """
    borrower = await store_borrowers.lock(connection, program_id, member_id)
    await members.erase(connection, program_id, member_id, now)
    await ledger.close_accounts(connection, program_id, member_id, now)
    await forget_replays_of(connection, program_id, member_id)
    if borrower is not None:
        ended = replace(
            rules_cycle.at(borrower, now),
            status=BorrowerStatus.CANCELLED,
            store_location=None,
            updated_at=max(borrower.updated_at, now),
        )
        await store_borrowers.update(connection, ended)
    return await photos.forget_photos_of(connection, program_id, member_id)
