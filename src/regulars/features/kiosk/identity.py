"""Who the customer at the kiosk is, and how the venue's passes look."""

from datetime import datetime

from regulars.base.phone import to_e164
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import rules, rules_branding
from regulars.features.kiosk.balances import balances_of
from regulars.features.kiosk.model import Balances, Branding, Enrolled
from regulars.features.members import actions as members
from regulars.features.members.model import ProfileChanges
from regulars.features.memberships.model import MembershipStatus
from regulars.features.passes import actions as passes


async def enrol_by_phone(
    connection: Connection, program: Program, venue: Location, phone_raw: str, now: datetime
) -> Enrolled:
    """The customer with this number, enrolled if there is none, and the pass for this venue.

    Numbers without a country code are dialled from the venue's region. However many ask at once, one enrols.
    `connection` is in a transaction. Raises Refused: invalid_phone.
    """
    phone = to_e164(phone_raw, rules.phone_region(venue))
    if phone is None:
        raise Refused("invalid_phone")
    member, is_new = await members.enrol_or_find(
        connection, program.program_id, "phone", phone, name="", now=now
    )
    if is_new:
        # Operators look for customers by what the profile says.
        changes = ProfileChanges(phone=phone)
        await members.update(connection, program.program_id, member.member_id, changes, now)
    card = await passes.issue(connection, program.program_id, venue.location_id, member.member_id, now)
    if is_new:
        balances = Balances(member.member_id, 0, 0, MembershipStatus.NONE)
    else:
        # Perhaps somebody else enrolled at the same moment. Then psycopg undid a savepoint, and drops all
        # that was prepared on the connection.
        connection.prepared_names.clear()
        balances = await balances_of(connection, program.program_id, venue, member.member_id, now)
    return Enrolled(member.member_id, is_new, balances, card)


async def set_branding(
    connection: Connection, venue: Location, branding: Branding, now: datetime
) -> Branding:
    """How the venue looks from now on. Raises Refused: invalid_field with the `field`."""
    checked = rules_branding.checked_branding(branding)
    await access.update_location(
        connection,
        venue.program_id,
        venue.location_id,
        settings=rules_branding.as_settings(checked),
        now=now,
    )
    return checked
