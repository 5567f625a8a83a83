"""What holds for every life of an account: any commands, in any order, with any amounts."""

from datetime import timedelta
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from regulars.base.ids import new_id
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    AccountState,
    Command,
    Declined,
    HoldStatus,
    Outcome,
    Posted,
    Refund,
    Transfer,
    Verb,
)
from regulars.features.ledger.model_deciding import RefundTarget, Remembered, Stamp
from regulars.features.ledger.rules import decide
from regulars.features.ledger.rules_holds import expire, is_expired, settle
from tests.support.ledger import (
    MEMBER,
    NOW,
    adjust,
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
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

SIGNS = {
    Verb.EARN: lambda amount: amount > 0,
    Verb.REDEEM: lambda amount: amount < 0,
    Verb.ADJUST: lambda amount: amount != 0,
    Verb.REFUND: lambda amount: amount > 0,
    Verb.RESERVE: lambda amount: amount == 0,
    Verb.CAPTURE: lambda amount: amount <= 0,
    Verb.RELEASE: lambda amount: amount == 0,
    Verb.EXPIRE: lambda amount: amount == 0,
    Verb.CLAWBACK: lambda amount: amount <= 0,
}


class Life:
    """One account, every transfer it got, and what a store would look up for the next command."""

    def __init__(self) -> None:
        self.now = NOW
        self.account = AccountState(account_id=new_id(), reference=MEMBER, exists=True)
        self.transfers: list[Transfer] = []
        self.targets: dict[UUID, RefundTarget] = {}
        self.hold_ids: list[UUID] = [new_id()]

    def decide(self, command: Command, remembered: Remembered | None = None) -> Outcome:
        target = self.targets.get(command.redeem_id) if isinstance(command, Refund) else None
        outcome = decide(command, self.account, remembered, target, Stamp(new_id(), self.now))
        if isinstance(outcome, Posted) and not outcome.replayed:
            self.keep(outcome)
        return outcome

    def keep(self, posted: Posted) -> None:
        before, self.account = self.account, posted.account
        assert self.account.version == before.version + 1
        self.transfers.append(posted.transfer)
        self.targets[posted.transfer.transfer_id] = RefundTarget(self.account.account_id, posted.redemption)
        if posted.redemption is not None:
            redemption = posted.redemption
            self.targets[redemption.transfer_id] = RefundTarget(self.account.account_id, redemption)
        if posted.transfer.verb is Verb.RESERVE and posted.hold is not None:
            self.hold_ids.append(posted.hold.hold_id)

    def expire(self) -> None:
        for hold in self.account.holds:
            if is_expired(hold, self.now):
                self.keep(expire(self.account, hold, Stamp(new_id(), self.now)))

    def check(self) -> None:
        account = self.account
        amounts = [transfer.amount for transfer in self.transfers]
        assert account.balance == sum(amounts) == account.credited - account.debited
        assert account.credited == sum(amount for amount in amounts if amount > 0)
        assert 0 <= account.held <= account.balance <= AMOUNT_MAX
        assert account.held == sum(hold.amount for hold in account.holds)
        assert all(hold.status is HoldStatus.PENDING for hold in account.holds)
        assert [transfer.version for transfer in self.transfers] == list(range(1, account.version + 1))
        assert all(SIGNS[transfer.verb](transfer.amount) for transfer in self.transfers)
        times = [transfer.created_at for transfer in self.transfers]
        assert times == sorted(times)
        self.check_refunds()

    def check_refunds(self) -> None:
        for transfer in self.transfers:
            refunded = sum(
                other.amount for other in self.transfers if other.parent_id == transfer.transfer_id
            )
            redemption = self.targets[transfer.transfer_id].redemption
            if transfer.verb in (Verb.REDEEM, Verb.CAPTURE) and transfer.amount < 0:
                assert redemption is not None
                assert (redemption.redeemed, redemption.refunded) == (-transfer.amount, refunded)
                assert refunded <= redemption.redeemed
            else:
                assert refunded == 0
        listed = [redemption.transfer_id for redemption in self.account.redemptions]
        refundable = [
            transfer.transfer_id
            for transfer in reversed(self.transfers)
            if (redemption := self.targets[transfer.transfer_id].redemption) is not None
            and redemption.transfer_id == transfer.transfer_id
            and redemption.remaining > 0
        ]
        assert listed == refundable


amounts = st.integers(1, 30) | st.sampled_from([AMOUNT_MAX, AMOUNT_MAX - 20])
lifetimes = st.none() | st.timedeltas(timedelta(0), timedelta(hours=3))


@st.composite
def commands(draw: st.DrawFn, life: Life) -> Command:
    kind = draw(
        st.sampled_from(
            ["earn", "redeem", "adjust", "convert", "take_back", "refund", "reserve", "capture", "release"]
        )
    )
    hold_id = draw(st.sampled_from(life.hold_ids))
    if kind == "earn":
        return earn(draw(amounts))
    if kind == "redeem":
        return redeem(draw(amounts))
    if kind == "adjust":
        return adjust(draw(amounts) * draw(st.sampled_from([1, -1])))
    if kind == "convert":
        return convert(draw(amounts) * draw(st.sampled_from([1, -1])))
    if kind == "take_back":
        return take_back(draw(amounts))
    if kind == "refund":
        known = draw(st.sampled_from([new_id(), *life.targets]))
        return refund(known, draw(amounts), window=draw(st.none() | st.just(timedelta(hours=2))))
    if kind == "reserve":
        lifetime = draw(lifetimes)
        expires_at = None if lifetime is None else life.now + lifetime
        return reserve(draw(st.integers(0, 20)), expires_at=expires_at)
    if kind == "capture":
        return capture(hold_id, draw(st.none() | st.integers(0, 25)))
    return release(hold_id)


@settings(max_examples=bounded(120, 10_000), deadline=None)
@given(st.data())
def test_every_life_of_an_account_adds_up(data: st.DataObject) -> None:
    life = Life()
    for _ in range(data.draw(st.integers(1, 25))):
        life.now += data.draw(st.timedeltas(timedelta(seconds=-30), timedelta(hours=1)))
        settled = settle(life.account, life.now)
        life.expire()
        assert (settled.balance, settled.held, settled.holds) == (
            life.account.balance,
            life.account.held,
            life.account.holds,
        )
        before = life.account
        outcome = life.decide(data.draw(commands(life)))
        assert outcome.account is life.account
        if isinstance(outcome, Declined):
            assert life.account is before
        life.check()


@settings(max_examples=bounded(120, 10_000), deadline=None)
@given(st.data())
def test_a_replay_gives_the_first_outcome_and_has_no_effect(data: st.DataObject) -> None:
    life = Life()
    life.decide(earn(data.draw(amounts)))
    life.decide(reserve(data.draw(st.integers(0, 20))))
    life.decide(redeem(data.draw(amounts)))
    command = msgspec.structs.replace(data.draw(commands(life)), claim=claim())
    first = life.decide(command)
    remembered = Remembered(
        b"request",
        first.transfer if isinstance(first, Posted) else None,
        first.refusal if isinstance(first, Declined) else None,
    )
    for _ in range(data.draw(st.integers(0, 5))):
        life.decide(data.draw(commands(life)))
    before = life.account

    again = life.decide(command, remembered)

    assert life.account is before
    if isinstance(command, Refund) and command.redeem_id not in life.targets:
        assert isinstance(again, Declined)
    elif isinstance(first, Posted):
        assert isinstance(again, Posted)
        assert (again.transfer, again.replayed) == (first.transfer, True)
    elif not isinstance(command, Refund):
        assert isinstance(again, Declined)
        assert (again.refusal, again.replayed) == (first.refusal, True)


@given(balance=st.integers(0, AMOUNT_MAX), held=st.integers(0, AMOUNT_MAX), amount=st.integers(1, AMOUNT_MAX))
def test_every_debit_takes_at_most_what_is_available(balance: int, held: int, amount: int) -> None:
    account = AccountState(
        account_id=new_id(), reference=MEMBER, balance=balance, credited=balance, held=min(held, balance)
    )
    for command in (redeem(amount), adjust(-amount), reserve(amount)):
        outcome = decide(command, account, None, None, Stamp(new_id(), NOW))
        assert isinstance(outcome, Posted) is (amount <= account.available)


def test_every_kind_of_command_has_a_rule() -> None:
    kinds = {kind.__name__ for kind in Command.__subclasses__()}

    assert kinds == {
        "Earn",
        "Redeem",
        "Adjust",
        "Convert",
        "TakeBack",
        "Refund",
        "Reserve",
        "Capture",
        "Release",
    }
