"""Links to buy a membership that only the shop can make: `customer_id:venue_id:ts` under its secret."""

import hmac
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

from msgspec import Struct

from regulars.contracts.sessions.context import uuid_or_none
from regulars.http.queries import PARAMETERS_MAX

TOLERANCE = timedelta(minutes=10)
"""How far the time of a link may lie in the past or in the future."""

_TIMESTAMP = re.compile(r"[0-9]{13}", re.ASCII)
_SIGNATURE = re.compile(r"[0-9a-f]{64}", re.ASCII)
_VENUE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)
_NAMES = ("customer_id", "venue_id", "ts", "sig", "return_url")


class LinkRefused(Exception):
    """A link that is not followed: its status, and a sentence for whoever opened it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class Link(Struct, frozen=True):
    """The parameters of a link, each of them there once at most."""

    customer_id: str
    venue_id: str
    ts: str | None = None
    sig: str | None = None
    return_url: str | None = None


def read_link(query_string: bytes) -> Link:
    """The link as it was sent. What a signature would be about is there, and in its only spelling.

    Raises LinkRefused (400).
    """
    values = _parameters(query_string)
    missing = [name for name in ("customer_id", "venue_id") if not values.get(name)]
    if missing:
        raise LinkRefused(400, f"{' and '.join(missing)} required.")
    # Neither can hold the colon that stands between them in what is signed.
    if uuid_or_none(values["customer_id"]) is None or not _VENUE.fullmatch(values["venue_id"]):
        raise LinkRefused(400, "This link is not valid.")
    return Link(**{name: values[name] for name in _NAMES if values.get(name)})


def require_signature(link: Link, secrets: Collection[str], now: datetime) -> str:
    """The one of these secrets that signed the link, within ten minutes of now. An empty one signs nothing.

    Raises LinkRefused: 400 where `ts` or `sig` is missing or malformed, 401 where they are wrong.
    """
    if link.ts is None or link.sig is None:
        raise LinkRefused(400, "ts and sig required.")
    if not _TIMESTAMP.fullmatch(link.ts) or not _SIGNATURE.fullmatch(link.sig):
        raise LinkRefused(400, "This link is not valid.")
    signers = [secret for secret in secrets if secret and _is_signed(link, link.ts, link.sig, secret)]
    if not signers:
        raise LinkRefused(401, "This link is not valid.")
    if abs(milliseconds(now) - int(link.ts)) > TOLERANCE // timedelta(milliseconds=1):
        raise LinkRefused(401, "This link has expired. Please ask for a new one.")
    return signers[0]


def signature_of(customer_id: str, venue_id: str, timestamp: str, secret: str) -> str:
    """What belongs behind `sig=`: HMAC-SHA-256 in small hexadecimal digits."""
    signed = f"{customer_id}:{venue_id}:{timestamp}".encode()
    return hmac.digest(secret.encode(), signed, "sha256").hex()


def milliseconds(at: datetime) -> int:
    """The time as links carry it."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _is_signed(link: Link, timestamp: str, signature: str, secret: str) -> bool:
    expected = signature_of(link.customer_id, link.venue_id, timestamp, secret)
    return hmac.compare_digest(expected, signature)


def _parameters(query_string: bytes) -> Mapping[str, str]:
    try:
        pairs = parse_qsl(
            query_string.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=PARAMETERS_MAX,
            errors="strict",
        )
    except ValueError:
        raise LinkRefused(400, "This link is not valid.") from None
    names = [name for name, _ in pairs if name in _NAMES]
    # Of two values it is anybody's guess which one was signed and which one is meant.
    if len(names) != len(set(names)):
        raise LinkRefused(400, "This link is not valid.")
    return {name: value for name, value in pairs if name in _NAMES}
