"""How the query of /sync is read, and what its cursor holds."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.wire import LIMIT_MAX, SyncQuery

# A plus that was not escaped arrives as a space.
_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)(Z|[+ -]\d{2}:?\d{2})?)?", re.ASCII
)

Moment = Annotated[datetime, Meta(tz=True)]


class Wanted(Struct, frozen=True):
    """Which customers to send. `limit` None is all at once; `sync_time` is known from the second page on."""

    updated_since: datetime | None
    include_deleted: bool
    limit: int | None = None
    after: int = 0
    sync_time: datetime | None = None


class _Place(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What a cursor holds: what was asked for at first, and how far it was answered."""

    after: Annotated[int, Meta(ge=0, lt=2**31)]
    updated_since: Moment | None
    include_deleted: bool
    sync_time: Moment


def read_wanted(query: SyncQuery) -> Wanted:
    """What a query asks for. Where there is a cursor, it knows all but the limit.

    Raises Refused: invalid_updated_since, invalid_cursor.
    """
    if query.cursor is None:
        since = None if query.updated_since is None else to_moment(query.updated_since)
        return Wanted(since, query.include_deleted or False, query.limit)
    place = _read_cursor(query.cursor)
    limit = LIMIT_MAX if query.limit is None else query.limit
    return Wanted(place.updated_since, place.include_deleted, limit, place.after, place.sync_time)


def to_moment(text: str) -> datetime:
    """The instant that a text of ISO 8601 names, in UTC, which is also what is meant without an offset.

    Raises Refused("invalid_updated_since").
    """
    found = _MOMENT.fullmatch(text.strip())
    if found is None:
        raise Refused("invalid_updated_since")
    day, time, offset = found.groups(default="")
    try:
        moment = datetime.fromisoformat(f"{day}T{time or '00:00'}{(offset or 'Z').replace(' ', '+')}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused("invalid_updated_since") from None


def cursor_after(wanted: Wanted, number: int, sync_time: datetime) -> str:
    """The cursor of the page that begins after this customer."""
    place = _Place(number, wanted.updated_since, wanted.include_deleted, sync_time)
    return urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _read_cursor(cursor: str) -> _Place:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        place = msgspec.json.decode(raw, type=_Place)
        return replace(place, sync_time=place.sync_time.astimezone(UTC))
    except (ValueError, OverflowError):
        raise Refused("invalid_cursor") from None
