"""What can be done with memberships: the one door to this feature for everything above it."""

from datetime import datetime
from uuid import UUID

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database
from regulars.features.access.model import Location, Program
from regulars.features.memberships import buying, granting, receiving, store
from regulars.features.memberships.model import Figures, GrantRun, Purchase, ShowProgress
from regulars.features.memberships.rules import terms_of
from regulars.features.memberships.standing import StatusSent, send_status, status_of
from regulars.features.payments.model import Event, StripeSettings

__all__ = [
    "StatusSent",
    "checkout",
    "figures_since",
    "grant_due",
    "receive_event",
    "send_status",
    "status_of",
    "terms_of",
]


async def checkout(
    database: Database,
    stripe: StripeSettings,
    program: Program,
    venue: Location,
    member_id: UUID,
    return_url: str | None,
    clock: Clock,
) -> str:
    """The address of Stripe's page on which the member buys a membership.

    The same one for as long as it is open and nothing else is asked for; callers who come at once get one.
    The caller has checked where `return_url` leads; without one, Stripe sends the member to the cancel URL.
    Raises Refused: stripe_not_configured, customer_not_found (also for an erased one), already_a_member for
    one whose membership is live here or was paid a moment ago, and stripe_unavailable, after which asking
    again is safe.
    """
    return await buying.checkout(database, stripe, Purchase(program, venue, member_id, return_url), clock)


async def receive_event(database: Database, stripe: StripeSettings, event: Event, clock: Clock) -> bool:
    """Whether a verified event was about a membership; if so, all that follows from it is durable.

    Safe to repeat, and in any order. Raises Refused: stripe_unavailable, stripe_not_configured, after which
    nothing was changed and Stripe is to send the event again.
    """
    return await receiving.receive(database, stripe, event, clock)


async def grant_due(database: Database, clock: Clock, show_progress: ShowProgress | None = None) -> GrantRun:
    """What was done so that every paid period of a live membership has its rewards; in all programs.

    May be stopped at any moment and run again, or twice at once: no period is granted twice, whether by this
    or by its invoice. Memory does not grow with the number of memberships.
    """
    return await granting.grant_all(database, clock, show_progress)


async def figures_since(
    connection: Connection, program_id: int, location_id: int, since: datetime
) -> Figures:
    """Memberships that the venue sold since a moment, and members with a live one that holds there now."""
    return await store.count(connection, program_id, location_id, since)
