"""What can be done with members: the one door to this feature for everything above it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.members import rules, store, store_identifiers
from regulars.features.members.caches import HandleCache, OriginCache
from regulars.features.members.conflicts import refusing_what_is_taken
from regulars.features.members.enrolment import enrol, enrol_batch, enrol_or_find, find
from regulars.features.members.identification import (
    add_identifier,
    end_identifier,
    find_identifier,
    identifiers_of,
    replace_identifier,
)
from regulars.features.members.listing import list_many, settled_at
from regulars.features.members.model import Member, ProfileChanges, Status
from regulars.features.members.origins import forget_origins, origins_of, remember_origin
from regulars.features.members.profiles import changed_profile
from regulars.features.members.recognition import Recognition, recognise
from regulars.features.members.rules import clean_handle

__all__ = [
    "HandleCache",
    "OriginCache",
    "Recognition",
    "add_identifier",
    "clean_handle",
    "end_identifier",
    "enrol",
    "enrol_batch",
    "enrol_or_find",
    "erase",
    "find",
    "find_identifier",
    "forget_origins",
    "get",
    "get_by_number",
    "get_many",
    "handles_of",
    "identifiers_of",
    "list_many",
    "origins_of",
    "recognise",
    "remember_origin",
    "replace_identifier",
    "search",
    "set_active",
    "settled_at",
    "update",
]

NUMBER_MAX = 2**31 - 1


async def get(connection: Connection, program_id: int, member_id: UUID) -> Member | None:
    """The member, erased ones included, or None; members of other programs are not seen."""
    return (await store.select_members(connection, program_id, [member_id])).get(member_id)


async def get_many(
    connection: Connection, program_id: int, member_ids: Collection[UUID]
) -> dict[UUID, Member]:
    """The members with these ids, erased ones included; unknown ids are left out."""
    if not member_ids:
        return {}
    return await store.select_members(connection, program_id, member_ids)


async def get_by_number(connection: Connection, program_id: int, number: int) -> Member | None:
    """The member with this number, erased ones included, or None."""
    if not 0 < number <= NUMBER_MAX:
        return None
    return await store.select_by_number(connection, program_id, number)


async def handles_of(
    connection: Connection, program_id: int, member_ids: Collection[UUID]
) -> dict[UUID, str]:
    """The handles of these members; those without one, erased members among them, are left out."""
    if not member_ids:
        return {}
    return await store.select_handles(connection, program_id, member_ids)


async def search(
    connection: Connection,
    program_id: int,
    text: str = "",
    limit: int = 50,
    after: int = 0,
    *,
    with_handle: bool = False,
) -> list[Member]:
    """Members whose name, handle, e-mail address or phone contains `text`, by number, inactive ones too.

    Case does not matter, and every character stands for itself. An empty text lists all. The next page
    begins `after` the last number of this one. `with_handle` leaves out members who have none.
    """
    assert 1 <= limit <= 1000
    pattern = rules.search_pattern(text) if text.strip() else None
    if pattern is None and text.strip():
        return []
    return await store.search(connection, program_id, pattern, after, limit, with_handle=with_handle)


async def update(
    connection: Connection, program_id: int, member_id: UUID, changes: ProfileChanges, now: datetime
) -> Member:
    """The member after the changes; `updated_at` moves when something did change.

    Raises Refused: member_not_found (also for an erased one), identifier_taken with kind "email",
    invalid_name, invalid_email, invalid_phone, invalid_birth_date, invalid_sex, location_not_found for the
    home location.
    """
    member = await _lock(connection, program_id, member_id)
    return await _save(connection, member, changed_profile(member, changes, now))


async def set_active(
    connection: Connection, program_id: int, member_id: UUID, active: bool, now: datetime
) -> Member:
    """The member, active or not. An inactive member's e-mail address may be taken by another one meanwhile.

    Raises Refused: member_not_found (also for an erased one), identifier_taken with kind "email".
    """
    member = await _lock(connection, program_id, member_id)
    status = Status.ACTIVE if active else Status.INACTIVE
    if member.status == status:
        return member
    changed = replace(member, status=status, updated_at=max(member.updated_at, now))
    return await _save(connection, member, changed)


async def erase(connection: Connection, program_id: int, member_id: UUID, now: datetime) -> None:
    """Nothing is left that says who the member was; the id and the number stay, for the books.

    Profile and identifiers go, their history included, and their values are free for others; the member's
    devices are revoked. Erasing again changes nothing. Callers close the ledger's accounts and remove
    photos in the same transaction. The lock waits for whoever is adding rows for this member, so what
    comes after this call in the transaction sees them. Raises Refused: member_not_found.
    """
    member = await store.lock_member(connection, program_id, member_id, alone=True)
    if member is None:
        raise Refused("member_not_found")
    if member.status == Status.ERASED:
        return
    blank = Member(
        program_id=program_id,
        member_id=member_id,
        number=member.number,
        status=Status.ERASED,
        name="",
        email=None,
        phone=None,
        birth_date=None,
        sex=None,
        created_at=member.created_at,
        updated_at=max(member.updated_at, now),
    )
    await store.update_member(connection, blank)
    await store_identifiers.delete_of_member(connection, program_id, member_id)
    await access.revoke_credentials_of_member(connection, program_id, member_id, now)


async def _lock(connection: Connection, program_id: int, member_id: UUID) -> Member:
    member = await store.lock_member(connection, program_id, member_id)
    if member is None or member.status == Status.ERASED:
        raise Refused("member_not_found")
    return member


async def _save(connection: Connection, member: Member, changed: Member) -> Member:
    if changed != member:
        async with refusing_what_is_taken(connection):
            await store.update_member(connection, changed)
    return changed
