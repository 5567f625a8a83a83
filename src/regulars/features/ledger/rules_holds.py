"""Holds: what is set aside, what is captured of it, and what lapses by itself.

Pure decisions. A hold past `expires_at` reserves nothing from that instant, swept or not.
"""

from datetime import datetime

from msgspec.structs import replace

from regulars.features.ledger.booking import book, declined, moment, with_account
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    PENDING_HOLDS_MAX,
    AccountState,
    Attribution,
    Capture,
    Command,
    Hold,
    HoldStatus,
    Outcome,
    Posted,
    RefusalCode,
    Release,
    Reserve,
    SystemAccount,
    Verb,
)
from regulars.features.ledger.model_deciding import Stamp

EXPIRY_ATTRIBUTION = Attribution(source="ledger", actor="system")


def is_expired(hold: Hold, now: datetime) -> bool:
    """Whether a pending hold has lapsed by `now`."""
    return hold.expires_at is not None and hold.expires_at <= now


def settle(account: AccountState, now: datetime) -> AccountState:
    """The account without what its lapsed holds reserve, for reading: nothing is written."""
    lapsed = [hold for hold in account.holds if is_expired(hold, now)]
    for hold in lapsed:
        account = _without(account, hold, HoldStatus.EXPIRED)
    return account


def expire(account: AccountState, hold: Hold, stamp: Stamp) -> Posted:
    """The posting that ends one lapsed hold."""
    command = Command(
        account=account.reference,
        action="hold_expired",
        attribution=EXPIRY_ATTRIBUTION,
        claim=None,
    )
    return _close(command, account, hold, stamp, Verb.EXPIRE, HoldStatus.EXPIRED, captured=None)


def change_hold(command: Reserve | Capture | Release, account: AccountState, stamp: Stamp) -> Outcome:
    """The outcome of a command that makes or ends a hold."""
    match command:
        case Reserve():
            return reserve(command, account, stamp)
        case Capture():
            return capture(command, account, stamp)
        case Release():
            return release(command, account, stamp)


def reserve(command: Reserve, account: AccountState, stamp: Stamp) -> Outcome:
    """A new pending hold, or `too_many_holds`, or `insufficient_funds`."""
    assert 0 <= command.amount <= AMOUNT_MAX
    if len(account.holds) >= PENDING_HOLDS_MAX:
        return declined(account, RefusalCode.TOO_MANY_HOLDS, pending_max=PENDING_HOLDS_MAX)
    if command.amount > account.available:
        return declined(
            account,
            RefusalCode.INSUFFICIENT_FUNDS,
            amount=command.amount,
            available=account.available,
        )
    posted = book(
        command,
        account,
        stamp,
        Verb.RESERVE,
        0,
        SystemAccount.RESERVATION,
        hold_id=command.hold_id,
    )
    hold = Hold(
        hold_id=command.hold_id,
        account_id=account.account_id,
        amount=command.amount,
        status=HoldStatus.PENDING,
        captured=None,
        expires_at=command.expires_at,
        subject=command.subject,
        note=command.attribution.note,
        created_at=posted.transfer.created_at,
        closed_at=None,
    )
    noted = with_account(
        posted,
        held=account.held + command.amount,
        holds=(*account.holds, hold),
        newest_hold_id=hold.hold_id,
        newest_hold_status=HoldStatus.PENDING,
    )
    return replace(noted, hold=hold)


def capture(command: Capture, account: AccountState, stamp: Stamp) -> Outcome:
    """The debit of a pending hold; what it reserved beyond that is released in the same step."""
    hold = _pending(account, command)
    if hold is None:
        return declined(account, RefusalCode.HOLD_NOT_PENDING)
    captured = hold.amount if command.amount is None else command.amount
    assert captured >= 0
    if captured > hold.amount:
        return declined(account, RefusalCode.CAPTURE_EXCEEDS_HOLD, reserved=hold.amount)
    return _close(command, account, hold, stamp, Verb.CAPTURE, HoldStatus.CAPTURED, captured)


def release(command: Release, account: AccountState, stamp: Stamp) -> Outcome:
    """The end of a pending hold that debits nothing."""
    hold = _pending(account, command)
    if hold is None:
        return declined(account, RefusalCode.HOLD_NOT_PENDING)
    return _close(command, account, hold, stamp, Verb.RELEASE, HoldStatus.RELEASED, captured=None)


def _pending(account: AccountState, command: Capture | Release) -> Hold | None:
    return next((hold for hold in account.holds if hold.hold_id == command.hold_id), None)


def _close(
    command: Command,
    account: AccountState,
    hold: Hold,
    stamp: Stamp,
    verb: Verb,
    status: HoldStatus,
    captured: int | None,
) -> Posted:
    counterparty = SystemAccount.REDEMPTION if verb is Verb.CAPTURE else SystemAccount.RESERVATION
    freed = _without(account, hold, status)
    posted = book(
        command,
        freed,
        stamp,
        verb,
        -(captured or 0),
        counterparty,
        hold_id=hold.hold_id,
    )
    closed = replace(hold, status=status, captured=captured, closed_at=moment(account, stamp.now))
    return replace(posted, hold=closed)


def _without(account: AccountState, hold: Hold, status: HoldStatus) -> AccountState:
    newest = account.newest_hold_id == hold.hold_id
    return replace(
        account,
        held=account.held - hold.amount,
        holds=tuple(other for other in account.holds if other.hold_id != hold.hold_id),
        newest_hold_status=status if newest else account.newest_hold_status,
    )
