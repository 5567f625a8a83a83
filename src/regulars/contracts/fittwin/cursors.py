"""Cursors: text that means something to this server only, and leads to the same place for ever."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode

from regulars.http.failures import Problem, QueryRefused

_NUMBER = re.compile(rb"before ([1-9][0-9]{0,17})")


def cursor_before(number: int) -> str:
    """The cursor of the events before this one."""
    return urlsafe_b64encode(b"before %d" % number).decode().rstrip("=")


def number_of(cursor: str | None) -> int | None:
    """The number that the events of the page are before; None where no cursor was sent.

    Raises QueryRefused for what is no cursor.
    """
    if cursor is None:
        return None
    try:
        found = _NUMBER.fullmatch(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except ValueError:
        found = None
    if found is None or cursor_before(int(found[1])) != cursor:
        raise QueryRefused("cursor", Problem.WRONG_TYPE, detail="cursor: not one of ours")
    return int(found[1])
