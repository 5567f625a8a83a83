"""Enrolling members: one, one unless there already, or many at once."""

from collections.abc import Sequence
from datetime import date, datetime

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.members import rules, store, store_identifiers
from regulars.features.members.conflicts import refusing_what_is_taken
from regulars.features.members.model import Identifier, Member, NewIdentifier, NewMember, Status
from regulars.features.members.profiles import checked_new_member

RACES_MAX = 5
"""How often a member may be enrolled and erased again by others while one call looks for it."""


async def find(connection: Connection, program_id: int, kind: str, value: str) -> Member | None:
    """The member recognised by this value, in whatever spelling it arrives, or None.

    Kinds "handle", "phone" (E.164), "rfid", "qr", "card", "pass" and the like find inactive members
    too, which `status` tells; "email" finds active ones only, whose address it is without regard to case.
    """
    cleaned = rules.clean_identifier(kind, value)
    if cleaned is None:
        return None
    return await store.select_by_identifier(connection, program_id, kind, cleaned)


async def enrol(
    connection: Connection,
    program_id: int,
    *,
    name: str,
    identifiers: Sequence[tuple[str, str, str | None]] = (),
    email: str | None = None,
    phone: str | None = None,
    birth_date: date | None = None,
    sex: str | None = None,
    home_location_id: int | None = None,
    staff: bool = False,
    now: datetime,
) -> Member:
    """The new member, recognised by `identifiers`, each a (kind, value, label).

    Kind "handle" becomes the member's handle, "email" the address. Raises Refused: identifier_taken with
    the `kind`; invalid_handle, invalid_name, invalid_email, invalid_phone, invalid_birth_date,
    invalid_sex, invalid_identifier (with the `kind`), invalid_label, location_not_found for the home
    location. The transaction stays usable.
    """
    new = NewMember(
        name=name,
        handle=next((value for kind, value, _ in identifiers if kind == "handle"), None),
        email=next((value for kind, value, _ in identifiers if kind == "email"), email),
        phone=phone,
        birth_date=birth_date,
        sex=sex,
        identifiers=tuple(
            NewIdentifier(kind, value, label)
            for kind, value, label in identifiers
            if kind not in ("handle", "email")
        ),
        home_location_id=home_location_id,
        staff=staff,
    )
    return (await enrol_batch(connection, program_id, [new], now))[0]


async def enrol_or_find(
    connection: Connection, program_id: int, kind: str, value: str, *, name: str, now: datetime
) -> tuple[Member, bool]:
    """The member recognised by this value, and whether it was enrolled by this very call.

    However many ask at once, one enrols and the others find. Raises Refused as `enrol` does.
    """
    for _ in range(RACES_MAX):
        member = await find(connection, program_id, kind, value)
        if member is not None:
            return member, False
        try:
            identifiers = [(kind, value, None)]
            return await enrol(connection, program_id, name=name, identifiers=identifiers, now=now), True
        except Refused as refusal:
            if refusal.code != "identifier_taken":
                raise
    raise Refused("identifier_taken", kind=kind)


async def enrol_batch(
    connection: Connection, program_id: int, rows: Sequence[NewMember], now: datetime
) -> list[Member]:
    """The new members in the order of `rows`, all or none, with one statement per table.

    Raises Refused as `enrol` does, for the first row that fails. Thousands of rows at once are fine;
    others who enrol in this program wait until the transaction ends. Whatever day they joined, they count as
    updated `now`, which is asked of the clock anew for each transaction (see `listing.settled_at`).
    """
    checked = [checked_new_member(row, now) for row in rows]
    async with refusing_what_is_taken(connection):
        numbers = await access.next_numbers(connection, program_id, "member", len(checked))
        members = [
            _member(program_id, number, new, now) for number, new in zip(numbers, checked, strict=True)
        ]
        if members:
            await store.insert_members(connection, program_id, members)
        await _add_identifiers(connection, program_id, members, checked)
    return members


async def _add_identifiers(
    connection: Connection, program_id: int, members: Sequence[Member], checked: Sequence[NewMember]
) -> None:
    wanted = [(member, new) for member, row in zip(members, checked, strict=True) for new in row.identifiers]
    numbers = await access.next_numbers(connection, program_id, "identifier", len(wanted))
    identifiers = [
        Identifier(
            program_id=program_id,
            identifier_id=number,
            member_id=member.member_id,
            kind=new.kind,
            value=new.value,
            label=new.label,
            location_id=new.location_id,
            created_at=member.created_at,
            ended_at=None,
        )
        for number, (member, new) in zip(numbers, wanted, strict=True)
    ]
    if identifiers:
        await store_identifiers.insert_identifiers(connection, program_id, identifiers)


def _member(program_id: int, number: int, new: NewMember, now: datetime) -> Member:
    return Member(
        program_id=program_id,
        member_id=new_id(),
        number=number,
        status=Status.ACTIVE,
        name=new.name,
        email=new.email,
        phone=new.phone,
        birth_date=new.birth_date,
        sex=new.sex,
        created_at=new.created_at or now,
        updated_at=now,
        handle=new.handle,
        home_location_id=new.home_location_id,
        staff=new.staff,
    )
