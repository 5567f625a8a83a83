"""CSV cells: formulas are made inert, numbers stay numbers, everything else comes back as it went in."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.contracts.cryptokids.spreadsheet import Cell, csv_lines


def read_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", b"'=1+1"),
        ("+44 7700", b"'+44 7700"),
        ("-5", b"'-5"),
        ("@SUM(A1)", b"'@SUM(A1)"),
        ("\t=1", b"'\t=1"),
        ("\r=1", b'"\'\r=1"'),
        ("\n=1", b'"\'\n=1"'),
        ("\uff1d1+1", "'\uff1d1+1".encode()),
        ('=HYPERLINK("http://x","y")', b'"\'=HYPERLINK(""http://x"",""y"")"'),
        (-5, b"-5"),
        (0, b"0"),
        (2**53 - 1, b"9007199254740991"),
        (None, b""),
        ("", b""),
        ("tidied, twice", b'"tidied, twice"'),
        ("1-2=3", b"1-2=3"),
        ([{"id": 1, "title": "=x"}], b'"[{""id"":1,""title"":""=x""}]"'),
    ],
)
def test_a_cell_is_written_inert(cell: Cell, written: bytes) -> None:
    assert csv_lines([["a", cell]]) == b"a," + written + b"\r\n"


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4)))
def test_texts_come_back_and_none_starts_a_formula(rows: list[list[str]]) -> None:
    back = read_back(csv_lines(rows))
    assert [[cell.removeprefix("'") for cell in row] for row in back] == [
        [cell.removeprefix("'") for cell in row] for row in rows
    ]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in back for cell in row)
