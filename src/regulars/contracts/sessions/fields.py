"""Reads bodies: what is missing is named all at once, and before anything else that may be wrong."""

from functools import lru_cache
from typing import Any, TypeVar

import msgspec

from regulars.base.refusals import Refused
from regulars.http.bodies import decode, read_body
from regulars.http.failures import BodyRefused
from regulars.http.requests import HttpRequest

T = TypeVar("T", bound=msgspec.Struct)

FIELDS_REQUIRED = "fields_required"


async def read_fields(request: HttpRequest, kind: type[T]) -> T:
    """The body as a `kind`. Required text that holds nothing counts as missing, as null does.

    Raises Refused("fields_required") with the names of all that is missing, in the order of `kind`, and
    BodyRefused.
    """
    return parse_fields(await read_body(request), kind)


def parse_fields(raw: bytes, kind: type[T]) -> T:
    """The same for the bytes of a body."""
    try:
        value = decode(raw, kind)
    except BodyRefused as refusal:
        # One about a field: so the body is an object, and can be read as one.
        if refusal.field is not None:
            given = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"), type=dict[str, msgspec.Raw])
            require([wire for _, wire in _required(kind) if _is_blank(given.get(wire))])
        raise
    require([wire for name, wire in _required(kind) if _is_blank_text(getattr(value, name))])
    return value


def filled(text: str | None) -> str | None:
    """A text that may be left out, or None where it holds nothing."""
    return text if text is not None and text.strip() else None


def require(missing: list[str]) -> None:
    """Passes when nothing is missing. Raises Refused("fields_required")."""
    if missing:
        raise Refused(FIELDS_REQUIRED, fields=missing)


def _is_blank(raw: msgspec.Raw | None) -> bool:
    if raw is None:
        return True
    try:
        value = msgspec.json.decode(raw)
    except (ValueError, RecursionError):
        return False
    return value is None or _is_blank_text(value)


def _is_blank_text(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


@lru_cache(maxsize=64)
def _required(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """The fields that have to be there: their names here and on the wire."""
    return tuple((field.name, field.encode_name) for field in msgspec.structs.fields(kind) if field.required)
