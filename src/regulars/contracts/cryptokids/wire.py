"""What the ledger's endpoints answer. Fields have their names on the wire and the order they are sent in."""

from typing import Any
from uuid import UUID

import msgspec


class Features(msgspec.Struct, frozen=True):
    """What is switched on."""

    refunds: bool


class RefundableRedeem(msgspec.Struct, frozen=True):
    """A redeem with something left to refund. `at` is in milliseconds since 1970."""

    redeemTxId: str
    remaining: int
    redeemed: int
    at: int


class Hints(msgspec.Struct, frozen=True):
    """What the pages may offer next, worked out by the server."""

    balance: int
    can_redeem: bool
    max_redeem: int
    can_refund: bool
    max_refund: int
    max_redeem_for_reward: int
    hold_status: str
    pending_hold_count: int
    active_hold_id: str | None
    refundable_redeems: list[RefundableRedeem]
    refund_window_ms: int | None
    features: Features


class CountedTemplate(msgspec.Struct, frozen=True):
    """An earn template as it was when the points were given, and how many times it was done."""

    id: int
    title: str
    points: int
    count: int


class LedgerRow(msgspec.Struct, frozen=True):
    """A row of the ledger. `at` is in milliseconds since 1970; `userId` is null once the member is erased."""

    id: UUID
    at: int
    userId: str | None
    action: str
    verb: str
    delta: int
    balance_after: int
    itemId: int | str | None
    holdId: UUID | None
    templates: list[Any] | None
    finalCost: int | None
    note: str | None
    notes: str | None
    actor: str | None
    ip: str | None
    ua: str | None
    parent_tx_id: UUID | None
    refund_reason: str | None
    refund_notes: str | None
    idempotency_key: str | None


class VerbAnswer(msgspec.Struct, frozen=True):
    """What every ledger verb answers. `balance` and `hints` are of now, also when the posting is a replay."""

    ok: bool
    txId: UUID
    tx: LedgerRow
    balance: int
    hints: Hints
    verb: str
    action: str


class RefundAnswer(VerbAnswer, frozen=True):
    """A refund, and what may still be refunded of the same redeem."""

    refund: LedgerRow
    remaining_refundable: int


class ReserveAnswer(VerbAnswer, frozen=True):
    """A pending hold and the spend token that approves it. `qrText` is the address of the token's page."""

    holdId: str
    token: str
    qrText: str
    quotedCost: int


class ApproveAnswer(VerbAnswer, frozen=True):
    """A redeemed hold and what it cost in the end."""

    holdId: str
    finalCost: int


class CancelAnswer(VerbAnswer, frozen=True):
    """A canceled hold."""

    holdId: str


class ScanAnswer(VerbAnswer, frozen=True):
    """The points of an earn or give token."""

    userId: str
    amount: int
    note: str | None
    templates: list[CountedTemplate] | None
    tokenType: str


class QuickAnswer(VerbAnswer, frozen=True):
    """The points of one template."""

    userId: str
    amount: int
    templates: list[CountedTemplate]


class EarnTokenAnswer(msgspec.Struct, frozen=True):
    """A token for chores done. `expiresAt` is in seconds since 1970, `total` at the points of now."""

    token: str
    qrText: str
    expiresAt: int
    total: int


class GiveTokenAnswer(msgspec.Struct, frozen=True):
    """A token for a gift. `expiresAt` is in seconds since 1970."""

    token: str
    qrText: str
    expiresAt: int
    amount: int


class HoldAnswer(msgspec.Struct, frozen=True):
    """A hold in the list of holds. Times are in milliseconds since 1970."""

    id: str
    userId: str | None
    status: str
    itemId: int | str | None
    itemName: str | None
    itemImage: str | None
    quotedCost: int
    finalCost: int | None
    note: str | None
    createdAt: int
    approvedAt: int | None


class ErrorAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal. `balance` and `hints` are there whenever the user is known, the rest where it applies."""

    error: str
    balance: int | None = None
    hints: Hints | None = None
    field: str | None = None
    requiredRole: str | None = None
    retry_after_ms: int | None = None
    existing: LedgerRow | None = None
    remaining_refundable: int | None = None
    templateId: int | None = None
