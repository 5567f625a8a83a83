"""What the handlers know about a request before they begin: who calls, and for whom."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access.model import Caller, Program
from regulars.features.members import actions as members
from regulars.features.referrals import actions as referrals
from regulars.features.referrals.actions import SourceHashes
from regulars.features.referrals.model_settings import shop_url_of
from regulars.http.access import Access, needs
from regulars.http.addresses import base_url
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.requests import HttpRequest, caller, services
from regulars.http.services import Services

SHOPPER_SCOPE = "fittwin:shopper"
INTERNAL_SCOPE = "fittwin:internal"

SHOPPER: Access = needs(SHOPPER_SCOPE)
"""A token of the shop's issuer, which says who the shopper is."""
INTERNAL: Access = needs(INTERNAL_SCOPE)
"""The key of the shop's own server."""

SHOPPER_KIND = "shopper"
"""The kind of identifier under which members are known to the shop."""


class Context(Struct, frozen=True):
    """One request as the handlers see it."""

    services: Services
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
    def hashes(self) -> SourceHashes:
        """What makes keyed hashes of people, devices and addresses."""
        secret_key = self.services.settings.secret_key
        assert secret_key is not None, "the services were opened with one"
        return SourceHashes(secret_key, self.program_id)


async def open_context(request: HttpRequest) -> Context:
    """The context of an authenticated request. Raises DatabaseUnavailable."""
    shared, who = services(request), caller(request)
    program = await program_of(shared, who.program_id)
    if program is None:
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)
    return Context(shared, program)


async def program_of(shared: Services, program_id: int) -> Program | None:
    """The program, at most two seconds old, or None. Raises DatabaseUnavailable."""
    return shared.programs.cached(program_id) or await shared.programs.get(program_id)


def subject_of(request: HttpRequest) -> str:
    """The shop's id of the shopper who calls, in one spelling."""
    who: Caller = caller(request)
    if who.subject is None:
        # A key that somebody gave the shoppers' scope is about nobody.
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)
    return referrals.plain_id(who.subject)


async def owner_of(context: Context, connection: Connection, subject: str) -> UUID:
    """The member whom the shop knows so. Raises Refused("referral_not_found") for one who has no RID."""
    member = await members.find(connection, context.program_id, SHOPPER_KIND, subject)
    if member is None:
        raise Refused("referral_not_found")
    return member.member_id


def link_to(request: HttpRequest, program: Program, slug: str, rid: str) -> str:
    """The shop's page of a product, with the RID."""
    return f"{shop_url_of(program) or base_url(request)}/p/{slug}?rid={rid}"


def moment(at: datetime) -> str:
    """A moment as the contract writes it: UTC to the second, such as 2025-10-23T00:00:00Z."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
