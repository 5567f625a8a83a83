"""What the handlers of this contract need of a request: program, settings, caller, role, actor, origin."""

from datetime import datetime
from uuid import UUID

import msgspec

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.settings import KEYLESS, CryptoKidsSettings, settings_of
from regulars.features.access.model import Caller, Program
from regulars.features.ledger.actions import account_state
from regulars.features.ledger.model import AccountReference, AccountState
from regulars.features.members import actions as members
from regulars.features.members.model import Origin
from regulars.http.access import Access, keyless, needs
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.requests import HttpRequest, caller, client_address, header, services
from regulars.http.services import Services

ADMIN_SCOPE = "cryptokids:admin"
PARENT_SCOPE = "cryptokids:parent"
CHILD_SCOPE = "cryptokids:child"

ADMIN_ROLE: Access = needs(ADMIN_SCOPE, PARENT_SCOPE, role="admin")
"""The admin key, and the header X-Actor-Role says admin."""
ADMIN_KEY: Access = needs(ADMIN_SCOPE, PARENT_SCOPE)
"""The admin key or a parent's, whatever the role."""
CHILD: Access = keyless(KEYLESS.name, ADMIN_SCOPE, PARENT_SCOPE, CHILD_SCOPE)
"""What the child's page calls: without a key in development, else with a device token, its own data only."""

ACTOR_LENGTH_MAX = 100
ADDRESS_LENGTH_MAX = 64
USER_AGENT_LENGTH_MAX = 300


class Context(msgspec.Struct):
    """One request as the handlers see it.

    `raw` is the body. `member_id`, `handle` and `account` are filled in as they become known, so that a
    refusal can still say the member's balance and hints. A `member_id` that is `only_for_posting` says
    nothing until the ledger has taken it: the member may have been erased long ago.
    """

    request: HttpRequest
    services: Services
    program: Program
    settings: CryptoKidsSettings
    caller: Caller
    now: datetime
    raw: bytes = b""
    member_id: UUID | None = None
    only_for_posting: bool = False
    handle: str = ""
    account: AccountState | None = None
    origin: Origin | None = None

    @property
    def program_id(self) -> int:
        """The program that the request acts on."""
        return self.program.program_id

    @property
    def has_admin_key(self) -> bool:
        """Whether the caller showed an admin's or a parent's key."""
        return has_admin_key(self.caller)


async def open_context(request: HttpRequest) -> Context:
    """The context of an authenticated request. Raises DatabaseUnavailable."""
    shared = services(request)
    who = caller(request)
    program = shared.programs.cached(who.program_id) or await shared.programs.get(who.program_id)
    if program is None:
        raise RequestRefused(FailureKind.CREDENTIAL_INVALID)
    return Context(request, shared, program, settings_of(program, shared.settings), who, shared.clock())


def has_admin_key(who: Caller) -> bool:
    """Whether a caller showed an admin's or a parent's key."""
    return ADMIN_SCOPE in who.scopes or PARENT_SCOPE in who.scopes


def role_of(request: HttpRequest, who: Caller) -> str | None:
    """The role a request is made in: "admin", "parent" or none.

    The header X-Actor-Role can only narrow what the key allows: a parent's key stays a parent's.
    """
    named = (header(request, "x-actor-role") or "").lower()
    if named == "admin" and ADMIN_SCOPE in who.scopes:
        return "admin"
    return "parent" if named in ("admin", "parent") and has_admin_key(who) else None


def require_role(context: Context, role: str) -> None:
    """Passes a request that is made in this role. Raises Refused("role_required")."""
    if role_of(context.request, context.caller) != role:
        raise Refused("role_required", required_role=role)


def actor_of(context: Context) -> str:
    """Who history says did it: the header X-Admin-Actor or the key's name; without an admin key, "child"."""
    if not context.has_admin_key:
        return "child"
    named = header(context.request, "x-admin-actor")
    return named[:ACTOR_LENGTH_MAX] if named is not None else context.caller.name


async def origin_of(context: Context) -> Origin:
    """Where the request came from, remembered for the day. Raises DatabaseUnavailable."""
    if context.origin is not None:
        return context.origin
    address = (client_address(context.request) or "")[:ADDRESS_LENGTH_MAX]
    user_agent = (header(context.request, "user-agent") or "")[:USER_AGENT_LENGTH_MAX]
    origin_id = await context.services.origins.origin_id(context.program_id, address, user_agent, context.now)
    context.origin = Origin(origin_id, context.now.date(), address, user_agent)
    return context.origin


async def find_member(context: Context, user_id: str | None) -> UUID:
    """The id of the member whom `user_id` names, noted in the context.

    Raises Refused("invalid_user") for nobody, and for somebody else than the owner of a device token:
    others' ids answer like unknown ones.
    """
    member_id = await _look_up(context, user_id, for_posting=False)
    if member_id is None:
        raise Refused("invalid_user")
    context.member_id = member_id
    return member_id


async def find_member_for_posting(context: Context, user_id: str | None) -> UUID:
    """The same for `post` and nothing else, which finds out when the member was erased meanwhile."""
    member_id = await _look_up(context, user_id, for_posting=True)
    if member_id is None:
        raise Refused("invalid_user")
    context.member_id = member_id
    return member_id


async def find_or_enrol_member(context: Context, user_id: str | None) -> UUID:
    """For `post` too, but an unknown id becomes a member where the program has `cryptokids.enrol_on_earn`."""
    member_id = await _look_up(context, user_id, for_posting=True)
    if member_id is None:
        if not may_enrol(context) or not user_id:
            raise Refused("invalid_user")
        member_id = await _enrol(context, user_id.strip())
    context.member_id = member_id
    return member_id


def may_enrol(context: Context) -> bool:
    """Whether an earn that this caller asks for may make a member of an unknown id."""
    return context.settings.enrol_on_earn and context.caller.member_id is None


def reaches(who: Caller, member_id: UUID) -> bool:
    """Whether a caller may see this member's data: with a device token, only its owner's."""
    return who.member_id is None or who.member_id == member_id


async def load_account(context: Context, member_id: UUID) -> AccountState:
    """The member's account as it stands now. Raises DatabaseUnavailable."""
    async with context.services.database.connection() as connection:
        return await account_state(connection, context.program_id, AccountReference(member_id), context.now)


async def _look_up(context: Context, user_id: str | None, *, for_posting: bool) -> UUID | None:
    context.member_id, context.only_for_posting = None, for_posting
    if user_id is None:
        return None
    context.handle = handle = user_id.strip().lower()
    handles = context.services.handles
    cached = handles.cached_for_posting if for_posting else handles.cached
    member_id = cached(context.program_id, handle)
    # An old answer may be the member who had the handle before the owner of this device.
    if member_id is None or not reaches(context.caller, member_id):
        member_id = await handles.member_id(context.program_id, handle)
    if member_id is None or not reaches(context.caller, member_id):
        return None
    return member_id


async def _enrol(context: Context, user_id: str) -> UUID:
    try:
        async with context.services.database.transaction() as connection:
            member, _ = await members.enrol_or_find(
                connection, context.program_id, "handle", user_id, name=user_id, now=context.now
            )
    except Refused as refusal:
        raise Refused("invalid_user") from refusal
    return member.member_id
