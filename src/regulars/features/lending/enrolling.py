"""Members become borrowers: over the counter, or because the shop says so."""

from datetime import datetime
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access.model import Program
from regulars.features.lending import rules_cycle, rules_subscription, store_borrowers, store_forgotten
from regulars.features.lending.model import Borrower, Customer, NewBorrower, Subscription
from regulars.features.lending.reading import CARD, SHOPIFY
from regulars.features.lending.rules_forgotten import CustomerKey, is_of_before
from regulars.features.lending.rules_plans import first_plan, plans_of
from regulars.features.members import actions as members
from regulars.features.members.model import Identifier, NewIdentifier

RACES_MAX = 5


async def add_borrower(connection: Connection, program: Program, new: NewBorrower, now: datetime) -> Customer:
    """The new member, whose first cycle begins now.

    Raises Refused: identifier_taken with the `kind` ("card" or "shopify"), invalid_identifier with it.
    """
    identifiers: list[tuple[str, str, str | None]] = [(CARD, new.card_token, None)]
    if new.shopify_customer_id is not None:
        identifiers.append((SHOPIFY, new.shopify_customer_id, None))
    member = await members.enrol(connection, program.program_id, name="", identifiers=identifiers, now=now)
    borrower = rules_subscription.new_borrower(
        program.program_id, member.member_id, new.plan, now, new.store_location
    )
    await store_borrowers.insert(connection, borrower)
    found = await _identifiers(connection, borrower)
    return Customer(borrower, *(found[kind].value if kind in found else None for kind in (CARD, SHOPIFY)))


async def take_news(
    connection: Connection, program: Program, told: Subscription, customer_key: CustomerKey, now: datetime
) -> Borrower | None:
    """The borrower as the shop says, as `apply_subscription` does, which may be too late to say it.

    News of before the customer was forgotten changes nothing and enrols nobody; see `rules_forgotten`. The
    customer is locked before the borrower, as in `erase_customer`.
    """
    program_id, customer_id = program.program_id, told.shopify_customer_id
    digest = customer_key.digest(program_id, customer_id)
    await store_forgotten.lock(connection, digest)
    forgotten_at = await store_forgotten.forgotten_at(connection, program_id, digest)
    if forgotten_at is not None:
        is_known = await members.find(connection, program_id, SHOPIFY, customer_id) is not None
        if is_of_before(told, forgotten_at, is_known=is_known):
            return None
    return await apply_subscription(connection, program, told, now)


async def apply_subscription(
    connection: Connection, program: Program, told: Subscription, now: datetime
) -> Borrower | None:
    """The borrower as the shop says, enrolled if need be; None for what comes late and changes nothing.

    The same news again, and news in another order, lead to the same; see `rules_subscription`. A member who
    is known by the card only is the customer from now on. Belongs to a transaction that may be repeated.
    Raises Refused: invalid_cycle, identifier_taken for a card that is somebody else's, invalid_identifier.
    """
    if not rules_subscription.is_sound(told):
        raise Refused("invalid_cycle")
    member_id = await _customer(connection, program.program_id, told, now)
    plan = told.plan or first_plan(plans_of(program)).name
    begun = rules_subscription.new_borrower(program.program_id, member_id, plan, now)
    await store_borrowers.insert(connection, begun)
    borrower = await store_borrowers.lock(connection, program.program_id, member_id)
    assert borrower is not None, "borrowers are never deleted"
    if rules_subscription.comes_late(borrower, told):
        return None
    await _name(connection, borrower, told, now)
    after = rules_subscription.subscribed(borrower, told, now)
    cycle = rules_subscription.told_cycle(borrower, told, now)
    if cycle is not None:
        items, swaps = await store_borrowers.count_since(
            connection, program.program_id, member_id, cycle.starts_at
        )
        after = rules_cycle.in_cycle(after, cycle, items_used=items, swaps_used=swaps)
    await store_borrowers.update(connection, after)
    return after


async def _customer(connection: Connection, program_id: int, told: Subscription, now: datetime) -> UUID:
    """The member whom the shop means, enrolled if there is none. However many say so, one enrols."""
    for _ in range(RACES_MAX):
        member = await members.find(connection, program_id, SHOPIFY, told.shopify_customer_id)
        if member is None and told.card_token is not None:
            member = await members.find(connection, program_id, CARD, told.card_token)
        if member is not None:
            return member.member_id
        identifiers = [(SHOPIFY, told.shopify_customer_id, None)]
        if told.card_token is not None:
            identifiers.append((CARD, told.card_token, None))
        try:
            enrolled = await members.enrol(connection, program_id, name="", identifiers=identifiers, now=now)
            return enrolled.member_id
        except Refused as refusal:
            if refusal.code != "identifier_taken":
                raise
    raise Refused("identifier_taken", kind=SHOPIFY)


async def _name(connection: Connection, borrower: Borrower, told: Subscription, now: datetime) -> None:
    """The member is known by what the shop says. Raises Refused: identifier_taken."""
    found = await _identifiers(connection, borrower)
    known = found.get(SHOPIFY)
    if known is not None and known.value != told.shopify_customer_id.strip():
        # The card was found and is another customer's.
        raise Refused("identifier_taken", kind=CARD)
    for kind, value in ((SHOPIFY, told.shopify_customer_id), (CARD, told.card_token)):
        if value is None:
            continue
        program_id, member_id = borrower.program_id, borrower.member_id
        if kind not in found:
            new = NewIdentifier(kind, value)
            await members.add_identifier(connection, program_id, member_id, new, now)
        elif found[kind].value != value.strip():
            number = found[kind].identifier_id
            await members.replace_identifier(connection, program_id, member_id, number, value, now)


async def _identifiers(connection: Connection, borrower: Borrower) -> dict[str, Identifier]:
    """What the member is known by, the newest of each kind."""
    found = await members.identifiers_of(connection, borrower.program_id, [borrower.member_id])
    return {identifier.kind: identifier for identifier in found.get(borrower.member_id, ())}
