"""What the ledger talks about: accounts, commands, transfers, holds, and the outcome of a posting.

Amounts are integers in the asset's own unit (points, rewards, minor units of store credit).
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

AMOUNT_MAX = 2**53 - 1
"""The largest amount and the largest balance: every JSON reader holds it exactly."""

PENDING_HOLDS_MAX = 100
"""How many holds of one account may be pending at once."""

LIFETIME_TOTAL_MAX = 2**63 - 1
"""The largest sum of all credits or debits of one account that a bigint keeps."""

REDEMPTIONS_LOADED_MAX = 64
"""How many refundable redeems an account state carries, newest first."""


class Verb(StrEnum):
    """What a transfer does to its account."""

    EARN = "earn"
    REDEEM = "redeem"
    ADJUST = "adjust"
    REFUND = "refund"
    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    CLAWBACK = "clawback"


class SystemAccount(StrEnum):
    """The other side of a transfer. Named, not materialised, so that no row is hot."""

    ISSUANCE = "issuance"
    REDEMPTION = "redemption"
    ADJUSTMENT = "adjustment"
    CONVERSION = "conversion"
    RESERVATION = "reservation"


class HoldStatus(StrEnum):
    """Where a hold stands; every status but pending is terminal."""

    PENDING = "pending"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


class RefusalCode(StrEnum):
    """Why a command changed nothing."""

    ACCOUNT_CLOSED = "account_closed"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    BALANCE_LIMIT = "balance_limit"
    TOO_MANY_HOLDS = "too_many_holds"
    HOLD_NOT_PENDING = "hold_not_pending"
    CAPTURE_EXCEEDS_HOLD = "capture_exceeds_hold"
    REDEEM_NOT_FOUND = "redeem_not_found"
    REDEEM_OF_ANOTHER_ACCOUNT = "redeem_of_another_account"
    NOT_A_REDEEM = "not_a_redeem"
    REFUND_WINDOW_EXPIRED = "refund_window_expired"
    NOTHING_TO_REFUND = "nothing_to_refund"
    OVER_REFUND = "over_refund"
    IDEMPOTENCY_CONFLICT = "idempotency_conflict"


class AccountReference(msgspec.Struct, frozen=True):
    """Names an account by its owner, its asset and, where balances are kept apart, its location (0: none)."""

    member_id: UUID
    asset: str = "points"
    location_id: int = 0


class Claim(msgspec.Struct, frozen=True):
    """A key that may have one effect in the program: an idempotency key, a token, an external event.

    `scope` keeps the keys of different credentials and kinds apart. `fingerprint` is a digest of the
    request: the same key with another fingerprint is refused.
    """

    scope: str
    key: str
    fingerprint: bytes


class Attribution(msgspec.Struct, frozen=True):
    """Who asked for a transfer, through what, and why."""

    source: str
    actor: str | None = None
    reason: str | None = None
    note: str | None = None
    origin_id: UUID | None = None
    metadata: dict[str, Any] | None = None


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """What every command says: the account, what the history shows, and at most one claim."""

    account: AccountReference
    action: str
    attribution: Attribution
    claim: Claim | None = None


class Earn(Command, frozen=True, kw_only=True):
    """Credits `amount` (1 to AMOUNT_MAX)."""

    amount: int


class Redeem(Command, frozen=True, kw_only=True):
    """Debits `amount` from what is available."""

    amount: int


class Adjust(Command, frozen=True, kw_only=True):
    """Credits a positive `delta`, debits a negative one from what is available."""

    delta: int


class Convert(Command, frozen=True, kw_only=True):
    """One half of turning one asset into another: credits a positive `delta`, debits a negative one.

    Shown as an adjustment, against the account of conversions instead of that of adjustments.
    """

    delta: int


class TakeBack(Command, frozen=True, kw_only=True):
    """Debits `amount` as far as it is there. The rest is owed, and what becomes available later pays it."""

    amount: int


class Refund(Command, frozen=True, kw_only=True):
    """Gives back `amount` of an earlier redeem or capture, at most `window` after it (None: for ever)."""

    redeem_id: UUID
    amount: int
    window: timedelta | None = None


class Reserve(Command, frozen=True, kw_only=True):
    """Sets `amount` aside under a new hold. `subject` is what the hold is for, kept as it was then."""

    hold_id: UUID
    amount: int
    expires_at: datetime | None = None
    subject: dict[str, Any] | None = None


class Capture(Command, frozen=True, kw_only=True):
    """Debits `amount` (0 to what the hold reserves; None: all of it) and releases the rest."""

    hold_id: UUID
    amount: int | None = None


class Release(Command, frozen=True, kw_only=True):
    """Gives back all that a pending hold reserves."""

    hold_id: UUID


class Hold(msgspec.Struct, frozen=True):
    """A reservation. `captured` is what was debited when it ended, `note` what was said when it was made."""

    hold_id: UUID
    account_id: UUID
    amount: int
    status: HoldStatus
    captured: int | None
    expires_at: datetime | None
    subject: dict[str, Any] | None
    note: str | None
    created_at: datetime
    closed_at: datetime | None


class Redemption(msgspec.Struct, frozen=True):
    """A redeem or capture and how much of it was refunded."""

    transfer_id: UUID
    account_id: UUID
    redeemed: int
    refunded: int
    redeemed_at: datetime

    @property
    def remaining(self) -> int:
        """What may still be refunded."""
        return self.redeemed - self.refunded


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the ledger. `amount` is signed, seen from the member's account; 0 only informs."""

    transfer_id: UUID
    account_id: UUID
    version: int
    verb: Verb
    action: str
    amount: int
    balance_after: int
    counterparty: SystemAccount
    parent_id: UUID | None = None
    hold_id: UUID | None = None
    source: str
    actor: str | None = None
    reason: str | None = None
    note: str | None = None
    origin_id: UUID | None = None
    metadata: dict[str, Any] | None = None
    idempotency_key: str | None = None
    created_at: datetime


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """An account and all that decisions and positions need of it.

    `held` counts every hold in `holds` (the pending ones, oldest first), expired or not; `settle` in
    rules.py takes the expired ones out. `redemptions` are the newest that still have something to refund.
    `owed` is what was to be taken back and could not be yet.
    """

    account_id: UUID
    reference: AccountReference
    balance: int = 0
    held: int = 0
    version: int = 0
    credited: int = 0
    debited: int = 0
    owed: int = 0
    closed: bool = False
    exists: bool = False
    updated_at: datetime | None = None
    holds: tuple[Hold, ...] = ()
    newest_hold_id: UUID | None = None
    newest_hold_status: HoldStatus | None = None
    redemptions: tuple[Redemption, ...] = ()

    @property
    def available(self) -> int:
        """What a redeem or a new hold could take."""
        return max(0, self.unreserved - self.owed)

    @property
    def unreserved(self) -> int:
        """What no hold reserves; whatever is owed is taken from it first."""
        return self.balance - self.held


class Refusal(msgspec.Struct, frozen=True):
    """Why a command was declined, with what the caller may want to show."""

    code: RefusalCode
    details: dict[str, Any] = {}


class Posted(msgspec.Struct, frozen=True):
    """A command took effect. `replayed`: earlier, under the same claim; `account` is today's state."""

    transfer: Transfer
    account: AccountState
    hold: Hold | None = None
    redemption: Redemption | None = None
    replayed: bool = False


class Declined(msgspec.Struct, frozen=True):
    """A command changed nothing. `replayed`: it was declined earlier, under the same claim."""

    refusal: Refusal
    account: AccountState
    replayed: bool = False


Outcome = Posted | Declined
