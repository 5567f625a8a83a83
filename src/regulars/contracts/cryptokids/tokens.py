"""The signed tokens of this contract: what their `data` holds, and how they are made and read."""

from functools import lru_cache
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context
from regulars.features.ledger.model import Hold
from regulars.features.rewards.model import Token, TokenType
from regulars.features.rewards.signing import issue, token_key, verify
from regulars.http.requests import HttpRequest, header

SCAN_PATH = "/scan?t="


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
        _key(context),
        typ,
        msgspec.to_builtins(data),
        jti=jti,
        now=context.now,
        lifetime_seconds=context.settings.token_lifetime_seconds,
    )


def spend_token(context: Context, hold: Hold, member_id: UUID) -> str:
    """The one token that approves the hold, counted from when the hold was made: always the same text."""
    subject = hold.subject or {}
    data = SpendData(context.handle, member_id, hold.hold_id, subject.get("itemId"), hold.amount)
    text, _ = issue(
        _key(context),
        TokenType.SPEND,
        msgspec.to_builtins(data),
        jti=str(hold.hold_id),
        now=hold.created_at,
        lifetime_seconds=context.settings.token_lifetime_seconds,
    )
    return text


def read_token(context: Context, text: str) -> Token:
    """What the token says. Raises Refused: BAD_TOKEN, BAD_SIGNATURE, EXPIRED."""
    return verify(_key(context), text, context.now)


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


def _key(context: Context) -> bytes:
    secret = context.services.settings.secret_key
    assert secret is not None, "a running server has a secret key"
    return _token_key(str(secret), context.program_id)


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
