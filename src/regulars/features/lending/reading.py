"""What a borrower has used, and what is out: as it is now, without writing anything."""

from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.lending import rules_cycle, store_reading
from regulars.features.lending.model import Customer, Wardrobe
from regulars.features.members import actions as members

CARD, SHOPIFY = "card", "shopify"
"""The kinds of identifier that borrowers are known by."""


async def wardrobe_of(
    connection: Connection, program_id: int, member_id: UUID, now: datetime, *, only_open: bool
) -> Wardrobe | None:
    """The borrower in the present cycle, with the loans that are open, or with all; None for nobody.

    One round trip, and all of it of one moment. Erased members are nobody.
    """
    pipeline = Pipeline(connection)
    sent = store_reading.send_wardrobe(pipeline, program_id, member_id, only_open=only_open)
    await pipeline.flush()
    wardrobe = store_reading.wardrobe_in(sent)
    return None if wardrobe is None else replace(wardrobe, borrower=rules_cycle.at(wardrobe.borrower, now))


async def find_by_card(
    connection: Connection, program_id: int, card_token: str, now: datetime
) -> tuple[Customer, Wardrobe] | None:
    """The borrower with this card, with all loans; None when it is no borrower's."""
    member = await members.find(connection, program_id, CARD, card_token)
    if member is None:
        return None
    wardrobe = await wardrobe_of(connection, program_id, member.member_id, now, only_open=False)
    if wardrobe is None:
        return None
    return await named(connection, wardrobe), wardrobe


async def named(connection: Connection, wardrobe: Wardrobe) -> Customer:
    """The borrower under the names that a store and the shop have for the member."""
    borrower = wardrobe.borrower
    found = await members.identifiers_of(connection, borrower.program_id, [borrower.member_id])
    # Of several of a kind the newest is the one that was given last.
    values = {identifier.kind: identifier.value for identifier in found.get(borrower.member_id, ())}
    return Customer(borrower, values.get(CARD), values.get(SHOPIFY))
