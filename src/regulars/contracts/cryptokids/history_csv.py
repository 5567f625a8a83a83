"""History as a file: CSV that is sent while it is being read, whatever its length."""

from collections.abc import AsyncIterator, Sequence

from litestar.response import Stream

from regulars.contracts.cryptokids.context import Context
from regulars.contracts.cryptokids.history_rows import read_pages
from regulars.contracts.cryptokids.spreadsheet import csv_lines
from regulars.contracts.cryptokids.wire import LedgerRow
from regulars.features.ledger.model_lists import HistoryFilter

COLUMNS = LedgerRow.__struct_fields__
_PRIVATE = {"ip", "ua"}


async def csv_answer(
    context: Context, wanted: HistoryFilter | None, file_name: str, *, row_count: int | None = None
) -> Stream:
    """The rows that `wanted` asks for (None: none) as an attachment with a header row.

    Where the parent called from is no business of the child's: without an admin key those two cells
    stay empty. The first page is read before the answer begins, so that what fails at once can be said.
    """
    shown = COLUMNS if context.has_admin_key else tuple(name for name in COLUMNS if name not in _PRIVATE)
    pages = read_pages(context, wanted, row_count) if wanted is not None else _no_pages()
    first: list[LedgerRow] = await anext(pages, [])
    return Stream(
        _chunks(first, pages, frozenset(shown)),
        media_type="text/csv",
        headers={
            "content-disposition": f'attachment; filename="{_safe(file_name)}"',
            "cache-control": "no-store",
        },
    )


async def _chunks(
    first: Sequence[LedgerRow], pages: AsyncIterator[list[LedgerRow]], shown: frozenset[str]
) -> AsyncIterator[bytes]:
    yield csv_lines([COLUMNS]) + _lines(first, shown)
    async for page in pages:
        yield _lines(page, shown)


def _lines(rows: Sequence[LedgerRow], shown: frozenset[str]) -> bytes:
    return csv_lines([getattr(row, name) if name in shown else None for name in COLUMNS] for row in rows)


async def _no_pages() -> AsyncIterator[list[LedgerRow]]:
    return
    yield


def _safe(file_name: str) -> str:
    """The name without what could end the header, the quotes or the folder."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in file_name)
