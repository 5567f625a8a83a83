"""What a customer has at a venue, read without locks."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location
from regulars.features.kiosk import store_customers
from regulars.features.kiosk.model import Balances
from regulars.features.kiosk.purse import Accounts, accounts_of
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import AccountReference, AccountState
from regulars.features.memberships import actions as memberships


class Today(Struct, frozen=True):
    """The balances of points, and of the venue's and the program's rewards together."""

    points: int
    rewards: int


async def read(connection: Connection, venue: Location, member_id: UUID, now: datetime) -> Today:
    """What the customer has, held rewards included. One round trip."""
    accounts = accounts_of(member_id, venue.location_id)
    return _today(accounts, await ledger.account_states(connection, venue.program_id, accounts.all, now))


async def balances_of(
    connection: Connection, program_id: int, venue: Location, member_id: UUID, now: datetime
) -> Balances:
    """What the customer has at the venue. One round trip.

    Raises Refused: customer_not_found, also for one of another program and for an erased one.
    """
    assert program_id == venue.program_id
    pipeline = Pipeline(connection)
    customer = store_customers.send_question(pipeline, program_id, member_id)
    membership = memberships.send_status(pipeline, program_id, member_id, venue.location_id)
    accounts = accounts_of(member_id, venue.location_id)
    states = ledger.send_account_states(pipeline, program_id, accounts.all)
    await pipeline.flush()
    if not customer.rows:
        raise Refused("customer_not_found")
    today = _today(accounts, states.at(now))
    return Balances(member_id, today.points, today.rewards, membership.status)


def _today(accounts: Accounts, states: Mapping[AccountReference, AccountState]) -> Today:
    rewards = states[accounts.venue_rewards].balance + states[accounts.program_rewards].balance
    return Today(states[accounts.points].balance, rewards)
