"""What a command does to an account: pure decisions, no clock, no database.

`decide` takes the command, the account as it stands and what its claim says, and returns the outcome: the
posting with the account after it, or the refusal. Guards stand in a fixed order and the first that applies
wins: the claim, the closed account, then the verb's own (a refund looks at its redeem before the claim).
"""

from regulars.features.ledger.booking import book, declined, recall, with_account
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    LIFETIME_TOTAL_MAX,
    REDEMPTIONS_LOADED_MAX,
    AccountState,
    Adjust,
    Capture,
    Command,
    Convert,
    Declined,
    Earn,
    Outcome,
    Posted,
    Redeem,
    Redemption,
    Refund,
    RefusalCode,
    Release,
    Reserve,
    SystemAccount,
    TakeBack,
    Verb,
)
from regulars.features.ledger.model_deciding import RefundTarget, Remembered, Stamp
from regulars.features.ledger.rules_clawback import take_back
from regulars.features.ledger.rules_holds import change_hold
from regulars.features.ledger.rules_refund import refund

REMEMBERED = frozenset(
    {
        RefusalCode.INSUFFICIENT_FUNDS,
        RefusalCode.BALANCE_LIMIT,
        RefusalCode.TOO_MANY_HOLDS,
        RefusalCode.HOLD_NOT_PENDING,
        RefusalCode.CAPTURE_EXCEEDS_HOLD,
        RefusalCode.NOTHING_TO_REFUND,
        RefusalCode.OVER_REFUND,
    }
)
"""Refusals that a claim remembers: those decided on the account's state, after the claim was looked at."""


def decide(
    command: Command,
    account: AccountState,
    remembered: Remembered | None,
    target: RefundTarget | None,
    stamp: Stamp,
) -> Outcome:
    """The outcome of a command. `target` is the transfer that a refund names, None when there is none."""
    if isinstance(command, Refund):
        return refund(command, account, remembered, target, stamp)
    if remembered is not None:
        return recall(command, account, remembered)
    if account.closed:
        return declined(account, RefusalCode.ACCOUNT_CLOSED)
    match command:
        case Earn():
            return _credit(
                command,
                account,
                stamp,
                Verb.EARN,
                command.amount,
                SystemAccount.ISSUANCE,
            )
        case Redeem():
            return _redeem(command, account, stamp)
        case Adjust():
            return _adjust(command, account, stamp, SystemAccount.ADJUSTMENT)
        case Convert():
            return _adjust(command, account, stamp, SystemAccount.CONVERSION)
        case TakeBack():
            return take_back(command, account, stamp)
        case Reserve() | Capture() | Release():
            return remember_redemption(change_hold(command, account, stamp))
        case _:
            raise AssertionError(f"no rule for {type(command).__name__}")


def _credit(
    command: Command,
    account: AccountState,
    stamp: Stamp,
    verb: Verb,
    amount: int,
    source: SystemAccount,
) -> Outcome:
    assert 1 <= amount <= AMOUNT_MAX
    if account.balance + amount > AMOUNT_MAX or account.credited + amount > LIFETIME_TOTAL_MAX:
        return declined(account, RefusalCode.BALANCE_LIMIT, balance_max=AMOUNT_MAX)
    return book(command, account, stamp, verb, amount, source)


def _redeem(command: Redeem, account: AccountState, stamp: Stamp) -> Outcome:
    assert 1 <= command.amount <= AMOUNT_MAX
    if command.amount > account.available:
        return insufficient(account, command.amount)
    posted = book(command, account, stamp, Verb.REDEEM, -command.amount, SystemAccount.REDEMPTION)
    return remember_redemption(posted)


def _adjust(
    command: Adjust | Convert, account: AccountState, stamp: Stamp, counterparty: SystemAccount
) -> Outcome:
    assert command.delta != 0
    if command.delta > 0:
        return _credit(command, account, stamp, Verb.ADJUST, command.delta, counterparty)
    if -command.delta > account.available:
        return insufficient(account, -command.delta)
    return book(command, account, stamp, Verb.ADJUST, command.delta, counterparty)


def insufficient(account: AccountState, amount: int) -> Declined:
    """The refusal of a debit that is larger than what is available."""
    return declined(
        account,
        RefusalCode.INSUFFICIENT_FUNDS,
        amount=amount,
        available=account.available,
    )


def remember_redemption(outcome: Outcome) -> Outcome:
    """The debit's outcome with the redemption that later refunds count against (none for a debit of 0)."""
    if isinstance(outcome, Declined) or outcome.transfer.amount == 0:
        return outcome
    transfer = outcome.transfer
    redemption = Redemption(
        transfer.transfer_id,
        transfer.account_id,
        -transfer.amount,
        0,
        transfer.created_at,
    )
    listed = (redemption, *outcome.account.redemptions[: REDEMPTIONS_LOADED_MAX - 1])
    noted = with_account(outcome, redemptions=listed)
    return Posted(noted.transfer, noted.account, noted.hold, redemption)
