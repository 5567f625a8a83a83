"""Taking back what was given: from what is there now, and the rest from what comes later.

Pure decisions. A balance never goes below zero and a hold is never broken; what could not be taken is owed,
and whatever becomes available on the account afterwards pays it first. So nobody gains by spending quickly
what a returned purchase had earned.
"""

from regulars.features.ledger.booking import book, declined, with_account
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    LIFETIME_TOTAL_MAX,
    AccountState,
    Attribution,
    Command,
    Outcome,
    Posted,
    RefusalCode,
    SystemAccount,
    TakeBack,
    Verb,
)
from regulars.features.ledger.model_deciding import Stamp

COLLECTION_ATTRIBUTION = Attribution(source="ledger", actor="system")


def take_back(command: TakeBack, account: AccountState, stamp: Stamp) -> Outcome:
    """What no hold reserves is taken at once, as far as it goes; the rest is owed."""
    assert 1 <= command.amount <= AMOUNT_MAX
    if account.owed + command.amount > LIFETIME_TOTAL_MAX:
        return declined(account, RefusalCode.BALANCE_LIMIT, balance_max=AMOUNT_MAX)
    taken = min(command.amount, account.unreserved)
    posted = _book(command, account, stamp, taken)
    return with_account(posted, owed=account.owed + command.amount - taken)


def owes_what_it_has(account: AccountState) -> bool:
    """Whether something is owed that could be paid."""
    return account.owed > 0 and account.unreserved > 0


def collect(account: AccountState, stamp: Stamp) -> Posted:
    """The posting that pays what is owed from what has become available."""
    taken = min(account.owed, account.unreserved)
    command = Command(
        account=account.reference, action="clawback_collected", attribution=COLLECTION_ATTRIBUTION
    )
    return with_account(_book(command, account, stamp, taken), owed=account.owed - taken)


def _book(command: Command, account: AccountState, stamp: Stamp, taken: int) -> Posted:
    return book(command, account, stamp, Verb.CLAWBACK, -taken, SystemAccount.ISSUANCE)
