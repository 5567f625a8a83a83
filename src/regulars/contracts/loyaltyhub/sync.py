"""All customers at once, or those who changed, for tills that go on when the network does not."""

from array import array
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import datetime

import msgspec
from litestar import get
from msgspec import UNSET

from regulars.contracts.loyaltyhub.context import TILL, Context, open_context
from regulars.contracts.loyaltyhub.descriptions import SYNC
from regulars.contracts.loyaltyhub.fobs import RFID
from regulars.contracts.loyaltyhub.success import success, without_the_word
from regulars.contracts.loyaltyhub.sync_query import Wanted, cursor_after, read_wanted
from regulars.contracts.loyaltyhub.wire import SyncAnswer, SyncCustomer, SyncQuery
from regulars.features.members import actions as members
from regulars.features.members.model_listing import Form, ListedMember, Listing
from regulars.http.answers import Answer
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest
from regulars.http.streams import STREAM_SECONDS_MAX, StreamedAnswer, streamed_answer

QR = "qr"

FORM = Form(
    number="id",
    name="name",
    email="email",
    code="qr_code",
    code_kind=QR,
    staff="is_staff",
    home_location_id="home_hotel_id",
    updated_at="updated_at",
    time_pattern="YYYY-MM-DD HH24:MI:SS",
    identifiers="rfid_fobs",
    identifiers_kind=RFID,
    kind="identifier_type",
    value="identifier_value",
    label="label",
)
"""What makes a listed member a `SyncCustomer` without another look at each of a million."""

_encode = msgspec.json.Encoder().encode
_decode_customer = msgspec.json.Decoder(SyncCustomer).decode


@get("/wp-json/loyalty/v1/sync", opt={"access": TILL, "operation": SYNC})
async def sync(request: HttpRequest) -> Answer | StreamedAnswer:
    """Every customer who is wanted, or a page of them where a limit is set."""
    context = await open_context(request)
    wanted = read_wanted(read_query(request, SyncQuery))
    if wanted.limit is None:
        return await streamed_answer(_everyone(context, wanted))
    return success(await _page(context, wanted, wanted.limit))


async def _everyone(context: Context, wanted: Wanted) -> AsyncGenerator[bytes, None]:
    """The answer in pieces: the customers are gone when their number is known."""
    count, deleted = 0, array("i")
    async with context.services.database.connection() as connection:
        sync_time = await members.settled_at(connection, context.services.clock())
        separator = b'{"customers":['
        async with aclosing(
            members.list_many(
                connection, context.program_id, _listing(wanted), seconds_max=STREAM_SECONDS_MAX
            )
        ) as listed:
            async for some in listed:
                customers = _customers(some)
                deleted.extend(_deleted(some) if wanted.include_deleted else ())
                if customers:
                    count += len(customers)
                    yield separator + without_the_word(b",".join(customers))
                    separator = b","
    end = b'],"count":%d,"sync_time":%s' % (count, _encode(_in_utc(sync_time)))
    yield (separator if count == 0 else b"") + end
    yield (b',"deleted":%s}' % _encode(deleted.tolist())) if wanted.include_deleted else b"}"


async def _page(context: Context, wanted: Wanted, limit: int) -> SyncAnswer:
    """A page, and where the next one begins. All pages have the first one's time."""
    async with context.services.database.connection() as connection:
        sync_time = wanted.sync_time or await members.settled_at(connection, context.services.clock())
        listing = msgspec.structs.replace(_listing(wanted), limit=limit + 1)
        async with aclosing(
            members.list_many(connection, context.program_id, listing, seconds_max=STREAM_SECONDS_MAX)
        ) as listed:
            rows = [member async for some in listed for member in some]
    shown, goes_on = rows[:limit], len(rows) > limit
    customers = [_decode_customer(text) for text in _customers(shown)]
    return SyncAnswer(
        customers=customers,
        count=len(customers),
        sync_time=_in_utc(sync_time),
        deleted=_deleted(shown) if wanted.include_deleted else UNSET,
        next_cursor=cursor_after(wanted, shown[-1].number, sync_time) if goes_on else None,
    )


def _listing(wanted: Wanted) -> Listing:
    return Listing(
        form=FORM,
        changed_after=wanted.updated_since,
        after=wanted.after,
        with_inactive=wanted.include_deleted,
    )


def _customers(listed: list[ListedMember]) -> list[bytes]:
    return [member.text for member in listed if member.text]


def _deleted(listed: list[ListedMember]) -> list[int]:
    return [member.number for member in listed if not member.text]


def _in_utc(at: datetime) -> str:
    """As MySQL writes it, cut to the second: 2024-01-20 14:30:00."""
    assert not at.utcoffset(), "the database and the clock answer in UTC"
    return str(at)[:19]
