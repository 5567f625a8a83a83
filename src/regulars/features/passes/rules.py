"""What decides about passes: tokens, tags, dates of the web, and when what failed is tried again. Pure."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from uuid import UUID

TOKEN_BYTES = 24
SERIAL_LENGTH = 36
DEVICE_LENGTH_MAX = 200
LOG_LINES_MAX = 20
LOG_LINE_LENGTH_MAX = 300
TAG_MAX = 2**63 - 1

DELAYS = (
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
"""How long after its first, second, … failure an update is tried again; the last is for all later ones."""

ATTEMPTS_MAX = 20
"""Two weeks after the first failure; then only the pass's next change gives an update another chance."""

RETRY_AFTER_MAX = timedelta(days=1)

_TOKEN = re.compile(r"[0-9a-f]{48}", re.ASCII)
_PUSH_TOKEN = re.compile(r"[0-9A-Fa-f]{1,200}", re.ASCII)
_TAG = re.compile(r"[0-9]{1,19}", re.ASCII)
_REVEALING = re.compile(r"[0-9A-Za-z+/=_-]{16,}")


def is_token(text: str) -> bool:
    """Whether a pass can have this token; others are not looked up."""
    return _TOKEN.fullmatch(text) is not None


def is_push_token(text: str) -> bool:
    """Whether the text can stand in the address of a push without meaning anything else there."""
    return _PUSH_TOKEN.fullmatch(text) is not None


def is_device(text: str) -> bool:
    """Whether a phone can be called so."""
    return 0 < len(text) <= DEVICE_LENGTH_MAX and text.isascii() and text.isprintable()


def to_serial(text: str) -> UUID | None:
    """The id of the pass with this serial number, in the one spelling that was ever given out."""
    try:
        serial = UUID(text)
    except ValueError:
        return None
    return serial if str(serial) == text else None


def to_tag(text: str | None) -> int | None:
    """The sequence that a phone was told last; None when it was told none, or none that we said."""
    if text is None or not _TAG.fullmatch(text):
        return None
    tag = int(text)
    return tag if tag <= TAG_MAX else None


def next_attempt(attempts: int, now: datetime, retry_seconds: float = 0.0) -> datetime | None:
    """When an update that failed `attempts` times is tried again; None for not by itself.

    `retry_seconds` is how long the other side asked to be left alone, a day at most.
    """
    if attempts >= ATTEMPTS_MAX:
        return None
    asked = min(timedelta(seconds=max(retry_seconds, 0.0)), RETRY_AFTER_MAX)
    return now + max(DELAYS[min(attempts, len(DELAYS)) - 1], asked)


def retry_after_seconds(header: str | None) -> float:
    """The seconds that a Retry-After header asks for; 0 without one, or when it names a date."""
    return float(header) if header is not None and re.fullmatch(r"[0-9]{1,6}", header, re.ASCII) else 0.0


def to_http_date(moment: datetime) -> str:
    """The moment as Last-Modified says it, to the second."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def is_modified(modified_at: datetime, if_modified_since: str | None) -> bool:
    """Whether a phone that has the pass of that date lacks the present one; true for what is no date."""
    if if_modified_since is None:
        return True
    try:
        known = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return True
    return modified_at > (known if known.tzinfo is not None else known.replace(tzinfo=UTC))


def presented_token(authorization: str | None) -> str | None:
    """The token of a header `Authorization: ApplePass <token>`."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "applepass" and token.strip() else None


def loggable(lines: list[str]) -> list[str]:
    """The first lines that a phone wants to be logged, cut, on one line each, without ids and tokens."""
    return [
        _REVEALING.sub("…", "".join(c if c.isprintable() else " " for c in line[:LOG_LINE_LENGTH_MAX]))
        for line in lines[:LOG_LINES_MAX]
    ]
