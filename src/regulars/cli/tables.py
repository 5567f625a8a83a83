"""Tables on the output stream, and how figures look in them."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from regulars.base.money import minor_digits

_UNLIMITED = 10_000


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table. In a file or a pipe, each row is one line, however long."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows:
        # What people and tills sent is neither read as markup nor given to the terminal as commands.
        table.add_row(*(Text(_harmless(cell)) for cell in row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=_UNLIMITED)
    console.print(table)


def percent_text(value: Decimal) -> str:
    """A percentage without the zeros at its end: 7.5, 10."""
    return f"{value.normalize():f}"


def money_text(minor: int, currency: str) -> str:
    """An amount of minor units as people write it: 10.50 GBP, 1500 JPY."""
    digits = minor_digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f} {currency}"


def _harmless(text: str) -> str:
    return "".join(character if character.isprintable() or character == "\n" else "�" for character in text)
