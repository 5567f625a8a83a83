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


HEADINGS = ("what", "clients", "per second", "p50 ms", "p99 ms", "ratio", "failures")


def cells(row: Row) -> tuple[str, ...]:
    """The row's figures as text, rounded to what they can mean."""
    measured = row.measured
    return (
        row.what,
        "" if row.clients is None else str(row.clients),
        f"{measured.rate:,.0f}",
        f"{measured.median_milliseconds:.2f}",
        f"{measured.p99_milliseconds:.2f}",
        "" if row.yardstick_rate is None else f"{measured.rate / row.yardstick_rate:.2f}",
        str(measured.failures),
    )


def print_table(console: Console, title: str, rows: Sequence[Row]) -> None:
    """Shows the rows on the terminal."""
    table = Table(title=title)
    for number, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="left" if number == 0 else "right")
    for row in rows:
        table.add_row(*cells(row))
    console.print(table)


def markdown(title: str, rows: Sequence[Row], notes: Sequence[str]) -> str:
    """The rows as a Markdown table under a heading, with the notes as a list below it."""
    lines = [
        f"## {title}",
        "",
        "| " + " | ".join(HEADINGS) + " |",
        "|---|" + "---:|" * (len(HEADINGS) - 1),
    ]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    return "\n".join([*lines, "", *(f"- {note}" for note in notes), ""])
