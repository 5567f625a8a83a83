"""Refunds: what comes back, and the published order of what may be wrong."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.features.ledger.booking import book
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    AccountState,
    Outcome,
    Redemption,
    Refund,
    Refusal,
    RefusalCode,
    SystemAccount,
    Verb,
)
from regulars.features.ledger.model_deciding import RefundTarget, Remembered, Stamp
from regulars.features.ledger.rules import decide
from tests.support.ledger import ACCOUNT_ID, NOW, claim, declined, earn, posted, refund, standing

STAMP = Stamp(new_id(), NOW)
REDEEM_ID = new_id()
WEEK_AGO = NOW - timedelta(days=7)
REDEMPTION = Redemption(REDEEM_ID, ACCOUNT_ID, redeemed=8, refunded=3, redeemed_at=WEEK_AGO)
OTHER = Redemption(new_id(), ACCOUNT_ID, redeemed=2, refunded=0, redeemed_at=WEEK_AGO)
TARGET = RefundTarget(ACCOUNT_ID, REDEMPTION)
ACCOUNT = standing(2, credited=10, debited=8, redemptions=(OTHER, REDEMPTION))
FIRST = book(earn(1), ACCOUNT, STAMP, Verb.REFUND, 1, SystemAccount.REDEMPTION).transfer


def outcome_of(
    command: Refund,
    account: AccountState = ACCOUNT,
    remembered: Remembered | None = None,
    target: RefundTarget | None = TARGET,
) -> Outcome:
    return decide(command, account, remembered, target, STAMP)


@pytest.mark.parametrize(("amount", "left"), [(1, 4), (4, 1), (5, 0)])
def test_a_refund_credits_and_counts_against_its_redeem(amount: int, left: int) -> None:
    outcome = posted(outcome_of(refund(REDEEM_ID, amount)))

    transfer, after = outcome.transfer, outcome.account
    assert (transfer.verb, transfer.amount, transfer.parent_id) == (Verb.REFUND, amount, REDEEM_ID)
    assert transfer.counterparty is SystemAccount.REDEMPTION
    assert (after.balance, after.credited, after.debited) == (2 + amount, 10 + amount, 8)
    assert outcome.redemption == replace(REDEMPTION, refunded=3 + amount)
    assert outcome.redemption.remaining == left
    assert after.redemptions == ((OTHER, outcome.redemption) if left else (OTHER,))


def test_a_redeem_too_old_to_be_listed_can_still_be_refunded() -> None:
    outcome = posted(outcome_of(refund(REDEEM_ID, 5), standing(2, redemptions=(OTHER,))))

    assert outcome.account.redemptions == (OTHER,)
    assert outcome.redemption is not None
    assert outcome.redemption.remaining == 0


@pytest.mark.parametrize(
    ("window", "allowed"),
    [
        (None, True),
        (timedelta(days=7), True),
        (timedelta(days=7) - timedelta(microseconds=1), False),
        (timedelta(0), False),
        (timedelta.max, True),
        (timedelta(days=3_000_000), True),
    ],
)
def test_the_window_counts_from_the_redeem(window: timedelta | None, allowed: bool) -> None:
    outcome = outcome_of(refund(REDEEM_ID, 1, window=window))

    if allowed:
        posted(outcome)
    else:
        declined(outcome, RefusalCode.REFUND_WINDOW_EXPIRED)


@pytest.mark.parametrize(
    ("command", "account", "target", "refusal"),
    [
        (refund(REDEEM_ID, 6), ACCOUNT, TARGET, Refusal(RefusalCode.OVER_REFUND, {"remaining": 5})),
        (
            refund(REDEEM_ID, 1),
            ACCOUNT,
            RefundTarget(ACCOUNT_ID, replace(REDEMPTION, refunded=8)),
            Refusal(RefusalCode.NOTHING_TO_REFUND, {"remaining": 0}),
        ),
        (
            refund(REDEEM_ID, 5),
            standing(AMOUNT_MAX - 4),
            TARGET,
            Refusal(RefusalCode.BALANCE_LIMIT, {"balance_max": AMOUNT_MAX}),
        ),
    ],
)
def test_refusals(command: Refund, account: AccountState, target: RefundTarget, refusal: Refusal) -> None:
    outcome = declined(outcome_of(command, account, None, target))

    assert outcome.refusal == refusal
    assert outcome.account is account


class Case:
    """A refund about which everything is wrong that can be; each step mends one thing."""

    def __init__(self) -> None:
        self.command = refund(REDEEM_ID, 9, claim=claim(), window=timedelta(days=1))
        self.account = standing(AMOUNT_MAX, closed=True)
        self.target: RefundTarget | None = None
        self.remembered: Remembered | None = Remembered(b"another request", FIRST, None)


def _found(case: Case) -> None:
    case.target = RefundTarget(new_id(), None)


def _of_this_account(case: Case) -> None:
    case.target = RefundTarget(ACCOUNT_ID, None)


def _a_redeem(case: Case) -> None:
    case.target = RefundTarget(ACCOUNT_ID, replace(REDEMPTION, refunded=8))


def _in_time(case: Case) -> None:
    case.command = replace(case.command, window=None)


def _unclaimed(case: Case) -> None:
    case.remembered = None


def _open(case: Case) -> None:
    case.account = replace(case.account, closed=False)


def _refundable(case: Case) -> None:
    case.target = TARGET


def _small_enough(case: Case) -> None:
    case.command = replace(case.command, amount=5)


ORDER: list[tuple[Callable[[Case], None], RefusalCode]] = [
    (lambda case: None, RefusalCode.REDEEM_NOT_FOUND),
    (_found, RefusalCode.REDEEM_OF_ANOTHER_ACCOUNT),
    (_of_this_account, RefusalCode.NOT_A_REDEEM),
    (_a_redeem, RefusalCode.REFUND_WINDOW_EXPIRED),
    (_in_time, RefusalCode.IDEMPOTENCY_CONFLICT),
    (_unclaimed, RefusalCode.ACCOUNT_CLOSED),
    (_open, RefusalCode.NOTHING_TO_REFUND),
    (_refundable, RefusalCode.OVER_REFUND),
    (_small_enough, RefusalCode.BALANCE_LIMIT),
]


@pytest.mark.parametrize("mended", range(len(ORDER)), ids=[code for _, code in ORDER])
def test_the_first_refusal_that_applies_wins(mended: int) -> None:
    case = Case()
    for mend, _ in ORDER[: mended + 1]:
        mend(case)

    declined(outcome_of(case.command, case.account, case.remembered, case.target), ORDER[mended][1])


@pytest.mark.parametrize("account", [ACCOUNT, standing(0, closed=True)])
def test_a_refund_under_the_same_key_is_answered_before_it_is_looked_at_again(account: AccountState) -> None:
    spent = RefundTarget(ACCOUNT_ID, replace(REDEMPTION, refunded=8))

    outcome = posted(
        outcome_of(refund(REDEEM_ID, 1, claim=claim()), account, Remembered(b"request", FIRST, None), spent)
    )

    assert (outcome.transfer, outcome.account, outcome.replayed) == (FIRST, account, True)


def test_amounts_that_callers_must_have_refused_are_a_programmers_error() -> None:
    with pytest.raises(AssertionError):
        outcome_of(refund(REDEEM_ID, 0))
