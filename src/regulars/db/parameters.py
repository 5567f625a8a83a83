"""Values as the parameters of a `Statement`: text, which the statement casts where it is none."""

from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import asdict


def parameters(**values: Any) -> dict[str, bytes | None]:
    """Each value under its name; bytes are taken as they are."""
    return {name: _text(value) for name, value in values.items()}


def fields_of(row: msgspec.Struct) -> dict[str, bytes | None]:
    """Each field of a row under its name."""
    return parameters(**asdict(row))


def bytea(value: bytes) -> bytes:
    """Bytes as the text of a bytea."""
    return b"\\x" + value.hex().encode()


def _text(value: Any) -> bytes | None:
    if value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, datetime):
        return value.isoformat().encode()
    if isinstance(value, tuple):
        return msgspec.json.encode(value)
    return str(value).encode()
