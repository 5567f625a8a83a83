"""What members' fields and identifiers may hold, each in one spelling. None means: not acceptable."""

import re
import unicodedata
from datetime import date, datetime, timedelta

HANDLE_LENGTH_MAX = 64
NAME_LENGTH_MAX = 200
EMAIL_LENGTH_MAX = 254
SEX_LENGTH_MAX = 32
LABEL_LENGTH_MAX = 100
IDENTIFIER_LENGTH_MAX = 200
SEARCH_LENGTH_MAX = 200
ADDRESS_LENGTH_MAX = 64
USER_AGENT_LENGTH_MAX = 300
YEARS_MAX = 150
LOCATION_ID_MAX = 2**31 - 1

_E164 = re.compile(r"\+[1-9][0-9]{1,14}", re.ASCII)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,31}", re.ASCII)
# Controls, halves of surrogate pairs, and the two characters that only separate lines or paragraphs.
_UNWRITABLE = {"Cc", "Cs", "Zl", "Zp"}


def clean_handle(raw: str) -> str | None:
    """The handle as it is stored and looked up: trimmed, in lower case.

    1 to 64 characters that can be seen; a space may stand between them. Nothing invisible, so that no
    two handles look the same without being the same to a careful reader's eye.
    """
    handle = raw.strip().lower()
    return handle if 1 <= len(handle) <= HANDLE_LENGTH_MAX and handle.isprintable() else None


def clean_text(raw: str, length_max: int) -> str | None:
    """A name or label as it is stored: trimmed, on one line, at most `length_max` characters, maybe none."""
    text = raw.strip()
    return text if len(text) <= length_max and _is_writable(text) else None


def clean_email(raw: str) -> str | None:
    """The address as it is stored: trimmed, case kept, because only its owner's server may judge case."""
    email = raw.strip()
    well_formed = _EMAIL.fullmatch(email) and len(email) <= EMAIL_LENGTH_MAX and _is_writable(email)
    return email if well_formed else None


def clean_phone(raw: str) -> str | None:
    """The number, if it is in E.164 form; contracts bring it there with their location's region."""
    return raw if _E164.fullmatch(raw) else None


def clean_identifier(kind: str, raw: str) -> str | None:
    """The value of an identifier as it is stored and looked up, by the kind's own rule."""
    if not _KIND.fullmatch(kind):
        return None
    if kind == "handle":
        return clean_handle(raw)
    if kind == "email":
        return clean_email(raw)
    if kind == "phone":
        return clean_phone(raw)
    return clean_text(raw, IDENTIFIER_LENGTH_MAX) or None


def is_birth_date(day: date, now: datetime) -> bool:
    """Whether somebody alive can have been born then; tomorrow is somewhere already today."""
    return now.date() - timedelta(days=366 * YEARS_MAX) < day <= now.date() + timedelta(days=1)


def search_pattern(text: str) -> str | None:
    """The pattern for `like` that finds `text` anywhere, its wildcards taken literally."""
    wanted = clean_text(text, SEARCH_LENGTH_MAX)
    if wanted is None:
        return None
    escaped = wanted.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def clean_origin(raw: str | None, length_max: int) -> str:
    """An address or user agent as it is stored: cut to `length_max`, without what cannot be written."""
    return "".join(c for c in (raw or "")[:length_max] if unicodedata.category(c) not in _UNWRITABLE)


def _is_writable(text: str) -> bool:
    return text.isprintable() or not any(unicodedata.category(c) in _UNWRITABLE for c in text)
