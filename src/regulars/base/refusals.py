"""How a feature says no."""

from typing import Any


class Refused(Exception):
    """A request that the rules do not allow.

    `code` names the reason in the feature's own words; `details` carries what a caller may be
    told about it. Each contract maps codes to its published errors in one table, so neither
    holds a status code or a sentence meant for a person.
    """

    def __init__(self, code: str, **details: Any) -> None:
        # Details may hold what a person typed, and the text of an exception ends up in logs.
        super().__init__(code)
        self.code = code
        self.details: dict[str, Any] = details
