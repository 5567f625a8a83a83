"""Writes CSV that a spreadsheet shows as it is: no cell of it is ever run as a formula."""

import csv
import io
from collections.abc import Iterable
from uuid import UUID

import msgspec

Cell = str | int | UUID | list[object] | None

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def csv_lines(rows: Iterable[Iterable[Cell]]) -> bytes:
    """The rows as CSV in UTF-8 (RFC 4180: CRLF, quotes where needed).

    Integers stay numbers, negative ones too. A text that a spreadsheet would take for a formula gets an
    apostrophe in front (OWASP, CSV injection). Lists become JSON, what is missing an empty cell.
    """
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([_cell(value) for value in row] for row in rows)
    # Half of a surrogate pair cannot be written in UTF-8; nothing should have stored one.
    return buffer.getvalue().encode("utf-8", "replace")


def _cell(value: Cell) -> str | int:
    if value is None:
        return ""
    if isinstance(value, int):
        return value
    if isinstance(value, UUID):
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return "'" + text if text.startswith(_STARTS_A_FORMULA) else text
