"""What the handlers know about a request before they begin: who calls, and the venue that it is about."""

import re
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.features.access.model import Caller, Location, Program
from regulars.http.access import Access, needs
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.requests import HttpRequest, caller, services
from regulars.http.services import Services

KIOSK_SCOPE = "sessions:kiosk"
INTERNAL_SCOPE = "sessions:internal"
ADMIN_SCOPE = "sessions:admin"

KIOSK: Access = needs(KIOSK_SCOPE)
"""A kiosk's secret, or a token of the issuer that the program names."""
KIOSK_OR_INTERNAL: Access = needs(KIOSK_SCOPE, INTERNAL_SCOPE)
INTERNAL: Access = needs(INTERNAL_SCOPE)
"""The key of the shop's own server, and of its cron."""
ADMIN: Access = needs(ADMIN_SCOPE)

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


class Context(Struct, frozen=True):
    """One request as the handlers see it."""

    services: Services
    caller: Caller
    program: Program

    @property
    def program_id(self) -> int:
        """The program that the request acts on."""
        return self.program.program_id

    @property
    def now(self) -> datetime:
        """The time now; asked right before a transaction."""
        return self.services.clock()


async def open_context(request: HttpRequest) -> Context:
    """The context of an authenticated request. Raises DatabaseUnavailable."""
    shared, who = services(request), caller(request)
    program = await program_of(shared, who.program_id)
    if program is None:
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)
    return Context(shared, who, program)


async def program_of(shared: Services, program_id: int) -> Program | None:
    """The program, at most two seconds old, or None. Raises DatabaseUnavailable."""
    return shared.programs.cached(program_id) or await shared.programs.get(program_id)


async def venue_of(context: Context, venue_id: str) -> Location:
    """The venue that a request names.

    Raises Refused("venue_not_found") for one that is unknown, closed, of another program, or not the one
    that the caller's credential is bound to, and DatabaseUnavailable.
    """
    venue = await context.services.locations.get_by_slug(context.program_id, venue_id.strip())
    bound_to = context.caller.location_id
    if venue is None or not venue.active or bound_to not in (None, venue.location_id):
        raise Refused("venue_not_found")
    return venue


def customer_of(text: str) -> UUID:
    """The id that a request names. Raises Refused("customer_not_found") for what can be nobody's."""
    member_id = uuid_or_none(text.strip())
    if member_id is None:
        raise Refused("customer_not_found")
    return member_id


def uuid_or_none(text: str) -> UUID | None:
    """The UUID in its one usual spelling, in either case, or None."""
    return UUID(text) if _UUID.fullmatch(text) else None


def moment(at: datetime) -> str:
    """A moment as the contract writes it: UTC with milliseconds, such as 2026-02-17T10:00:00.000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
