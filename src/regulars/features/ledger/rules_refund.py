"""Refunds: how much of an earlier redeem may still come back. Pure decisions.

The order of the guards is the one the CryptoKids notes publish ("the first that applies wins").
"""

from msgspec.structs import replace

from regulars.features.ledger.booking import book, declined, recall, with_account
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    LIFETIME_TOTAL_MAX,
    AccountState,
    Declined,
    Outcome,
    Redemption,
    Refund,
    RefusalCode,
    SystemAccount,
    Verb,
)
from regulars.features.ledger.model_deciding import RefundTarget, Remembered, Stamp


def refund(
    command: Refund,
    account: AccountState,
    remembered: Remembered | None,
    target: RefundTarget | None,
    stamp: Stamp,
) -> Outcome:
    """The credit of a refund, or the first refusal that applies."""
    found = refundable(command, account, target, stamp)
    if isinstance(found, Declined):
        return found
    if remembered is not None:
        return recall(command, account, remembered)
    if account.closed:
        return declined(account, RefusalCode.ACCOUNT_CLOSED)
    if found.remaining == 0:
        return declined(account, RefusalCode.NOTHING_TO_REFUND, remaining=0)
    if command.amount > found.remaining:
        return declined(account, RefusalCode.OVER_REFUND, remaining=found.remaining)
    over_limit = account.balance + command.amount > AMOUNT_MAX
    if over_limit or account.credited + command.amount > LIFETIME_TOTAL_MAX:
        return declined(account, RefusalCode.BALANCE_LIMIT, balance_max=AMOUNT_MAX)
    return _book_refund(command, account, found, stamp)


def refundable(
    command: Refund, account: AccountState, target: RefundTarget | None, stamp: Stamp
) -> Redemption | Declined:
    """The redemption that a refund may be counted against, or why there is none."""
    if target is None:
        return declined(account, RefusalCode.REDEEM_NOT_FOUND)
    if target.account_id != account.account_id:
        return declined(account, RefusalCode.REDEEM_OF_ANOTHER_ACCOUNT)
    if target.redemption is None:
        return declined(account, RefusalCode.NOT_A_REDEEM)
    # An age, not a deadline: a window of ten thousand years would end beyond the calendar.
    if command.window is not None and stamp.now - target.redemption.redeemed_at > command.window:
        return declined(account, RefusalCode.REFUND_WINDOW_EXPIRED)
    return target.redemption


def _book_refund(command: Refund, account: AccountState, redemption: Redemption, stamp: Stamp) -> Outcome:
    assert 1 <= command.amount <= redemption.remaining
    changed = replace(redemption, refunded=redemption.refunded + command.amount)
    listed = tuple(
        changed if other.transfer_id == changed.transfer_id else other
        for other in account.redemptions
        if other.transfer_id != changed.transfer_id or changed.remaining > 0
    )
    posted = book(
        command,
        account,
        stamp,
        Verb.REFUND,
        command.amount,
        SystemAccount.REDEMPTION,
        parent_id=redemption.transfer_id,
    )
    return replace(with_account(posted, redemptions=listed), redemption=changed)
