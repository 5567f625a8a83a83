"""Days as text."""

import re
from datetime import date

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def to_day(text: str) -> date | None:
    """The day that is written as YYYY-MM-DD and in no other form of ISO 8601, or None."""
    if not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
