"""The tables that a benchmark prints: for the terminal, and as Markdown for docs/benchmarks.md."""

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from regulars.bench.measure import Measured


class Row(msgspec.Struct, frozen=True):
    """One measurement, and the yardstick's rate it is held against (None: it is a yardstick itself)."""

    what: str
    clients: int | None
    measured: Measured
    yardstick_rate: float | None = None


class Growth(msgspec.Struct, frozen=True):
    """How many times the figures of a small database a large one has."""

    what: str
    clients: int
    small: Measured
    large: Measured


HEADINGS = ("what", "clients", "per second", "p50 ms", "p99 ms", "ratio", "failures")


def cells(row: Row | Growth) -> tuple[str, ...]:
    """The row's figures as text, rounded to what they can mean."""
    return _measured_cells(row) if isinstance(row, Row) else _growth_cells(row)


def print_table(console: Console, title: str, rows: Sequence[Row | Growth]) -> None:
    """Shows the rows on the terminal."""
    table = Table(title=title)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)


def markdown(title: str, rows: Sequence[Row | Growth], notes: Sequence[str]) -> str:
    """The rows as a Markdown table under a heading, with the notes as a list below it."""
    lines = [
        f"## {title}",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---|" + "---:|" * (len(HEADINGS) - 1),
    ]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])


def _measured_cells(row: Row) -> tuple[str, ...]:
    measured = row.measured
    return (
        row.what,
        "" if row.clients is None else str(row.clients),
        f"{measured.rate:,.0f}",
        f"{measured.median_milliseconds:,.2f}",
        f"{measured.p99_milliseconds:,.2f}",
        "" if row.yardstick_rate is None else _ratio(measured.rate, row.yardstick_rate),
        str(measured.failures),
    )


def _growth_cells(row: Growth) -> tuple[str, ...]:
    small, large = row.small, row.large
    return (
        row.what,
        str(row.clients),
        f"× {_ratio(large.rate, small.rate)}",
        f"× {_ratio(large.median_milliseconds, small.median_milliseconds)}",
        f"× {_ratio(large.p99_milliseconds, small.p99_milliseconds)}",
        "",
        str(small.failures + large.failures),
    )


def _ratio(figure: float, yardstick: float) -> str:
    """The one in proportion to the other, which nothing is when not one request was answered in time."""
    return f"{figure / yardstick:.2f}" if yardstick else "?"
