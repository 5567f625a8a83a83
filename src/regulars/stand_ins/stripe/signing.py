"""How Stripe signs what it sends."""

import hmac
from hashlib import sha256


def signature(body: bytes, seconds: int, secret: str) -> str:
    """The header `Stripe-Signature` of a body. Source: Stripe's documentation, "Verify manually"."""
    digest = hmac.new(secret.encode(), b"%d.%b" % (seconds, body), sha256).hexdigest()
    return f"t={seconds},v1={digest}"
