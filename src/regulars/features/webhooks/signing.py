"""What an endpoint knows a webhook by: its body, and headers that are signed (Standard Webhooks 1.0)."""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from secrets import token_bytes
from uuid import UUID

import msgspec

SECRET_PREFIX = "whsec_"  # noqa: S105 (what every secret begins with)
SECRET_BYTES = 32


def new_secret() -> str:
    """What one endpoint verifies signatures with: `whsec_` and 32 random bytes in base64."""
    return SECRET_PREFIX + b64encode(token_bytes(SECRET_BYTES)).decode()


def body_of(event_type: str, occurred_at: datetime, data: str) -> bytes:
    """What is sent, the same at each attempt: `{"type", "timestamp", "data"}`. `data` is JSON."""
    timestamp = occurred_at.astimezone(UTC)
    return msgspec.json.encode(
        {"type": event_type, "timestamp": timestamp, "data": msgspec.Raw(data.encode())}
    )


def headers_of(event_id: UUID, sent_at: datetime, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """The headers of one attempt; while a secret is replaced, there is a signature by each that is valid."""
    timestamp = str(int(sent_at.timestamp()))
    signed = f"{event_id}.{timestamp}.".encode() + body
    return {
        "content-type": "application/json",
        "user-agent": "Regulars-Webhooks",
        "webhook-id": str(event_id),
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signature(secret, signed) for secret in secrets),
    }


def _signature(secret: str, signed: bytes) -> str:
    digest = hmac.digest(b64decode(secret.removeprefix(SECRET_PREFIX)), signed, "sha256")
    return f"v1,{b64encode(digest).decode()}"
