"""The signed tokens of this contract: what their `data` holds, and how they are made and read.

Beside what the structs below say, `data` holds `programId`: a token is signed by one program of the server,
and whoever opens a QR code without a credential has nothing else that says which.
"""

from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context
from regulars.contracts.cryptokids.settings import settings_of
from regulars.features.ledger.model import Hold
from regulars.features.rewards.model import Token, TokenType
from regulars.features.rewards.signing import is_signed, issue, token_key, unverified_data, verify
from regulars.http.requests import HttpRequest, header
from regulars.http.services import Services

SCAN_PATH = "/scan?t="
PROGRAM_ID_MAX = 2**31 - 1


class CountedId(msgspec.Struct, frozen=True):
    """How often one template was done."""

    id: int
    count: int


class EarnData(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a child says it has done. Without `memberId` the user id was not known yet."""

    userId: str
    templates: tuple[CountedId, ...]
    memberId: UUID | None = None
    note: str | None = None


class GiveData(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a child is given. Without `memberId` the user id was not known yet."""

    userId: str
    amount: int
    memberId: UUID | None = None
    note: str | None = None


class SpendData(msgspec.Struct, frozen=True):
    """The hold that the token approves, and all that the hold is for."""

    userId: str
    memberId: UUID
    holdId: UUID
    itemId: int | str | None
    cost: int


D = TypeVar("D", EarnData, GiveData, SpendData)


def make_token(context: Context, typ: TokenType, data: msgspec.Struct, jti: str) -> tuple[str, Token]:
    """A signed token that lives as long as the program's tokens do, from now on."""
    return issue(
        _key(context.services, context.program_id),
        typ,
        _bound(context, data),
        jti=jti,
        now=context.now,
        lifetime_seconds=context.settings.token_lifetime_seconds,
    )


def spend_token(context: Context, hold: Hold, member_id: UUID) -> str:
    """The one token that approves the hold, counted from when the hold was made: always the same text."""
    subject = hold.subject or {}
    data = SpendData(context.handle, member_id, hold.hold_id, subject.get("itemId"), hold.amount)
    text, _ = issue(
        _key(context.services, context.program_id),
        TokenType.SPEND,
        _bound(context, data),
        jti=str(hold.hold_id),
        now=hold.created_at,
        lifetime_seconds=context.settings.token_lifetime_seconds,
    )
    return text


def read_token(context: Context, text: str) -> Token:
    """What the token says. Raises Refused: BAD_TOKEN, BAD_SIGNATURE, EXPIRED."""
    return verify(_key(context.services, context.program_id), text, context.now)


def program_of(shared: Services, text: str) -> int | None:
    """The program that signed the token, expired or not; None for what no program of this server did."""
    program_id = unverified_data(text).get("programId")
    if type(program_id) is not int or not 0 < program_id <= PROGRAM_ID_MAX:
        return None
    return program_id if is_signed(_key(shared, program_id), text) else None


async def enter_program_of(context: Context, text: str) -> None:
    """Lets a caller without a credential act in the program that signed its token.

    A key or a device token says itself which program it belongs to, and acts in no other one. Raises
    Refused("unauthorized") where that program wants a credential.
    """
    if context.caller.credential_id is not None:
        return
    shared = context.services
    program_id = program_of(shared, text)
    if program_id is None or program_id == context.program_id:
        return
    program = await shared.programs.get(program_id)
    if program is None:
        return
    settings = settings_of(program, shared.settings)
    if shared.settings.mode != "development" and not settings.keyless:
        raise Refused("unauthorized")
    context.program, context.settings = program, settings
    context.caller = replace(context.caller, program_id=program_id)


def data_of(token: Token, kind: type[D]) -> D:
    """The token's data, typed. Raises Refused("BAD_TOKEN") for what an older release may have signed."""
    try:
        return msgspec.convert(token.data, kind)
    except msgspec.ValidationError as error:
        raise Refused("BAD_TOKEN") from error


def qr_text(context: Context, token: str) -> str:
    """The address of the token's page on this server."""
    return _base_url(context.request, context.services.settings.public_url) + SCAN_PATH + token


def _base_url(request: HttpRequest, public_url: str | None) -> str:
    """The server's address as set, or else as this request used it."""
    if public_url is not None:
        return public_url.rstrip("/")
    host = header(request, "host")
    return f"{request.scope['scheme']}://{host}" if host is not None else ""


def _bound(context: Context, data: msgspec.Struct) -> dict[str, Any]:
    return {**msgspec.to_builtins(data), "programId": context.program_id}


def _key(shared: Services, program_id: int) -> bytes:
    secret = shared.settings.secret_key
    assert secret is not None, "a running server has a secret key"
    return _token_key(str(secret), program_id)


@lru_cache(maxsize=1024)
def _token_key(secret: str, program_id: int) -> bytes:
    return token_key(secret.encode(), program_id)


def counted_pairs(templates: tuple[CountedId, ...]) -> list[tuple[int, int]]:
    """Ids and counts, as templates are priced."""
    return [(template.id, template.count) for template in templates]


def template_rows(templates: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Priced templates as history keeps them with their posting."""
    return [
        {
            "id": template.template_id,
            "title": template.title,
            "points": template.points,
            "count": template.count,
        }
        for template in templates
    ]
