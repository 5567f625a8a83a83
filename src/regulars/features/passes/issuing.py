"""Passes are issued and found, and what they show changes."""

from collections.abc import Collection
from datetime import datetime
from secrets import token_hex
from uuid import UUID

from psycopg.errors import ForeignKeyViolation

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.members import actions as members
from regulars.features.members.model import NewIdentifier
from regulars.features.passes import rules, store
from regulars.features.passes.model import KIND, Pass


async def issue(
    connection: Connection, program_id: int, location_id: int, member_id: UUID, now: datetime
) -> Pass:
    """The member's pass at this location, which is made if there is none; however many ask, there is one.

    Its token is an identifier of kind "pass". Where that one was ended, the new pass has another token and
    another serial number, so that the lost one learns nothing more. Raises Refused: member_not_found (also
    for an erased or inactive one, if the pass is still to be made), location_not_found.
    """
    known = await store.select_of_member(connection, program_id, location_id, member_id)
    if known is not None:
        return known
    try:
        async with connection.transaction():
            await _make(connection, program_id, location_id, member_id, now)
    except ForeignKeyViolation as error:
        unknown = {"pass_of_a_member": "member_not_found", "pass_at_a_location": "location_not_found"}
        raise Refused(unknown[error.diag.constraint_name or ""]) from None
    issued = await store.select_of_member(connection, program_id, location_id, member_id)
    if issued is None:
        # The member was erased the moment after.
        raise Refused("member_not_found")
    return issued


async def find(connection: Connection, program_id: int, location_id: int, token: str) -> Pass | None:
    """The pass with this token; None for an unknown one, and at every location but its own."""
    if not rules.is_token(token):
        return None
    return await store.select_by_token(connection, program_id, location_id, token)


async def find_public(connection: Connection, token: str) -> Pass | None:
    """The pass with this token, for its owner's page, which knows neither program nor location."""
    if not rules.is_token(token):
        return None
    return await store.select_by_token_anywhere(connection, token)


def send_update(
    pipeline: Pipeline, program_id: int, member_id: UUID, location_id: int, reason: str, now: datetime
) -> None:
    """What the member's pass at this location shows has changed; location 0: all the member's passes.

    The phones are told once the transaction has committed, if and when `deliver_due` runs. Nothing happens
    for a member without a pass. `reason` is for the operator: a word or two.
    """
    send_updates(pipeline, program_id, [(member_id, location_id)], reason, now)


def send_updates(
    pipeline: Pipeline,
    program_id: int,
    changed: Collection[tuple[UUID, int]],
    reason: str,
    now: datetime,
) -> None:
    """The same for many members of one program, each with a location, in one statement.

    The passes stay locked until the transaction ends; send it as late as you can.
    """
    moved = [store.Moved(member_id, location_id) for member_id, location_id in changed]
    if moved:
        store.send_moves(pipeline, program_id, moved, reason, now)


async def _make(
    connection: Connection, program_id: int, location_id: int, member_id: UUID, now: datetime
) -> None:
    """There is a pass, made here or by somebody else meanwhile. Raises Refused: member_not_found."""
    await store.end_unfindable(connection, program_id, location_id, member_id, now)
    pass_id = new_id()
    if not await store.insert_pass(connection, program_id, location_id, member_id, pass_id, now):
        return
    token = NewIdentifier(KIND, token_hex(rules.TOKEN_BYTES), location_id=location_id)
    identifier = await members.add_identifier(connection, program_id, member_id, token, now)
    await store.set_identifier(connection, program_id, pass_id, identifier.identifier_id)
