"""Turns the veto of a unique or foreign key into a refusal, and leaves the caller's transaction usable."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg.errors import ForeignKeyViolation, UniqueViolation

from regulars.base.refusals import Refused
from regulars.db.database import Connection

_KIND_BY_KEY = {"member_handle_is_unique": "handle", "member_email_is_unique": "email"}
_HOME_KEY = "home_location_of_a_member"
# "Key (program_id, kind, value)=(1, rfid, …) already exists.", whatever language the server speaks.
_KIND_IN_DETAIL = re.compile(r"\)=\(\d+, ([a-z][a-z0-9_]*), ")


@asynccontextmanager
async def refusing_what_is_taken(connection: Connection) -> AsyncIterator[None]:
    """A savepoint; Refused("identifier_taken", kind=…) when a value in it is somebody else's.

    The value itself is not told: a refusal's details may be logged. Refused("location_not_found") for a
    home location that the program does not have.
    """
    try:
        async with connection.transaction():
            yield
    except UniqueViolation as error:
        kind = _taken_kind(error)
        if kind is None:
            raise
        raise Refused("identifier_taken", kind=kind) from None
    except ForeignKeyViolation as error:
        if error.diag.constraint_name != _HOME_KEY:
            raise
        raise Refused("location_not_found") from None


def _taken_kind(error: UniqueViolation) -> str | None:
    key = error.diag.constraint_name or ""
    if key == "identifier_value_is_unique":
        named = _KIND_IN_DETAIL.search(error.diag.message_detail or "")
        return named[1] if named else "unknown"
    return _KIND_BY_KEY.get(key)
