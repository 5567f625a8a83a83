"""What one statement of a flush finds and those after it go on with, without a round trip in between.

The first one leaves it in a setting of its transaction, as a column of what it selects:

    set_config('regulars.member_id', m.member_id::text, true)

A flush without `begin` is a transaction by itself, so whoever has the connection next finds nothing of it.
Where the first statement found no row the setting is empty, and those after it find no row either.
"""

from typing import LiteralString

from regulars.db.pipeline import Statement


def statement_after(text: LiteralString, name: LiteralString, kind: LiteralString) -> Statement:
    """The statement with what was left under `name`, a `kind`, in the place of its parameter of that name."""
    found: LiteralString = f"nullif(current_setting('regulars.{name}', true), '')::{kind}"
    return Statement(text.replace(f"%({name})s", found))
