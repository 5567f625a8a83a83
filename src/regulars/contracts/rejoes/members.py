"""Members: found by their card, added over the counter, and made for tests."""

from litestar import get, post
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.context import STORE, STORE_SCOPE, open_context, program_of, require_store
from regulars.contracts.rejoes.descriptions import ADD_MEMBER, BY_CARD, SEED_MEMBER
from regulars.contracts.rejoes.fields import MISSING, filled, read_fields
from regulars.contracts.rejoes.guessing import count_unknown_card
from regulars.contracts.rejoes.paths import both
from regulars.contracts.rejoes.rows import Rows, added_member, new_member
from regulars.contracts.rejoes.wire import AddAnswer, AddBody, SeedAnswer, SeedBody
from regulars.features.access.model import Program
from regulars.features.lending import actions as lending
from regulars.features.lending.model import Customer, NewBorrower
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.requests import HttpRequest, caller_if_any, services
from regulars.http.services import Services


@get(both("/members/by-card/{cardToken:str}"), opt={"access": STORE, "operation": BY_CARD})
async def find_by_card(request: HttpRequest) -> Answer:
    """The member whose card it is, with all loans."""
    context = await open_context(request)
    token: str = request.path_params["cardToken"]
    now = context.now
    async with context.services.database.connection() as connection:
        found = await lending.find_by_card(connection, context.program_id, token, now)
    if found is None:
        await count_unknown_card(request, context)
        raise Refused("member_not_found")
    customer, wardrobe = found
    plan = lending.plan_named(lending.plans_of(context.program), customer.borrower.plan)
    return json_answer(Rows(request, now).card(customer, wardrobe, plan))


@post(both("/members/dev/seed-member"), opt={"access": PUBLIC, "operation": SEED_MEMBER})
async def seed_member(request: HttpRequest) -> Answer:
    """A member for tests, in the caller's program or the first one. Not in production, whoever asks."""
    shared = services(request)
    if shared.settings.mode != "development":
        raise Refused("seeding_refused")
    try:
        body = await read_fields(request, SeedBody)
    except Refused as refusal:
        raise Refused("card_token_missing") if refusal.code == MISSING else refusal from None
    program = await _program_of(request, shared)
    new = NewBorrower(card_token=body.card_token, plan=_plan(program, body.tier))
    customer = await _enrol(shared, program, new)
    return json_answer(SeedAnswer(message="Test member created successfully", member=new_member(customer)))


@post(both("/members/add"), opt={"access": STORE, "operation": ADD_MEMBER})
async def add_member(request: HttpRequest) -> Answer:
    """A member who signs up in a store."""
    context = await open_context(request)
    body = await read_fields(request, AddBody)
    location = filled(body.store_location)
    if location is not None:
        await require_store(context, location)
    new = NewBorrower(
        card_token=body.card_token,
        plan=_plan(context.program, body.tier),
        shopify_customer_id=body.shopify_customer_id,
        store_location=location,
    )
    customer = await _enrol(context.services, context.program, new)
    return json_answer(AddAnswer(message="Member added successfully", member=added_member(customer)), 201)


async def _enrol(shared: Services, program: Program, new: NewBorrower) -> Customer:
    """The new member. Raises Refused: card_taken, shopify_taken, invalid_identifier."""
    try:
        return await shared.database.run(
            lambda connection: lending.add_borrower(connection, program, new, shared.clock())
        )
    except Refused as refusal:
        if refusal.code != "identifier_taken":
            raise
        raise Refused(f"{refusal.details['kind']}_taken") from None


async def _program_of(request: HttpRequest, shared: Services) -> Program:
    """The program of the store whose key was sent, or the server's first one."""
    who = caller_if_any(request)
    is_store = who is not None and STORE_SCOPE in who.scopes
    program_id = (
        who.program_id if who is not None and is_store else await shared.programs.default_program_id()
    )
    program = None if program_id is None else await program_of(shared, program_id)
    if program is None:
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)
    return program


def _plan(program: Program, tier: str | None) -> str:
    """The name of the plan that is meant. Raises Refused("unknown_tier")."""
    plans = lending.plans_of(program)
    wanted = filled(tier)
    if wanted is None:
        return lending.first_plan(plans).name
    if wanted.upper() not in plans:
        raise Refused("unknown_tier")
    return wanted.upper()


HANDLERS: list[HTTPRouteHandler] = [find_by_card, seed_member, add_member]
