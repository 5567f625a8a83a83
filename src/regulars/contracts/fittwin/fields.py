"""Reads bodies: what is null or blank counts as missing where it is required."""

from functools import lru_cache
from typing import TypeVar

import msgspec

from regulars.http.bodies import decode, read_body
from regulars.http.failures import BodyRefused, Problem
from regulars.http.requests import HttpRequest

T = TypeVar("T", bound=msgspec.Struct)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


async def read_fields(request: HttpRequest, kind: type[T], *, empty_is_object: bool = False) -> T:
    """The body as a `kind`. With `empty_is_object` no body at all counts as `{}`.

    Raises BodyRefused about the first field in the order of `kind` that is missing or wrong.
    """
    raw = await read_body(request)
    if empty_is_object and not raw.strip():
        raw = b"{}"
    try:
        value = decode(raw, kind)
    except BodyRefused as refusal:
        if refusal.field is not None and refusal.kind is Problem.WRONG_TYPE and _is_null(raw, refusal.field):
            raise _missing(refusal.field) from None
        raise
    for name, wire in _required_texts(kind):
        text = getattr(value, name)
        if isinstance(text, str) and not text.strip():
            raise _missing(wire)
    return value


def filled(text: str | None) -> str | None:
    """A text that may be left out, without the space around it; None where it holds nothing."""
    return (text or "").strip() or None


def wrong(field: str, detail: str = "") -> BodyRefused:
    """The refusal of a field whose value makes no sense."""
    return BodyRefused(field, Problem.WRONG_TYPE, detail=detail)


def _missing(field: str) -> BodyRefused:
    return BodyRefused(field, Problem.MISSING, detail=f"{field}: missing")


def _is_null(raw: bytes, field: str) -> bool:
    """Whether the field holds null. The body is an object, for it was refused about a field."""
    given = msgspec.json.decode(raw.removeprefix(_BYTE_ORDER_MARK), type=dict[str, msgspec.Raw])
    return field in given and bytes(given[field]).strip() == b"null"


@lru_cache(maxsize=64)
def _required_texts(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, field.encode_name) for field in msgspec.structs.fields(kind) if field.required)
