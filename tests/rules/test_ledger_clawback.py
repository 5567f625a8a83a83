"""Taking back what was given: as far as it is there now, and the rest from what comes later."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.features.ledger.folding import Folding
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    LIFETIME_TOTAL_MAX,
    AccountState,
    Command,
    Declined,
    Outcome,
    Posted,
    RefusalCode,
    SystemAccount,
    Verb,
)
from regulars.features.ledger.store_accounts import BatchState
from tests.support.ledger import (
    MEMBER,
    NOW,
    capture,
    claim,
    convert,
    earn,
    redeem,
    refund,
    release,
    reserve,
    take_back,
)


class Life:
    """One account under the commands of one test, a batch each."""

    def __init__(self, balance: int = 0) -> None:
        self.account = AccountState(
            account_id=new_id(), reference=MEMBER, exists=True, balance=balance, credited=balance
        )
        self.state = BatchState({MEMBER: self.account}, {}, {})
        self.now = NOW
        self.rows: list[tuple[Verb, int, int]] = []

    def do(self, command: Command) -> Outcome:
        folding = Folding(self.state, self.now)
        outcome = folding.decide(command)
        self.rows += [(row.verb, row.amount, row.balance_after) for row in folding.writes.transfers]
        assert self.state.accounts[MEMBER] == outcome.account
        if folding.writes.accounts:
            assert folding.writes.accounts[outcome.account.account_id] == outcome.account
        return outcome

    @property
    def owed(self) -> int:
        return self.state.accounts[MEMBER].owed

    @property
    def balance(self) -> int:
        return self.state.accounts[MEMBER].balance


@pytest.mark.parametrize(
    ("balance", "amount", "taken", "owed"),
    [(10, 4, 4, 0), (10, 10, 10, 0), (10, 11, 10, 1), (0, 5, 0, 5), (AMOUNT_MAX, AMOUNT_MAX, AMOUNT_MAX, 0)],
)
def test_what_is_there_is_taken_and_the_rest_is_owed(
    balance: int, amount: int, taken: int, owed: int
) -> None:
    life = Life(balance)

    outcome = life.do(take_back(amount))

    assert isinstance(outcome, Posted)
    assert outcome.transfer.amount == -taken
    assert outcome.transfer.counterparty is SystemAccount.ISSUANCE
    assert (life.balance, life.owed) == (balance - taken, owed)
    assert life.rows == [(Verb.CLAWBACK, -taken, balance - taken)]


def test_what_comes_later_pays_what_is_owed_first() -> None:
    life = Life()
    life.do(take_back(30))

    assert life.do(earn(20)).account.balance == 0
    outcome = life.do(earn(25))

    assert isinstance(outcome, Posted)
    assert (outcome.transfer.amount, outcome.transfer.balance_after) == (25, 25)
    assert (life.balance, life.owed) == (15, 0)
    assert life.rows[1:] == [
        (Verb.EARN, 20, 20), (Verb.CLAWBACK, -20, 0), (Verb.EARN, 25, 25), (Verb.CLAWBACK, -10, 15),
    ]  # fmt: skip


def test_several_debts_add_up() -> None:
    life = Life(3)

    for amount in (5, 7):
        life.do(take_back(amount))

    assert (life.balance, life.owed) == (0, 9)


def test_a_hold_is_not_broken_and_its_release_pays() -> None:
    life = Life(10)
    hold = reserve(8)
    life.do(hold)

    life.do(take_back(6))
    assert (life.balance, life.owed) == (8, 4)
    life.do(release(hold.hold_id))

    assert (life.balance, life.owed) == (4, 0)


def test_what_a_capture_leaves_over_pays() -> None:
    life = Life(10)
    hold = reserve(10)
    life.do(hold)
    life.do(take_back(6))

    outcome = life.do(capture(hold.hold_id, 3))

    assert isinstance(outcome, Posted)
    assert (outcome.transfer.amount, life.balance, life.owed) == (-3, 1, 0)


def test_a_hold_that_lapsed_pays_before_anything_else_is_decided() -> None:
    life = Life(10)
    life.do(reserve(10, expires_at=NOW + timedelta(minutes=5)))
    life.do(take_back(6))
    life.now += timedelta(minutes=6)

    declined = life.do(redeem(5))

    assert isinstance(declined, Declined)
    assert (life.balance, life.owed) == (4, 0)


def test_a_refund_and_a_conversion_pay_too() -> None:
    life = Life(10)
    spent = life.do(redeem(10))
    assert isinstance(spent, Posted)
    life.do(take_back(8))

    life.do(refund(spent.transfer.transfer_id, 5))
    life.do(convert(2))

    assert (life.balance, life.owed) == (0, 1)


def test_what_is_owed_cannot_be_spent_or_held_before_it_is_paid() -> None:
    owing = AccountState(account_id=new_id(), reference=MEMBER, exists=True, balance=10, credited=10, owed=7)

    assert owing.available == 3
    assert replace(owing, owed=12).available == 0
    assert replace(owing, owed=12).unreserved == 10


def test_the_same_claim_takes_once() -> None:
    life = Life(10)
    command = take_back(4, claim=claim())
    life.do(command)

    again = life.do(command)

    assert isinstance(again, Posted)
    assert (again.replayed, life.balance, life.owed) == (True, 6, 0)


def test_a_debt_has_a_largest_size() -> None:
    life = Life()
    life.state.accounts[MEMBER] = replace(life.account, owed=LIFETIME_TOTAL_MAX - 1)

    declined = life.do(take_back(2))

    assert isinstance(declined, Declined)
    assert declined.refusal.code is RefusalCode.BALANCE_LIMIT
    assert life.rows == []


def test_a_conversion_stands_against_its_own_account() -> None:
    life = Life(100)

    outcome = life.do(convert(-100))

    assert isinstance(outcome, Posted)
    assert outcome.transfer.counterparty is SystemAccount.CONVERSION
    assert life.rows == [(Verb.ADJUST, -100, 0)]
    assert isinstance(life.do(convert(-1)), Declined)
