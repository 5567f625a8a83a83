"""What the handlers know about a request before they begin: who calls, and what the contract's ids mean."""

import re
from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.settings import KEYLESS
from regulars.features.access.model import Caller, Program
from regulars.http.access import Access, keyless
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.requests import HttpRequest, caller, services
from regulars.http.services import Services

STORE_SCOPE = "rejoes:store"
STORE: Access = keyless(KEYLESS.name, STORE_SCOPE)
"""A store's key; nothing in development and where the program says so."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
_NOBODY = UUID(int=0)


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

    @property
    def scope(self) -> str:
        """Whose idempotency keys the request's is one of."""
        return f"rejoes:{self.caller.credential_id or 'keyless'}"


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


async def require_store(context: Context, store_location: str) -> None:
    """Passes the location's name or slug where the caller's key is for one location only.

    Raises Refused("other_store") and DatabaseUnavailable.
    """
    bound_to = context.caller.location_id
    if bound_to is None:
        return
    location = await context.services.locations.get(context.program_id, bound_to)
    assert location is not None, "locations are never deleted"
    named = store_location.strip().casefold()
    if not location.active or named not in (location.slug.casefold(), location.name.strip().casefold()):
        raise Refused("other_store")


def id_of(text: str) -> UUID:
    """The id that a request names; one that is nobody's for what can be none of ours."""
    text = text.strip()
    return UUID(text) if _UUID.fullmatch(text) else _NOBODY


def moment(at: datetime) -> str:
    """A moment as the contract writes it: UTC with milliseconds, such as 2026-02-17T10:00:00.000Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
