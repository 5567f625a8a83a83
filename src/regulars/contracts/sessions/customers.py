"""Who stands in front of the kiosk, and what they have."""

from uuid import UUID

from litestar import post
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.sessions.context import KIOSK, Context, customer_of, open_context, venue_of
from regulars.contracts.sessions.descriptions import BALANCE, RESOLVE, UPSERT
from regulars.contracts.sessions.fields import read_fields
from regulars.contracts.sessions.guessing import count_enrolment, count_unknown_card
from regulars.contracts.sessions.wire import (
    BalanceAnswer,
    BalanceBody,
    ResolveBody,
    Status,
    UpsertAnswer,
    UpsertBody,
)
from regulars.db.database import Connection
from regulars.features.access.model import Location
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Balances, Enrolled
from regulars.features.memberships.model import MembershipStatus
from regulars.features.passes import actions as passes
from regulars.http.answers import Answer, json_answer
from regulars.http.requests import HttpRequest

STATUSES: dict[MembershipStatus, Status] = {
    MembershipStatus.NONE: "none",
    MembershipStatus.ACTIVE: "active",
    MembershipStatus.TRIALING: "trialing",
    MembershipStatus.PAST_DUE: "past_due",
    MembershipStatus.CANCELED: "canceled",
}


@post("/loyalty/resolve-customer-from-pass-token", opt={"access": KIOSK, "operation": RESOLVE})
async def resolve(request: HttpRequest) -> Answer:
    """The customer whose card was read."""
    context = await open_context(request)
    body = await read_fields(request, ResolveBody)
    venue = await venue_of(context, body.venue_id)
    async with context.services.database.connection() as connection:
        card = await passes.find(
            connection, context.program_id, venue.location_id, body.pass_token.strip().lower()
        )
    if card is None:
        await count_unknown_card(context)
        raise Refused("pass_not_found")
    return json_answer(await _balance(context, venue, card.member_id))


@post("/loyalty/upsert-customer-by-phone", opt={"access": KIOSK, "operation": UPSERT})
async def upsert(request: HttpRequest) -> Answer:
    """The customer with this phone number, enrolled if nobody has it."""
    context = await open_context(request)
    body = await read_fields(request, UpsertBody)
    venue = await venue_of(context, body.venue_id)
    return json_answer(upsert_answer(await enrol(context, venue, body.phone_raw)))


@post("/loyalty/get-balance", opt={"access": KIOSK, "operation": BALANCE})
async def get_balance(request: HttpRequest) -> Answer:
    """What a customer has at a venue."""
    context = await open_context(request)
    body = await read_fields(request, BalanceBody)
    venue = await venue_of(context, body.venue_id)
    return json_answer(await _balance(context, venue, customer_of(body.customer_id)))


async def enrol(context: Context, venue: Location, phone_raw: str) -> Enrolled:
    """The customer with this phone number, who has a card of the venue from now on.

    Raises Refused("invalid_phone"), Refused("too_many_requests") and DatabaseUnavailable.
    """

    async def enrolled(connection: Connection) -> Enrolled:
        found = await kiosk.enrol_by_phone(connection, context.program, venue, phone_raw, context.now)
        if found.is_new:
            await count_enrolment(context, connection)
        return found

    return await context.services.database.run(enrolled)


def upsert_answer(enrolled: Enrolled) -> UpsertAnswer:
    """An enrolment as the contract shows it."""
    balances = enrolled.balances
    return UpsertAnswer(
        customer_id=str(enrolled.member_id),
        is_new_customer=enrolled.is_new,
        points_balance=balances.points,
        rewards_balance=balances.rewards,
        membership_status=STATUSES[balances.membership_status],
        wallet_token=enrolled.card.token,
    )


async def _balance(context: Context, venue: Location, member_id: UUID) -> BalanceAnswer:
    async with context.services.database.connection() as connection:
        balances = await kiosk.balances_of(connection, context.program_id, venue, member_id, context.now)
    return _balance_answer(balances)


def _balance_answer(balances: Balances) -> BalanceAnswer:
    return BalanceAnswer(
        customer_id=str(balances.member_id),
        points_balance=balances.points,
        rewards_balance=balances.rewards,
        membership_status=STATUSES[balances.membership_status],
    )


HANDLERS: list[HTTPRouteHandler] = [resolve, upsert, get_balance]
