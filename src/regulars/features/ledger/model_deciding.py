"""What the rules know besides a command and its account."""

from datetime import datetime
from uuid import UUID

import msgspec

from regulars.features.ledger.model import Redemption, Refusal, Transfer


class Stamp(msgspec.Struct, frozen=True):
    """The identity and the moment that a decision gives to its transfer."""

    transfer_id: UUID
    now: datetime


class Remembered(msgspec.Struct, frozen=True):
    """What a claim already led to: the digest of that request, and its transfer or its refusal."""

    fingerprint: bytes
    transfer: Transfer | None
    refusal: Refusal | None


class RefundTarget(msgspec.Struct, frozen=True):
    """The transfer that a refund names. `redemption` is None when it is not a redeem or capture."""

    account_id: UUID
    redemption: Redemption | None
