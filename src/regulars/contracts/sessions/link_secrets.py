"""Whose links are signed with what, and so which programs a link may be for: it names none.

A program's own secret is its setting `sessions.membership_link_signing_secret`; the server's holds for
programs that have not set one. Without any, links are open in development and refused in production.
"""

from datetime import datetime

from regulars.contracts.sessions.links import Link, LinkRefused, require_signature
from regulars.contracts.sessions.settings import LINK_SIGNING_SECRET
from regulars.features.access.actions import list_programs
from regulars.features.access.model import Program
from regulars.http.services import Services


async def programs_of(shared: Services, link: Link, now: datetime) -> list[Program]:
    """The programs that a link may be for. Raises LinkRefused and DatabaseUnavailable."""
    async with shared.database.connection() as connection:
        programs = await list_programs(connection)
    by_secret: dict[str | None, list[Program]] = {}
    for program in programs:
        by_secret.setdefault(_secret_of(shared, program), []).append(program)
    unsigned = by_secret.pop(None, [])
    is_open = shared.settings.mode == "development" and bool(unsigned)
    if is_open and (not by_secret or (link.ts is None and link.sig is None)):
        return unsigned
    if not by_secret:
        raise LinkRefused(401, "Links are not in use here.")
    return by_secret[require_signature(link, [secret for secret in by_secret if secret is not None], now)]


def _secret_of(shared: Services, program: Program) -> str | None:
    """What the program's links are signed with, None without a secret.

    A setting that is empty, no text or cannot be opened is a mistake and opens nothing: an empty secret signs
    no link.
    """
    stored = shared.setting_seal.opened(program)
    return LINK_SIGNING_SECRET.read_from(stored, shared.settings.membership_link_signing_secret)
