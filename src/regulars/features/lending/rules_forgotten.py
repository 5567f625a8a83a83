"""Customers whom the shop had forgotten: what is kept of them, and what it keeps out. Pure.

News may be older than the erasure that they arrive after. Of whoever was forgotten a keyed digest is kept: it
recognises the shop's number of the customer when that comes again, and tells it to nobody. Those numbers are
few enough to try them all, but not without the server's secret key.
"""

import hmac
from datetime import datetime

from regulars.features.lending.model import BorrowerStatus, Subscription

SECRET_LENGTH_MIN = 16
_KEY_LABEL = b"regulars/lending/forgotten customer/1"


class CustomerKey:
    """What customers are recognised by on one server, or on all that share its secret key."""

    def __init__(self, secret_key: str) -> None:
        secret = secret_key.encode()
        assert len(secret) >= SECRET_LENGTH_MIN, "the secret key is too short to make digests with"
        self._key = hmac.digest(secret, _KEY_LABEL, "sha256")

    def digest(self, program_id: int, shopify_customer_id: str) -> bytes:
        """The 32 bytes that stand for the customer in this program."""
        return hmac.digest(self._key, f"{program_id}/{shopify_customer_id.strip()}".encode(), "sha256")


def is_of_before(told: Subscription, forgotten_at: datetime, *, is_known: bool) -> bool:
    """Whether the news is of what was before the customer was forgotten, and is to change nothing.

    A cycle that began later is a new purchase. News that name none belong to whoever has signed up anew since
    (`is_known`), and to nobody else; and nobody becomes a member by ending a subscription.
    """
    if told.cycle_starts_at is not None and told.cycle_starts_at <= forgotten_at:
        return True
    begins = told.cycle_starts_at is not None and told.status is not BorrowerStatus.CANCELLED
    return not is_known and not begins
