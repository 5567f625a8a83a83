"""Reads rows of the history with the user ids and origins that belong to them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from uuid import UUID

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context, find_member
from regulars.contracts.cryptokids.rows import ledger_row
from regulars.contracts.cryptokids.wire import LedgerRow
from regulars.db.database import Connection
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import Transfer
from regulars.features.ledger.model_lists import HistoryFilter, HistoryRow
from regulars.features.members import actions as members
from regulars.features.members.model import Origin

PAGE_ROWS = 500


async def member_named(context: Context, user_id: str) -> UUID | None:
    """The member of a user id; None for nobody, and for somebody else than the owner of a device token.

    Raises Refused("user_id_required") for a blank one.
    """
    if not user_id.strip():
        raise Refused("user_id_required")
    try:
        return await find_member(context, user_id)
    except Refused:
        return None


async def read_rows(connection: Connection, program_id: int, wanted: HistoryFilter) -> list[LedgerRow]:
    """The rows that the filter wants, newest first."""
    found = await ledger.list_history(connection, program_id, wanted)
    return await with_names(connection, program_id, found)


async def read_pages(
    context: Context, wanted: HistoryFilter, row_count: int | None
) -> AsyncIterator[list[LedgerRow]]:
    """All rows that the filter wants (at most `row_count`), a page at a time.

    No connection is held while a page is being sent: readers may be slow. Each page continues after the
    last transfer of the one before, so that it costs the same however deep it lies.
    """
    left = row_count
    offset, before = wanted.offset, wanted.before
    while left is None or left > 0:
        size = PAGE_ROWS if left is None else min(PAGE_ROWS, left)
        asked = replace(wanted, limit=size, offset=offset, before=before)
        async with context.services.database.connection() as connection:
            found = await ledger.list_history(connection, context.program_id, asked)
            page = await with_names(connection, context.program_id, found)
        yield page
        if len(found) < size:
            return
        offset, before = 0, found[-1].transfer.transfer_id
        left = None if left is None else left - len(found)


async def with_names(connection: Connection, program_id: int, rows: Sequence[HistoryRow]) -> list[LedgerRow]:
    """The rows as the contract shows them. Those of erased members have no user id."""
    handles = await members.handles_of(connection, program_id, {row.member_id for row in rows})
    origins = await origins_by_id(connection, program_id, (row.transfer for row in rows))
    return [ledger_row(row, handles.get(row.member_id), origins.get(row.transfer.origin_id)) for row in rows]


async def origins_by_id(
    connection: Connection, program_id: int, transfers: Iterable[Transfer]
) -> dict[UUID | None, Origin]:
    """Where the transfers came from, as far as it is still remembered."""
    ids = {transfer.origin_id for transfer in transfers if transfer.origin_id is not None}
    return dict((await members.origins_of(connection, program_id, ids)).items())
