"""Reserve, capture, release and expiry."""

from datetime import datetime, timedelta

import pytest

from regulars.base.ids import new_id
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    PENDING_HOLDS_MAX,
    AccountState,
    Attribution,
    Command,
    HoldStatus,
    Outcome,
    Refusal,
    RefusalCode,
    SystemAccount,
    Verb,
)
from regulars.features.ledger.model_deciding import Stamp
from regulars.features.ledger.rules import decide
from regulars.features.ledger.rules_holds import expire, is_expired, settle
from tests.support.ledger import (
    NOW,
    adjust,
    capture,
    declined,
    hold,
    posted,
    redeem,
    release,
    reserve,
    standing,
)

STAMP = Stamp(new_id(), NOW)
SOON = NOW + timedelta(microseconds=1)
FOUR, THREE, NOTHING = hold(4), hold(3), hold(0)
HOLDING = standing(10, FOUR, THREE)


def outcome_of(command: Command, account: AccountState) -> Outcome:
    return decide(command, account, None, None, STAMP)


@pytest.mark.parametrize(
    ("account", "amount"), [(standing(10), 10), (standing(10), 0), (standing(0), 0), (HOLDING, 3)]
)
def test_reserving_sets_points_aside_and_moves_none(account: AccountState, amount: int) -> None:
    command = reserve(
        amount, expires_at=SOON, subject={"reward": 7}, by=Attribution(source="web", note="blue")
    )

    outcome = posted(outcome_of(command, account))

    transfer, after, opened = outcome.transfer, outcome.account, outcome.hold
    assert opened is not None
    assert (transfer.verb, transfer.amount, transfer.hold_id) == (Verb.RESERVE, 0, command.hold_id)
    assert transfer.counterparty is SystemAccount.RESERVATION
    assert (after.balance, after.held, after.holds) == (
        account.balance, account.held + amount, (*account.holds, opened),
    )  # fmt: skip
    assert (after.newest_hold_id, after.newest_hold_status) == (command.hold_id, HoldStatus.PENDING)
    assert (opened.amount, opened.status, opened.captured, opened.closed_at) == (
        amount, HoldStatus.PENDING, None, None,
    )  # fmt: skip
    assert (opened.expires_at, opened.subject, opened.note, opened.created_at) == (
        SOON, {"reward": 7}, "blue", NOW,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("captured", "expected", "refundable"), [(None, 4, True), (4, 4, True), (1, 1, True), (0, 0, False)]
)
def test_capturing_debits_and_releases_the_rest(
    captured: int | None, expected: int, refundable: bool
) -> None:
    outcome = posted(outcome_of(capture(FOUR.hold_id, captured), HOLDING))

    transfer, after, closed = outcome.transfer, outcome.account, outcome.hold
    assert closed is not None
    assert (transfer.verb, transfer.amount, transfer.hold_id) == (Verb.CAPTURE, -expected, FOUR.hold_id)
    assert transfer.counterparty is SystemAccount.REDEMPTION
    assert (after.balance, after.held, after.holds) == (10 - expected, 3, (THREE,))
    assert after.debited == expected
    assert (closed.status, closed.captured, closed.closed_at) == (HoldStatus.CAPTURED, expected, NOW)
    assert (outcome.redemption is not None, len(after.redemptions)) == (refundable, int(refundable))


def test_releasing_gives_back_all_of_it() -> None:
    outcome = posted(outcome_of(release(THREE.hold_id), HOLDING))

    assert outcome.hold is not None
    assert (outcome.transfer.verb, outcome.transfer.amount) == (Verb.RELEASE, 0)
    assert outcome.transfer.counterparty is SystemAccount.RESERVATION
    assert (outcome.account.balance, outcome.account.held, outcome.account.holds) == (10, 4, (FOUR,))
    assert (outcome.hold.status, outcome.hold.captured) == (HoldStatus.RELEASED, None)
    assert outcome.account.newest_hold_status is HoldStatus.RELEASED


def test_the_newest_holds_status_is_untouched_by_what_happens_to_older_ones() -> None:
    after = posted(outcome_of(release(FOUR.hold_id), HOLDING)).account

    assert (after.newest_hold_id, after.newest_hold_status) == (THREE.hold_id, HoldStatus.PENDING)


ENDED = posted(outcome_of(release(FOUR.hold_id), HOLDING)).account
MANY = standing(AMOUNT_MAX, *(NOTHING for _ in range(PENDING_HOLDS_MAX)))


@pytest.mark.parametrize(
    ("account", "command", "refusal"),
    [
        (HOLDING, reserve(4), Refusal(RefusalCode.INSUFFICIENT_FUNDS, {"amount": 4, "available": 3})),
        (HOLDING, redeem(4), Refusal(RefusalCode.INSUFFICIENT_FUNDS, {"amount": 4, "available": 3})),
        (HOLDING, adjust(-4), Refusal(RefusalCode.INSUFFICIENT_FUNDS, {"amount": 4, "available": 3})),
        (MANY, reserve(0), Refusal(RefusalCode.TOO_MANY_HOLDS, {"pending_max": PENDING_HOLDS_MAX})),
        # Too many holds is said before too few points.
        (
            standing(0, *(NOTHING for _ in range(PENDING_HOLDS_MAX))),
            reserve(5),
            Refusal(RefusalCode.TOO_MANY_HOLDS, {"pending_max": PENDING_HOLDS_MAX}),
        ),
        (HOLDING, capture(new_id()), Refusal(RefusalCode.HOLD_NOT_PENDING)),
        (HOLDING, release(new_id()), Refusal(RefusalCode.HOLD_NOT_PENDING)),
        (ENDED, capture(FOUR.hold_id), Refusal(RefusalCode.HOLD_NOT_PENDING)),
        (ENDED, capture(FOUR.hold_id, 99), Refusal(RefusalCode.HOLD_NOT_PENDING)),
        (ENDED, release(FOUR.hold_id), Refusal(RefusalCode.HOLD_NOT_PENDING)),
        (HOLDING, capture(FOUR.hold_id, 5), Refusal(RefusalCode.CAPTURE_EXCEEDS_HOLD, {"reserved": 4})),
    ],
)
def test_refusals(account: AccountState, command: Command, refusal: Refusal) -> None:
    outcome = declined(outcome_of(command, account))

    assert outcome.refusal == refusal
    assert outcome.account is account


@pytest.mark.parametrize("command", [reserve(-1), reserve(AMOUNT_MAX + 1), capture(FOUR.hold_id, -1)])
def test_amounts_that_callers_must_have_refused_are_a_programmers_error(command: Command) -> None:
    with pytest.raises(AssertionError):
        outcome_of(command, HOLDING)


@pytest.mark.parametrize(
    ("expires_at", "expired"),
    [(None, False), (SOON, False), (NOW, True), (NOW - timedelta(microseconds=1), True)],
)
def test_a_hold_lapses_at_its_instant(expires_at: datetime | None, expired: bool) -> None:
    lapsing = hold(4, expires_at=expires_at)

    assert is_expired(lapsing, NOW) is expired
    settled = settle(standing(10, lapsing), NOW)
    assert (settled.available, settled.held) == ((10, 0) if expired else (6, 4))
    assert settled.holds == (() if expired else (lapsing,))
    assert settled.newest_hold_status is (HoldStatus.EXPIRED if expired else HoldStatus.PENDING)


def test_settling_for_reading_writes_nothing_down() -> None:
    account = standing(10, hold(4, expires_at=NOW), hold(3, expires_at=SOON))

    settled = settle(account, NOW)

    assert (settled.balance, settled.version, settled.updated_at) == (10, account.version, account.updated_at)
    assert [pending.amount for pending in settled.holds] == [3]


def test_expiry_is_a_transfer_that_moves_nothing() -> None:
    lapsed = hold(4, expires_at=NOW - timedelta(days=3))

    outcome = expire(standing(10, lapsed), lapsed, STAMP)

    assert outcome.hold is not None
    assert (outcome.transfer.verb, outcome.transfer.amount, outcome.transfer.hold_id) == (
        Verb.EXPIRE, 0, lapsed.hold_id,
    )  # fmt: skip
    assert (outcome.transfer.action, outcome.transfer.actor) == ("hold_expired", "system")
    assert (outcome.account.balance, outcome.account.held, outcome.account.holds) == (10, 0, ())
    assert (outcome.hold.status, outcome.hold.captured, outcome.hold.closed_at) == (
        HoldStatus.EXPIRED,
        None,
        NOW,
    )
