"""What an event of Stripe's leads to: Stripe is asked how things stand, and the answer is written down.

Events come late, twice and in any order, so an event only says what to look at. The answers cross as well:
the number taken before each question decides which of two knows more.
"""

from typing import TYPE_CHECKING

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.members import actions as members
from regulars.features.memberships import rules, store
from regulars.features.memberships.applying import apply
from regulars.features.memberships.model import Owner, Picture
from regulars.features.payments import actions as payments
from regulars.features.payments.model import Charge, Event, Invoice, StripeSettings, Subject, Subscription

if TYPE_CHECKING:
    from regulars.features.payments.client import Stripe


async def receive(database: Database, settings: StripeSettings, event: Event, clock: Clock) -> bool:
    """Whether the event was about a membership; if so, all that follows from it is durable."""
    subject = payments.subject_of(event)
    if subject is None:
        return False
    # No connection is held while Stripe thinks about its answer.
    async with database.connection() as connection:
        question_number = await payments.next_question(connection)
    async with payments.connected(settings) as stripe:
        found = await _ask(stripe, subject)
    if found is None:
        return False
    subscription, invoice, charge = found
    async with database.connection() as connection:
        owner = await _owner_of(connection, subscription)
        if owner is None:
            return False
        picture = Picture(
            question_number=question_number,
            owner=owner,
            subscription=subscription,
            invoice=invoice,
            charge=charge,
        )
        await apply(connection, picture, event, clock)
    return True


async def _ask(
    stripe: "Stripe", subject: Subject
) -> tuple[Subscription, Invoice | None, Charge | None] | None:
    """What Stripe knows of the subject; None where there is no subscription in it."""
    charge, invoice, subscription_id = None, subject.invoice, subject.subscription_id
    if subject.charge_id is not None:
        charge = await stripe.charge(subject.charge_id)
        invoice = await stripe.invoice_of(charge) if charge is not None else None
        subscription_id = invoice.subscription_id if invoice is not None else None
    if subscription_id is None:
        return None
    subscription = await stripe.subscription(subscription_id)
    return (subscription, invoice, charge) if subscription is not None else None


async def _owner_of(connection: Connection, subscription: Subscription) -> Owner | None:
    """Whose the subscription is, by what it carries; once we have it, it stays whose it was."""
    metadata = subscription.metadata
    member_id = rules.customer_in(metadata)
    slug = metadata.get("program", "")
    program = await access.find_program(connection, slug) if "\0" not in slug else None
    if program is None or member_id is None:
        return None
    rewards = rules.terms_of(program).rewards_per_period
    known = await store.select_membership(connection, program.program_id, subscription.subscription_id)
    if known is not None:
        return Owner(known.program_id, known.member_id, known.location_id, known.sold_at_location_id, rewards)
    venue = await access.find_location(connection, program.program_id, metadata.get("venue_id", ""))
    member = await members.get(connection, program.program_id, member_id)
    if venue is None or member is None:
        return None
    location_id = rules.location_for(metadata, venue)
    return Owner(program.program_id, member_id, location_id, venue.location_id, rewards)
