"""Opens the demo's hotels: places, guests with their fobs, and promos. All of it or nothing."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from regulars.db.database import Connection
from regulars.demo.hotels.guests import JOHN_RFID, OPENED_DAYS_AGO, Fob, Guest
from regulars.demo.hotels.offers import gifts_of, offers_of
from regulars.demo.hotels.places import open_hotels
from regulars.demo.hotels.visits import moment
from regulars.features.access import actions as access
from regulars.features.access.model import Location, Program
from regulars.features.members import actions as members
from regulars.features.members.model import Member, NewIdentifier, NewMember
from regulars.features.promos import actions as promos

JOHN_NUMBER = 42
WIFES_FOB_ID = 15
"""What the published examples call John Smith, and the fob that they replace."""

_JOINING_MINUTE = 11 * 60 + 30
"""Guests enrol before the first meal of their day."""

_FOB_MINUTE = 16 * 60


async def leave_out_numbers(connection: Connection, program_id: int, members_before: int) -> None:
    """Lets the next customer be number 42, and that customer's third identifier number 15, as published."""
    await access.next_numbers(connection, program_id, "member", JOHN_NUMBER - 1 - members_before)
    await access.next_numbers(connection, program_id, "identifier", WIFES_FOB_ID - 3)


async def open_for_guests(
    connection: Connection, program: Program, guests: Sequence[Guest], until: datetime
) -> None:
    """The hotels with their guests and promos, as they are after the months that end at `until`."""
    zone = ZoneInfo(program.time_zone)
    today = until.astimezone(zone).date()
    opened_at = moment(today - timedelta(days=OPENED_DAYS_AGO), _JOINING_MINUTE, zone)
    locations = await open_hotels(connection, program.program_id, opened_at)
    await _free_johns_fob(connection, program.program_id, until)
    rows = [_enrolment(guest, locations, today, zone) for guest in guests]
    enrolled = await members.enrol_batch(connection, program.program_id, rows, until)
    await _change_fobs(connection, guests, enrolled, today, zone)
    await _make_offers(connection, guests, enrolled, locations, today, zone)


async def _free_johns_fob(connection: Connection, program_id: int, now: datetime) -> None:
    """In demos that were made before there were hotels, a child carries the fob that is John's now."""
    fob = await members.find_identifier(connection, program_id, "rfid", JOHN_RFID)
    if fob is not None:
        await members.end_identifier(connection, program_id, fob.member_id, fob.identifier_id, now)


def _enrolment(guest: Guest, locations: dict[str, Location], today: date, zone: ZoneInfo) -> NewMember:
    fobs = [fob for fob in guest.fobs if fob.added_days_ago is None]
    return NewMember(
        name=guest.name,
        email=guest.email,
        phone=guest.phone,
        birth_date=guest.birth_date,
        identifiers=(
            NewIdentifier("qr", guest.qr_code),
            *(NewIdentifier("rfid", fob.code, fob.label) for fob in fobs),
        ),
        created_at=moment(today - timedelta(days=guest.joined_days_ago), _JOINING_MINUTE, zone),
        home_location_id=locations[guest.home].location_id,
        staff=guest.staff,
    )


async def _change_fobs(
    connection: Connection, guests: Sequence[Guest], enrolled: Sequence[Member], today: date, zone: ZoneInfo
) -> None:
    """Adds and replaces fobs one after the other, as they were in those months."""
    program_id = enrolled[0].program_id
    held = await members.identifiers_of(connection, program_id, [member.member_id for member in enrolled])
    ids = {fob.value: fob.identifier_id for fobs in held.values() for fob in fobs}
    for at, member, fob in sorted(_changes(guests, enrolled, today, zone), key=lambda change: change[0]):
        if fob.replaced_by is not None:
            await members.replace_identifier(
                connection, program_id, member.member_id, ids[fob.code], fob.replaced_by, at
            )
        else:
            new = NewIdentifier("rfid", fob.code, fob.label)
            await members.add_identifier(connection, program_id, member.member_id, new, at)


def _changes(
    guests: Sequence[Guest], enrolled: Sequence[Member], today: date, zone: ZoneInfo
) -> Iterator[tuple[datetime, Member, Fob]]:
    for guest, member in zip(guests, enrolled, strict=True):
        for fob in guest.fobs:
            days_ago = fob.added_days_ago if fob.replaced_by is None else fob.replaced_days_ago
            if days_ago is not None:
                yield moment(today - timedelta(days=days_ago), _FOB_MINUTE, zone), member, fob


async def _make_offers(
    connection: Connection,
    guests: Sequence[Guest],
    enrolled: Sequence[Member],
    locations: dict[str, Location],
    today: date,
    zone: ZoneInfo,
) -> None:
    program_id = enrolled[0].program_id
    location_ids = {slug: location.location_id for slug, location in locations.items()}
    opened_on = today - timedelta(days=OPENED_DAYS_AGO)
    for offer in offers_of(today, location_ids):
        given_on = offer.terms.valid_from.date() if offer.terms.valid_from else opened_on
        given_at = moment(given_on, _FOB_MINUTE, zone)
        # All were planned at the start; which of two is the older one shows in their ids alone.
        opened_at = moment(opened_on, _JOINING_MINUTE, zone)
        promo = await promos.create_promo(connection, program_id, offer.terms, opened_at)
        for number, gift in gifts_of(offer, guests, today):
            await promos.assign(
                connection,
                program_id,
                promo.promo_id,
                enrolled[number].member_id,
                expires_at=gift.expires_at,
                now=given_at,
            )
