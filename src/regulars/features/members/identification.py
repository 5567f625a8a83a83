"""What members are recognised by: fobs, cards, passes and codes, added, replaced and ended."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.members import rules, store, store_identifiers
from regulars.features.members.conflicts import refusing_what_is_taken
from regulars.features.members.model import Identifier, NewIdentifier, Replacement
from regulars.features.members.profiles import checked_identifier


async def find_identifier(
    connection: Connection, program_id: int, kind: str, value: str
) -> Identifier | None:
    """The identifier in use with this value, for its label and its location; None when there is none.

    Handles and e-mail addresses are fields of the member and are not found here.
    """
    cleaned = rules.clean_identifier(kind, value)
    if cleaned is None:
        return None
    return await store_identifiers.select_identifier(connection, program_id, kind, cleaned)


async def identifiers_of(
    connection: Connection, program_id: int, member_ids: Collection[UUID], *, with_ended: bool = False
) -> dict[UUID, list[Identifier]]:
    """The identifiers of these members, oldest first; `with_ended`: what was replaced or ended as well."""
    if not member_ids:
        return {}
    return await store_identifiers.select_of_members(
        connection, program_id, member_ids, with_ended=with_ended
    )


async def add_identifier(
    connection: Connection, program_id: int, member_id: UUID, new: NewIdentifier, now: datetime
) -> Identifier:
    """The member's new identifier; the member counts as updated.

    Raises Refused: member_not_found (also for an inactive one), identifier_taken with the `kind`,
    invalid_identifier, invalid_label.
    """
    checked = checked_identifier(new)
    await _require_active(connection, program_id, member_id, now)
    async with refusing_what_is_taken(connection):
        identifier = Identifier(
            program_id=program_id,
            identifier_id=await access.next_number(connection, program_id, "identifier"),
            member_id=member_id,
            kind=checked.kind,
            value=checked.value,
            label=checked.label,
            location_id=checked.location_id,
            created_at=now,
            ended_at=None,
        )
        await store_identifiers.insert_identifiers(connection, program_id, [identifier])
    return identifier


async def replace_identifier(
    connection: Connection, program_id: int, member_id: UUID, identifier_id: int, value: str, now: datetime
) -> Replacement:
    """The identifier under its new value, with the id and label it had, and the old value.

    The old value stops at once and stays in the history as an ended identifier of its own. Replacing a
    value by itself changes nothing. Raises Refused: member_not_found (also for an inactive one),
    identifier_not_found, identifier_taken with the `kind`, invalid_identifier.
    """
    await _require_active(connection, program_id, member_id, now)
    current = await store_identifiers.select_in_use(connection, program_id, member_id, identifier_id)
    if current is None:
        raise Refused("identifier_not_found")
    checked = checked_identifier(NewIdentifier(current.kind, value))
    if checked.value == current.value:
        return Replacement(current, current.value)
    async with refusing_what_is_taken(connection):
        # Whoever adds an identifier takes its number before its value, so here they go in that order too.
        history_id = await access.next_number(connection, program_id, "identifier")
        await store_identifiers.update_value(
            connection, program_id, member_id, identifier_id, checked.value, now
        )
        ended = replace(current, identifier_id=history_id, ended_at=now)
        await store_identifiers.insert_identifiers(connection, program_id, [ended])
    return Replacement(replace(current, value=checked.value, created_at=now), current.value)


async def end_identifier(
    connection: Connection, program_id: int, member_id: UUID, identifier_id: int, now: datetime
) -> None:
    """The identifier stops at once and its value is free; the history keeps it.

    Raises Refused: member_not_found (also for an inactive one), identifier_not_found.
    """
    await _require_active(connection, program_id, member_id, now)
    if not await store_identifiers.end_identifier(connection, program_id, member_id, identifier_id, now):
        raise Refused("identifier_not_found")


async def _require_active(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> None:
    """Locks the member's row as well, so that changes of one member's identifiers come one by one."""
    if not await store.touch_active(connection, program_id, member_id, now):
        raise Refused("member_not_found")
