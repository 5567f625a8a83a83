"""Fobs of customers: one more, and another one in place of a lost one."""

from litestar import post

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.context import TILL, Context, open_context
from regulars.contracts.loyaltyhub.descriptions import ADD, REPLACE
from regulars.contracts.loyaltyhub.envelope import refusing_as
from regulars.contracts.loyaltyhub.success import success
from regulars.contracts.loyaltyhub.wire import AddAnswer, AddBody, ReplaceAnswer, ReplaceBody
from regulars.db.database import Connection
from regulars.features.members import actions as members
from regulars.features.members.model import Identifier, Member, NewIdentifier, Replacement, Status
from regulars.http.answers import Answer
from regulars.http.bodies import read_json
from regulars.http.requests import HttpRequest

RFID = "rfid"


@post("/wp-json/loyalty/v1/identifier/add", opt={"access": TILL, "operation": ADD})
async def add_fob(request: HttpRequest) -> Answer:
    """One more fob, for a partner for example."""
    context = await open_context(request)
    body = await read_json(request, AddBody, empty_is_object=True)
    fob = await context.services.database.run(lambda connection: _add(connection, context, body))
    answer = AddAnswer(
        identifier_id=fob.identifier_id, customer_id=body.customer_id, value=fob.value, label=fob.label
    )
    return success(answer, 201)


@post("/wp-json/loyalty/v1/identifier/replace", opt={"access": TILL, "operation": REPLACE})
async def replace_fob(request: HttpRequest) -> Answer:
    """Another code for a fob; the one it had stops at once and stays in the history."""
    context = await open_context(request)
    body = await read_json(request, ReplaceBody, empty_is_object=True)
    with refusing_as(
        {"identifier_taken.rfid": "replacement_taken", "invalid_identifier": "invalid_new_identifier"}
    ):
        replaced = await context.services.database.run(lambda connection: _replace(connection, context, body))
    answer = ReplaceAnswer(
        identifier_id=replaced.identifier.identifier_id,
        customer_id=body.customer_id,
        old_value=replaced.old_value,
        new_value=replaced.identifier.value,
        label=replaced.identifier.label,
    )
    return success(answer)


async def _add(connection: Connection, context: Context, body: AddBody) -> Identifier:
    member = await _customer(connection, context, body.customer_id)
    fob = NewIdentifier(RFID, body.identifier, body.label)
    now = context.services.clock()
    return await members.add_identifier(connection, context.program_id, member.member_id, fob, now)


async def _replace(connection: Connection, context: Context, body: ReplaceBody) -> Replacement:
    member = await _customer(connection, context, body.customer_id)
    await _require_fob(connection, member, body.identifier_id)
    now = context.services.clock()
    return await members.replace_identifier(
        connection, context.program_id, member.member_id, body.identifier_id, body.new_identifier, now
    )


async def _customer(connection: Connection, context: Context, customer_id: int) -> Member:
    """The active customer with this id. Raises Refused("member_not_found")."""
    member = await members.get_by_number(connection, context.program_id, customer_id)
    if member is None or member.status is not Status.ACTIVE:
        raise Refused("member_not_found")
    return member


async def _require_fob(connection: Connection, member: Member, identifier_id: int) -> None:
    """Customers have codes and cards too, which are not fobs. Raises Refused("identifier_not_found")."""
    known = await members.identifiers_of(connection, member.program_id, [member.member_id])
    fobs = {known.identifier_id for known in known.get(member.member_id, []) if known.kind == RFID}
    if identifier_id not in fobs:
        raise Refused("identifier_not_found")
