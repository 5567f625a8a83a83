"""Shoppers recommend products, and see what came of it."""

import re
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import UNSET

from regulars.base.refusals import Refused
from regulars.contracts.fittwin.context import (
    SHOPPER,
    SHOPPER_KIND,
    Context,
    link_to,
    moment,
    open_context,
    owner_of,
    subject_of,
)
from regulars.contracts.fittwin.cursors import cursor_before, number_of
from regulars.contracts.fittwin.descriptions import CREATE, EVENTS, STATS
from regulars.contracts.fittwin.fields import filled, read_fields, wrong
from regulars.contracts.fittwin.guessing import counting_rids
from regulars.contracts.fittwin.paths import both
from regulars.contracts.fittwin.wire import (
    CreateAnswer,
    CreateBody,
    EventRow,
    EventsAnswer,
    EventsQuery,
    PolicyRow,
    RewardsRow,
    StatsAnswer,
)
from regulars.db.database import Connection
from regulars.features.members import actions as members
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.model import Product, Referral, ReferralEvent, Source
from regulars.http.answers import Answer, json_answer
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest, client_address

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_RID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)


@post(both("/referrals"), opt={"access": SHOPPER, "operation": CREATE})
async def create(request: HttpRequest) -> Answer:
    """The shopper's RID for a product: a new one, or with a 409 the one that is active."""
    context, subject = await open_context(request), subject_of(request)
    body = await read_fields(request, CreateBody)
    product = await _product(context, body.product_id)
    owner_id, is_new_owner = await context.services.database.run(
        lambda connection: _enrol(context, connection, subject)
    )
    hashes, address = context.hashes, client_address(request)
    source = Source(person=hashes.person(subject), address=hashes.address(address))
    is_flood = is_new_owner and await referrals.is_flood(context.services.attempts, context.program, source)
    async with context.services.database.connection() as connection:
        referral, is_new = await referrals.create(
            connection,
            context.program,
            owner_id,
            product,
            filled(body.channel),
            source,
            context.now,
            is_flood=is_flood,
        )
    return json_answer(_created(request, context, referral), 201 if is_new else 409)


@get(both("/referrals/{rid:str}"), opt={"access": SHOPPER, "operation": STATS})
async def show_stats(request: HttpRequest) -> Answer:
    """What came of the shopper's RID."""
    context, subject, rid = await open_context(request), subject_of(request), rid_of(request)
    async with counting_rids(context, subject), context.services.database.connection() as connection:
        owner_id = await owner_of(context, connection, subject)
        referral, rewards = await referrals.stats_of(connection, context.program_id, owner_id, rid)
    answer = StatsAnswer(
        rid=referral.rid,
        clicks=referral.clicks,
        conversions=referral.conversions,
        gmv=referral.gmv,
        status=referrals.status_at(referral, context.now).value,
        expiresAt=moment(referral.expires_at),
        rewards=RewardsRow(pendingHold=rewards.pending_hold, payable=rewards.payable, paid=rewards.paid),
    )
    return json_answer(answer)


@get(both("/referrals/{rid:str}/events"), opt={"access": SHOPPER, "operation": EVENTS})
async def list_events(request: HttpRequest) -> Answer:
    """The events of the shopper's RID, newest first."""
    context, subject = await open_context(request), subject_of(request)
    query = read_query(request, EventsQuery)
    before, rid = number_of(query.cursor), rid_of(request)
    async with counting_rids(context, subject), context.services.database.connection() as connection:
        owner_id = await owner_of(context, connection, subject)
        events, following = await referrals.events_of(
            connection, context.program_id, owner_id, rid, before, query.limit
        )
    cursor = None if following is None else cursor_before(following)
    return json_answer(EventsAnswer(events=[_event(event) for event in events], nextCursor=cursor))


def rid_of(request: HttpRequest) -> str:
    """The RID of the address. Raises Refused("referral_not_found") for what can be none."""
    rid: str = request.path_params["rid"]
    if not _RID.fullmatch(rid):
        raise Refused("referral_not_found")
    return rid


async def _product(context: Context, text: str) -> Product:
    """The product that is meant. Raises BodyRefused for what is no id, Refused("product_not_found")."""
    if not _UUID.fullmatch(text.strip()):
        raise wrong("productId", "productId: expected a UUID")
    async with context.services.database.connection() as connection:
        product = await referrals.find_product(connection, context.program_id, UUID(text.strip()))
    if product is None or not product.active:
        raise Refused("product_not_found")
    return product


async def _enrol(context: Context, connection: Connection, subject: str) -> tuple[UUID, bool]:
    """The shopper as a member, and whether that is new."""
    member, is_new = await members.enrol_or_find(
        connection, context.program_id, SHOPPER_KIND, subject, name="", now=context.now
    )
    return member.member_id, is_new


def _created(request: HttpRequest, context: Context, referral: Referral) -> CreateAnswer:
    return CreateAnswer(
        rid=referral.rid,
        shareUrl=link_to(request, context.program, referral.product_slug, referral.rid),
        expiresAt=moment(referral.expires_at),
        policy=PolicyRow(
            rewardType=referral.reward_type.value,
            rewardValue=referral.reward_value,
            currency=referral.currency,
            holdDays=referral.hold_days,
        ),
    )


def _event(event: ReferralEvent) -> EventRow:
    return EventRow(
        eventId=str(event.event_id),
        eventType="click" if event.order_id is None else "conversion",
        timestamp=moment(event.occurred_at),
        orderId=UNSET if event.order_id is None else event.order_id,
        orderTotal=UNSET if event.order_total is None else event.order_total,
    )


HANDLERS: list[HTTPRouteHandler] = [create, show_stats, list_events]
