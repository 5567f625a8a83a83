"""What an operator names, found in the program. Each raises CommandFailed, which says what to do."""

from regulars.cli.failures import CommandFailed
from regulars.cli.session import OpenProgram
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.members import actions as members
from regulars.features.members.model import Member
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo

SHOWN_MAX = 20
NUMBER_PREFIX = "number:"
CODE_KINDS = ("rfid", "qr")
"""What a customer can show: a fob, or the QR code. E-mail addresses are looked up beside them."""


async def chosen_location(opened: OpenProgram, slug: str) -> Location:
    """The program's location with this slug."""
    return (await chosen_locations(opened, [slug]))[0]


async def chosen_locations(opened: OpenProgram, slugs: list[str]) -> list[Location]:
    """The program's locations with these slugs, in the order of the slugs."""
    known = {place.slug: place for place in await access.list_locations(opened.connection, opened.program_id)}
    for slug in slugs:
        if slug not in known:
            raise CommandFailed(f"the program has no location {slug}: {_instead(list(known))}")
    return [known[slug] for slug in slugs]


async def chosen_promo(opened: OpenProgram, code: str) -> Promo:
    """The program's promo with this code, switched on or not."""
    promo = await promos.find_by_code(opened.connection, opened.program_id, code)
    if promo is None:
        raise CommandFailed(f"the program has no promo {code}: 'regulars promos list' shows those it has")
    return promo


async def chosen_customer(opened: OpenProgram, text: str) -> Member:
    """The customer with this number, fob, QR code or e-mail address; "number:42" is a number for certain.

    By a number, inactive customers are found as well; erased ones never are.
    """
    digits = text.removeprefix(NUMBER_PREFIX)
    number = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 10 else 0
    by_number = await members.get_by_number(opened.connection, opened.program_id, number)
    if by_number is not None and by_number.status == "erased":
        by_number = None
    shown = None
    if not text.startswith(NUMBER_PREFIX):
        shown = await members.recognise(opened.connection, opened.program_id, text, CODE_KINDS)
    if by_number is not None and shown is not None and shown.member.member_id != by_number.member_id:
        raise CommandFailed(
            f"{text} is the number of one customer and the {shown.kind} of customer {shown.member.number}: "
            f"write {NUMBER_PREFIX}{number} or {NUMBER_PREFIX}{shown.member.number}"
        )
    found = shown.member if shown is not None else by_number
    if found is None:
        raise CommandFailed(
            f"there is no customer {text}: give a number, an e-mail address, a fob or a QR code"
        )
    return found


def _instead(slugs: list[str]) -> str:
    if not slugs:
        return "it has none yet, and 'regulars locations add' makes one"
    more = f" and {len(slugs) - SHOWN_MAX} more" if len(slugs) > SHOWN_MAX else ""
    return f"choose one of {', '.join(slugs[:SHOWN_MAX])}{more}"
