"""How the rows of a posting batch travel: a set as one JSON parameter, the fields of a single row as text."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec.structs import asdict

as_json = msgspec.json.Encoder().encode
"""Rows (a list of structs) as the parameter that `json_to_recordset` unpacks."""


def program(program_id: int) -> bytes:
    """The program's id as a parameter of a `Statement`."""
    return b"%d" % program_id


def as_text(row: msgspec.Struct) -> dict[str, bytes | None]:
    """One row's fields as the parameters of a `Statement`."""
    return {name: _text(value) for name, value in asdict(row).items()}


def _text(value: Any) -> bytes | None:
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, datetime):
        return value.isoformat().encode()
    if isinstance(value, UUID):
        return str(value).encode()
    return as_json(value)
