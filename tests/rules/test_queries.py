"""Query strings: what they are read as, and what is refused."""

from typing import Annotated, Literal

import pytest
from msgspec import Meta, Struct

from regulars.http.failures import Problem, QueryRefused
from regulars.http.queries import decode_query


class Filter(Struct, frozen=True, rename={"user_id": "userId"}):
    user_id: str
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    active: bool | None = None
    status: Literal["pending", "all"] = "pending"
    search: str | None = None


GOOD = {
    "defaults": (b"userId=leo", Filter("leo")),
    "all of them": (
        b"userId=leo&limit=7&active=true&status=all&search=a%20b",
        Filter("leo", 7, True, "all", "a b"),
    ),
    "a plus is a space": (b"userId=leo+m", Filter("leo m")),
    "UTF-8": (b"userId=l%C3%A9o", Filter("léo")),
    "broken UTF-8": (b"userId=l%FFo", Filter("l\ufffdo")),
    "bytes that should have been escaped": (b"userId=l\xffo", Filter("l\ufffdo")),
    "the first of two": (b"userId=leo&limit=7&limit=9", Filter("leo", 7)),
    "blank is absent": (b"userId=leo&limit=&search=", Filter("leo")),
    "names nobody declared": (b"userId=leo&x=1&y", Filter("leo")),
    "a number as text": (b"userId=7&search=8", Filter("7", search="8")),
}


@pytest.mark.parametrize(("raw", "expected"), GOOD.values(), ids=GOOD)
def test_a_query_is_read(raw: bytes, expected: Filter) -> None:
    assert decode_query(raw, Filter) == expected


REFUSED = {
    "nothing": (b"", ("userId", Problem.MISSING)),
    "blank where required": (b"userId=", ("userId", Problem.MISSING)),
    "not a number": (b"userId=leo&limit=many", ("limit", Problem.WRONG_TYPE)),
    "out of range": (b"userId=leo&limit=501", ("limit", Problem.WRONG_TYPE)),
    "100,000 digits": (b"userId=leo&limit=" + b"9" * 100_000, ("limit", Problem.WRONG_TYPE)),
    "none of the choices": (b"userId=leo&status=gone", ("status", Problem.WRONG_TYPE)),
    "neither true nor false": (b"userId=leo&active=maybe", ("active", Problem.WRONG_TYPE)),
    "the first declared": (b"status=gone&limit=many&userId=leo", ("limit", Problem.WRONG_TYPE)),
    "NUL": (b"userId=l%00o", ("userId", Problem.WRONG_TYPE)),
    "too many parameters": (b"&".join([b"userId=leo"] * 101), (None, Problem.TOO_LARGE)),
}


@pytest.mark.parametrize(("raw", "expected"), REFUSED.values(), ids=REFUSED)
def test_a_wrong_query_is_refused(raw: bytes, expected: tuple[str | None, Problem]) -> None:
    with pytest.raises(QueryRefused) as caught:
        decode_query(raw, Filter)
    assert (caught.value.field, caught.value.kind) == expected
