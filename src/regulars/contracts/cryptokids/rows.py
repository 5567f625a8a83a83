"""How the ledger's own values are spelled in this contract: rows, statuses, instants."""

from datetime import UTC, datetime, timedelta

from regulars.contracts.cryptokids.history_query import VERBS
from regulars.contracts.cryptokids.wire import HoldAnswer, LedgerRow
from regulars.features.ledger.model import Hold, HoldStatus, Transfer, Verb
from regulars.features.ledger.model_lists import HistoryRow, HoldRow
from regulars.features.members.model import Origin

VERB_NAMES: dict[Verb, str] = {verb: name for name, verb in VERBS.items()}

HOLD_STATUSES: dict[HoldStatus, str] = {
    HoldStatus.PENDING: "pending",
    HoldStatus.CAPTURED: "redeemed",
    HoldStatus.RELEASED: "canceled",
    HoldStatus.EXPIRED: "expired",
}
"""The contract's names of what the ledger calls captured and released."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(at: datetime) -> int:
    """The whole milliseconds since 1970, counted without floats."""
    return (at - _EPOCH) // _MILLISECOND


def ledger_row(row: HistoryRow, handle: str | None, origin: Origin | None) -> LedgerRow:
    """The row as history, receipts and `tx` show it. `handle` is the member's user id, None when erased."""
    return transfer_row(row.transfer, row.hold, handle, origin)


def transfer_row(
    transfer: Transfer, hold: Hold | None, handle: str | None, origin: Origin | None
) -> LedgerRow:
    """The same, from a transfer and the hold it belongs to."""
    verb = transfer.verb
    is_refund = verb is Verb.REFUND
    metadata = transfer.metadata
    subject = hold.subject if hold is not None else None
    return LedgerRow(
        transfer.transfer_id,
        milliseconds(transfer.created_at),
        handle,
        transfer.action,
        VERB_NAMES[verb],
        transfer.amount,
        transfer.balance_after,
        subject.get("itemId") if subject else None,
        transfer.hold_id,
        metadata.get("templates") if metadata else None,
        -transfer.amount if verb is Verb.CAPTURE else None,
        transfer.note,
        transfer.note,
        transfer.actor,
        origin.address or None if origin is not None else None,
        origin.user_agent or None if origin is not None else None,
        transfer.parent_id,
        transfer.reason if is_refund else None,
        transfer.note if is_refund else None,
        transfer.idempotency_key,
    )


def hold_answer(row: HoldRow, handle: str | None) -> HoldAnswer:
    """The hold as the list of holds shows it."""
    hold = row.hold
    subject = hold.subject or {}
    approved = hold.status is HoldStatus.CAPTURED and hold.closed_at is not None
    return HoldAnswer(
        id=str(hold.hold_id),
        userId=handle,
        status=HOLD_STATUSES[hold.status],
        itemId=subject.get("itemId"),
        itemName=subject.get("itemName"),
        itemImage=subject.get("itemImage"),
        quotedCost=hold.amount,
        finalCost=hold.captured,
        note=hold.note,
        createdAt=milliseconds(hold.created_at),
        approvedAt=milliseconds(hold.closed_at) if approved and hold.closed_at is not None else None,
    )
