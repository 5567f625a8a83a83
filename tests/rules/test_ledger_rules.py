"""Earn, redeem and adjust; claims; and the order in which guards speak."""

from datetime import timedelta
from typing import Any

import pytest

from regulars.base.ids import new_id
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    LIFETIME_TOTAL_MAX,
    REDEMPTIONS_LOADED_MAX,
    AccountState,
    Attribution,
    Command,
    Outcome,
    Redemption,
    Refusal,
    RefusalCode,
    SystemAccount,
    Verb,
)
from regulars.features.ledger.model_deciding import Remembered, Stamp
from regulars.features.ledger.rules import REMEMBERED, decide
from tests.support.ledger import (
    ACCOUNT_ID,
    NOW,
    adjust,
    capture,
    claim,
    declined,
    earn,
    hold,
    posted,
    redeem,
    release,
    reserve,
    standing,
)

STAMP = Stamp(new_id(), NOW)
EMPTY = standing(0, version=0, credited=0, updated_at=None)
TEN = standing(10)
TEN_WITH_FOUR_HELD = standing(10, hold(4))
NEARLY_FULL = standing(AMOUNT_MAX - 5)


def outcome_of(command: Command, account: AccountState, remembered: Remembered | None = None) -> Outcome:
    return decide(command, account, remembered, None, STAMP)


@pytest.mark.parametrize(
    ("account", "command", "verb", "amount", "counterparty"),
    [
        (EMPTY, earn(1), Verb.EARN, 1, SystemAccount.ISSUANCE),
        (EMPTY, earn(AMOUNT_MAX), Verb.EARN, AMOUNT_MAX, SystemAccount.ISSUANCE),
        (NEARLY_FULL, earn(5), Verb.EARN, 5, SystemAccount.ISSUANCE),
        (TEN, redeem(1), Verb.REDEEM, -1, SystemAccount.REDEMPTION),
        (TEN, redeem(10), Verb.REDEEM, -10, SystemAccount.REDEMPTION),
        (TEN_WITH_FOUR_HELD, redeem(6), Verb.REDEEM, -6, SystemAccount.REDEMPTION),
        (EMPTY, adjust(7), Verb.ADJUST, 7, SystemAccount.ADJUSTMENT),
        (TEN, adjust(-10), Verb.ADJUST, -10, SystemAccount.ADJUSTMENT),
        (TEN_WITH_FOUR_HELD, adjust(-6), Verb.ADJUST, -6, SystemAccount.ADJUSTMENT),
    ],
)
def test_a_posting_moves_the_balance_and_nothing_else(
    account: AccountState, command: Command, verb: Verb, amount: int, counterparty: SystemAccount
) -> None:
    outcome = posted(outcome_of(command, account))

    transfer, after = outcome.transfer, outcome.account
    assert (transfer.verb, transfer.amount, transfer.counterparty) == (verb, amount, counterparty)
    assert transfer.balance_after == after.balance == account.balance + amount
    assert transfer.version == after.version == account.version + 1
    assert (after.credited, after.debited) == (account.credited + max(amount, 0), max(-amount, 0))
    assert (after.held, after.holds) == (account.held, account.holds)
    assert not outcome.replayed


@pytest.mark.parametrize(
    ("account", "command", "code", "details"),
    [
        (EMPTY, redeem(1), RefusalCode.INSUFFICIENT_FUNDS, {"amount": 1, "available": 0}),
        (TEN, redeem(11), RefusalCode.INSUFFICIENT_FUNDS, {"amount": 11, "available": 10}),
        (TEN_WITH_FOUR_HELD, redeem(7), RefusalCode.INSUFFICIENT_FUNDS, {"amount": 7, "available": 6}),
        (EMPTY, adjust(-1), RefusalCode.INSUFFICIENT_FUNDS, {"amount": 1, "available": 0}),
        (TEN_WITH_FOUR_HELD, adjust(-7), RefusalCode.INSUFFICIENT_FUNDS, {"amount": 7, "available": 6}),
        (NEARLY_FULL, earn(6), RefusalCode.BALANCE_LIMIT, {"balance_max": AMOUNT_MAX}),
        (NEARLY_FULL, adjust(6), RefusalCode.BALANCE_LIMIT, {"balance_max": AMOUNT_MAX}),
        (TEN, earn(AMOUNT_MAX), RefusalCode.BALANCE_LIMIT, {"balance_max": AMOUNT_MAX}),
        (
            standing(0, credited=LIFETIME_TOTAL_MAX, debited=LIFETIME_TOTAL_MAX),
            earn(1),
            RefusalCode.BALANCE_LIMIT,
            {"balance_max": AMOUNT_MAX},
        ),
    ],
)
def test_a_refusal_changes_nothing(
    account: AccountState, command: Command, code: RefusalCode, details: dict[str, Any]
) -> None:
    outcome = declined(outcome_of(command, account))

    assert outcome.refusal == Refusal(code, details)
    assert outcome.account is account
    assert not outcome.replayed


@pytest.mark.parametrize(
    "command", [earn(0), earn(-1), earn(AMOUNT_MAX + 1), redeem(0), redeem(-5), adjust(0)]
)
def test_amounts_that_callers_must_have_refused_are_a_programmers_error(command: Command) -> None:
    with pytest.raises(AssertionError):
        outcome_of(command, TEN)


def test_a_transfer_says_who_asked_for_it_and_why() -> None:
    origin_id = new_id()
    by = Attribution(
        source="kiosk",
        actor="bea",
        reason="birthday",
        note="72",
        origin_id=origin_id,
        metadata={"a": [1, "b"]},
    )

    transfer = posted(outcome_of(earn(3, claim=claim("key-7"), by=by), TEN)).transfer

    assert (transfer.source, transfer.actor, transfer.reason, transfer.note) == (
        "kiosk",
        "bea",
        "birthday",
        "72",
    )
    assert (transfer.origin_id, transfer.metadata) == (origin_id, {"a": [1, "b"]})
    assert (transfer.action, transfer.idempotency_key) == ("earn_manual", "key-7")
    assert (transfer.transfer_id, transfer.account_id) == (STAMP.transfer_id, ACCOUNT_ID)


def test_a_redeem_can_be_refunded_later() -> None:
    outcome = posted(outcome_of(redeem(4), TEN))

    redemption = Redemption(STAMP.transfer_id, ACCOUNT_ID, redeemed=4, refunded=0, redeemed_at=NOW)
    assert outcome.redemption == redemption
    assert outcome.account.redemptions == (redemption,)


def test_an_account_lists_a_bounded_number_of_redemptions_newest_first() -> None:
    older = tuple(Redemption(new_id(), ACCOUNT_ID, 1, 0, NOW) for _ in range(REDEMPTIONS_LOADED_MAX))

    after = posted(outcome_of(redeem(4), standing(10, redemptions=older))).account

    assert len(after.redemptions) == REDEMPTIONS_LOADED_MAX
    assert after.redemptions[0].transfer_id == STAMP.transfer_id
    assert after.redemptions[1:] == older[:-1]


@pytest.mark.parametrize(
    ("updated_at", "created_at"),
    [
        (None, NOW),
        (NOW - timedelta(seconds=1), NOW),
        (NOW, NOW),
        (NOW + timedelta(seconds=1), NOW + timedelta(seconds=1)),
    ],
)
def test_times_of_an_account_never_go_back(updated_at: Any, created_at: Any) -> None:
    outcome = posted(outcome_of(earn(1), standing(10, updated_at=updated_at)))

    assert outcome.transfer.created_at == outcome.account.updated_at == created_at


FIRST = posted(outcome_of(earn(5, claim=claim()), TEN)).transfer
REFUSED = Refusal(RefusalCode.INSUFFICIENT_FUNDS, {"amount": 5, "available": 0})
COMMANDS = [
    earn(5, claim=claim()),
    redeem(99, claim=claim()),
    adjust(-99, claim=claim()),
    reserve(99, claim=claim()),
    capture(new_id(), claim=claim()),
    release(new_id(), claim=claim()),
]


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("account", [TEN, EMPTY, standing(10, closed=True)])
def test_a_remembered_claim_answers_what_it_led_to(command: Command, account: AccountState) -> None:
    again = posted(outcome_of(command, account, Remembered(b"request", FIRST, None)))
    assert (again.transfer, again.account, again.replayed) == (FIRST, account, True)

    refused_again = declined(outcome_of(command, account, Remembered(b"request", None, REFUSED)))
    assert (refused_again.refusal, refused_again.account, refused_again.replayed) == (REFUSED, account, True)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    "remembered", [Remembered(b"other", FIRST, None), Remembered(b"other", None, REFUSED)]
)
@pytest.mark.parametrize("account", [TEN, standing(10, closed=True)])
def test_the_same_key_with_another_request_is_a_conflict(
    command: Command, remembered: Remembered, account: AccountState
) -> None:
    outcome = declined(outcome_of(command, account, remembered), RefusalCode.IDEMPOTENCY_CONFLICT)

    assert outcome.account is account
    assert not outcome.replayed


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_account_refuses_before_the_verb_looks(command: Command) -> None:
    declined(outcome_of(command, standing(3, closed=True)), RefusalCode.ACCOUNT_CLOSED)


def test_a_claim_remembers_only_what_depends_on_the_accounts_state() -> None:
    forgotten = set(RefusalCode) - REMEMBERED

    assert forgotten == {
        RefusalCode.ACCOUNT_CLOSED,
        RefusalCode.IDEMPOTENCY_CONFLICT,
        RefusalCode.REDEEM_NOT_FOUND,
        RefusalCode.REDEEM_OF_ANOTHER_ACCOUNT,
        RefusalCode.NOT_A_REDEEM,
        RefusalCode.REFUND_WINDOW_EXPIRED,
    }
