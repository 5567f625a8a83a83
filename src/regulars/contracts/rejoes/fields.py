"""Reads bodies: what is missing is one refusal, whatever it is and whatever else may be wrong."""

from functools import lru_cache
from typing import TypeVar

import msgspec

from regulars.base.refusals import Refused
from regulars.http.bodies import decode, read_body
from regulars.http.failures import BodyRefused, Problem
from regulars.http.requests import HttpRequest

T = TypeVar("T", bound=msgspec.Struct)

MISSING = "fields_missing"


async def read_fields(request: HttpRequest, kind: type[T]) -> T:
    """The body as a `kind`. Required text or lists that hold nothing count as missing, as null does.

    Raises Refused("fields_missing") and BodyRefused.
    """
    return parse_fields(await read_body(request), kind)


def parse_fields(raw: bytes, kind: type[T]) -> T:
    """The same for the bytes of a body."""
    try:
        value = decode(raw, kind)
    except BodyRefused as refusal:
        if refusal.kind is Problem.MISSING:
            raise Refused(MISSING) from None
        raise
    if any(_is_empty(getattr(value, name)) for name in _required(kind)):
        raise Refused(MISSING)
    return value


def filled(text: str | None) -> str | None:
    """A text that may be left out, without the space around it; None where it holds nothing."""
    return (text or "").strip() or None


def _is_empty(value: object) -> bool:
    return value == [] or (isinstance(value, str) and not value.strip())


@lru_cache(maxsize=64)
def _required(kind: type[msgspec.Struct]) -> tuple[str, ...]:
    return tuple(field.name for field in msgspec.structs.fields(kind) if field.required)
