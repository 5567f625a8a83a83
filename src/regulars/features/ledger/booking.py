"""How a decision is written down: the transfer, and the account as it stands after it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from regulars.features.ledger.model import (
    AccountState,
    Command,
    Declined,
    Outcome,
    Posted,
    Refusal,
    RefusalCode,
    SystemAccount,
    Transfer,
    Verb,
)
from regulars.features.ledger.model_deciding import Remembered, Stamp


def moment(account: AccountState, now: datetime) -> datetime:
    """The time of the account's next transfer: now, but never before its last one.

    Clocks of two machines differ; along one account, times follow the versions.
    """
    return now if account.updated_at is None or now > account.updated_at else account.updated_at


def book(
    command: Command,
    account: AccountState,
    stamp: Stamp,
    verb: Verb,
    amount: int,
    counterparty: SystemAccount,
    *,
    parent_id: UUID | None = None,
    hold_id: UUID | None = None,
) -> Posted:
    """The posting of one transfer of `amount` (signed, seen from the account) and the account after it."""
    created_at = moment(account, stamp.now)
    after = AccountState(
        account_id=account.account_id,
        reference=account.reference,
        balance=account.balance + amount,
        held=account.held,
        version=account.version + 1,
        credited=account.credited + amount if amount > 0 else account.credited,
        debited=account.debited - amount if amount < 0 else account.debited,
        owed=account.owed,
        closed=account.closed,
        exists=account.exists,
        updated_at=created_at,
        holds=account.holds,
        newest_hold_id=account.newest_hold_id,
        newest_hold_status=account.newest_hold_status,
        redemptions=account.redemptions,
    )
    transfer = transfer_to(
        after, command, stamp.transfer_id, verb, amount, counterparty, parent_id=parent_id, hold_id=hold_id
    )
    return Posted(transfer, after)


def transfer_to(
    after: AccountState,
    command: Command,
    transfer_id: UUID,
    verb: Verb,
    amount: int,
    counterparty: SystemAccount,
    *,
    parent_id: UUID | None = None,
    hold_id: UUID | None = None,
) -> Transfer:
    """The transfer that brought the account to where it is `after` it."""
    assert after.updated_at is not None
    attribution = command.attribution
    return Transfer(
        transfer_id=transfer_id,
        account_id=after.account_id,
        version=after.version,
        verb=verb,
        action=command.action,
        amount=amount,
        balance_after=after.balance,
        counterparty=counterparty,
        parent_id=parent_id,
        hold_id=hold_id,
        source=attribution.source,
        actor=attribution.actor,
        reason=attribution.reason,
        note=attribution.note,
        origin_id=attribution.origin_id,
        metadata=attribution.metadata,
        idempotency_key=command.claim.key if command.claim is not None else None,
        created_at=after.updated_at,
    )


def declined(account: AccountState, code: RefusalCode, **details: Any) -> Declined:
    """A refusal, beside the account that stays as it is."""
    return Declined(Refusal(code, details), account)


def recall(command: Command, account: AccountState, remembered: Remembered) -> Outcome:
    """What the claim led to the first time, beside the account as it stands today.

    The same key with another request is `idempotency_conflict`.
    """
    assert command.claim is not None
    if remembered.fingerprint != command.claim.fingerprint:
        return declined(account, RefusalCode.IDEMPOTENCY_CONFLICT)
    if remembered.transfer is not None:
        return Posted(remembered.transfer, account, replayed=True)
    assert remembered.refusal is not None
    return Declined(remembered.refusal, account, replayed=True)


def with_account(posted: Posted, **changes: Any) -> Posted:
    """The posting with fields of its account afterwards set to `changes`."""
    return replace(posted, account=replace(posted.account, **changes))
