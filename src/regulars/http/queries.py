"""Reads query strings and forms into structs."""

from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from regulars.http.bodies import read_body
from regulars.http.failures import Problem, QueryRefused
from regulars.http.requests import HttpRequest
from regulars.http.verdicts import describe_fault

T = TypeVar("T", bound=msgspec.Struct)

PARAMETERS_MAX = 100
FORM_BYTES_MAX = 16 * 1024


def read_query(request: HttpRequest, kind: type[T]) -> T:
    """The query string as a `kind`: its fields are the parameters, numbers and true/false are converted.

    Of a parameter that is sent twice the first counts; one without a value counts as not sent; those
    that are not declared are ignored. Raises QueryRefused about the first declared field that is wrong.
    """
    return decode_query(request.scope["query_string"], kind)


async def read_form(request: HttpRequest, kind: type[T]) -> T:
    """The body, a form as browsers send it (`application/x-www-form-urlencoded`), as a `kind`.

    Otherwise like `read_query`. Raises BodyRefused for a body that is too large or too slow, too.
    """
    return decode_query(await read_body(request, limit_bytes=FORM_BYTES_MAX), kind)


def decode_query(raw: bytes, kind: type[T]) -> T:
    """The same for the bytes after the question mark."""
    try:
        pairs = parse_qsl(raw.decode("ascii", "replace"), max_num_fields=PARAMETERS_MAX) if raw else []
    except ValueError:
        raise QueryRefused(None, Problem.TOO_LARGE, detail="too many parameters") from None
    values = dict(reversed(pairs))
    for field in _fields(kind):
        if "\0" in values.get(field.encode_name, ""):
            detail = f"{field.encode_name}: text with a NUL character"
            raise QueryRefused(field.encode_name, Problem.WRONG_TYPE, detail=detail)
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _fault(values, kind, error) from None


def _fault(values: dict[str, str], kind: type[msgspec.Struct], error: Exception) -> QueryRefused:
    for field in _fields(kind):
        name = field.encode_name
        if name not in values:
            if field.required:
                return QueryRefused(name, Problem.MISSING, detail=f"{name}: missing")
            continue
        try:
            msgspec.convert(values[name], field.type, strict=False)
        except msgspec.ValidationError as fault:
            return QueryRefused(name, Problem.WRONG_TYPE, detail=describe_fault(name, str(fault)))
    return QueryRefused(None, Problem.WRONG_TYPE, detail=describe_fault("", str(error)))


@lru_cache(maxsize=1024)
def _fields(kind: type[msgspec.Struct]) -> tuple[Any, ...]:
    return msgspec.structs.fields(kind)
