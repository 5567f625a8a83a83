"""The ledger against a model of a few lines: any commands in any order lead to the same."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, ClassVar, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from regulars.base.ids import new_id
from regulars.db.database import Database
from regulars.features.ledger import actions
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AMOUNT_MAX, AccountReference, Claim, Command, Outcome, Posted
from tests.support.ledger import adjust, capture, convert, earn, redeem, refund, release, reserve, take_back
from tests.support.ledger_model import Answer, Model, ModelAccount
from tests.support.ledger_world import LedgerWorld
from tests.support.soak import as_long_as_asked, bounded

T = TypeVar("T")
STEPS = 50
EXAMPLES = bounded(12, soak=20_000 // STEPS)

pytestmark = as_long_as_asked

amounts = st.integers(1, 20) | st.sampled_from([AMOUNT_MAX, AMOUNT_MAX - 10])
places = st.integers(0, 2)
keys = st.none() | st.tuples(st.integers(0, 7), st.binary(max_size=1).filter(lambda b: b < b"\x02"))
lifetimes = st.none() | st.timedeltas(timedelta(0), timedelta(minutes=5))
Key = tuple[int, bytes] | None


class LedgerMachine(RuleBasedStateMachine):
    """Three accounts of two members, two ledgers that take turns, and a clock."""

    world: ClassVar[LedgerWorld]
    rival: ClassVar[Ledger]
    runner: ClassVar[asyncio.Runner]

    holds: Bundle[tuple[int, Any]] = Bundle("holds")
    transfers: Bundle[tuple[int, Any]] = Bundle("transfers")
    batches: Bundle[list[Command]] = Bundle("batches")

    @initialize(target=transfers)
    def begin(self) -> Any:
        ann, bob = self.run(self.world.accounts(2))
        self.accounts = [ann, bob, AccountReference(bob.member_id, "rewards")]
        self.scope = f"request:{new_id()}"
        self.model = Model()
        self.turn = 0
        return (0, new_id())

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(coroutine)

    def claimed(self, key: Key) -> Claim | None:
        return None if key is None else Claim(self.scope, str(key[0]), key[1])

    def post(self, *commands: Command) -> Any:
        """Posts, and compares; the transfers that were made go to their bundle."""
        self.turn += 1
        now = self.world.clock.advance(milliseconds=3)
        outcomes = self.run(self._post(commands))
        made = []
        for command, outcome in zip(commands, outcomes, strict=True):
            expected, replayed = self.model.apply(command, now)
            assert (answer_of(outcome), outcome.replayed) == (expected, replayed)
            if isinstance(outcome, Posted) and not outcome.replayed:
                self.model.note(outcome.transfer.transfer_id, command.account, expected, now)
                made.append((self.accounts.index(command.account), outcome.transfer.transfer_id))
        self.compare()
        return multiple(*made)

    async def _post(self, commands: tuple[Command, ...]) -> list[Outcome]:
        ledger = self.rival if self.turn % 3 == 0 else self.world.ledger
        if len(commands) == 1 and self.turn % 2:
            return [await ledger.post(self.world.program_id, commands[0])]
        return await ledger.post_batch(self.world.program_id, commands)

    def compare(self) -> None:
        for reference in self.accounts:
            state = self.run(self.world.state(reference))
            account = self.model.accounts.get(reference, ModelAccount())
            self.model.lapse(account, self.world.clock())
            assert (state.balance, state.owed, state.available) == (
                account.balance, account.owed, account.available,
            )  # fmt: skip
            assert [hold.hold_id for hold in state.holds] == list(account.holds)
            remaining = {
                transfer_id: redeem.remaining
                for transfer_id, redeem in self.model.redeems.items()
                if redeem.account == reference and redeem.remaining
            }
            assert {r.transfer_id: r.remaining for r in state.redemptions} == remaining

    @rule(target=transfers, place=places, amount=amounts, key=keys)
    def earn(self, place: int, amount: int, key: Key) -> Any:
        return self.post(earn(amount, self.accounts[place], self.claimed(key)))

    @rule(target=transfers, place=places, amount=amounts, key=keys)
    def redeem(self, place: int, amount: int, key: Key) -> Any:
        return self.post(redeem(amount, self.accounts[place], self.claimed(key)))

    @rule(target=transfers, place=places, amount=amounts, sign=st.sampled_from([1, -1]), key=keys)
    def adjust(self, place: int, amount: int, sign: int, key: Key) -> Any:
        return self.post(adjust(sign * amount, self.accounts[place], self.claimed(key)))

    @rule(target=transfers, place=places, amount=amounts, sign=st.sampled_from([1, -1]), key=keys)
    def convert(self, place: int, amount: int, sign: int, key: Key) -> Any:
        return self.post(convert(sign * amount, self.accounts[place], self.claimed(key)))

    @rule(target=transfers, place=places, amount=st.integers(1, 40), key=keys)
    def take_back(self, place: int, amount: int, key: Key) -> Any:
        return self.post(take_back(amount, self.accounts[place], self.claimed(key)))

    @rule(target=holds, place=places, amount=st.integers(0, 15), lifetime=lifetimes, key=keys)
    def reserve(self, place: int, amount: int, lifetime: timedelta | None, key: Key) -> Any:
        expires_at = None if lifetime is None else self.world.clock() + lifetime + timedelta(seconds=1)
        command = reserve(amount, self.accounts[place], self.claimed(key), expires_at=expires_at)
        self.post(command)
        return (place, command.hold_id)

    @rule(target=transfers, hold=holds, amount=st.none() | st.integers(0, 16), key=keys)
    def capture(self, hold: tuple[int, Any], amount: int | None, key: Key) -> Any:
        return self.post(capture(hold[1], amount, self.accounts[hold[0]], self.claimed(key)))

    @rule(target=transfers, hold=consumes(holds), key=keys)
    def release(self, hold: tuple[int, Any], key: Key) -> Any:
        return self.post(release(hold[1], self.accounts[hold[0]], self.claimed(key)))

    @rule(target=transfers, hold=holds, place=places)
    def release_as_another(self, hold: tuple[int, Any], place: int) -> Any:
        return self.post(release(hold[1], self.accounts[place]))

    @rule(
        target=transfers,
        transfer=transfers,
        amount=st.integers(1, 15),
        key=keys,
        minutes=st.sampled_from([0, 9]),
    )
    def refund(self, transfer: tuple[int, Any], amount: int, key: Key, minutes: int) -> Any:
        window = timedelta(minutes=minutes) if minutes else None
        return self.post(refund(transfer[1], amount, self.accounts[transfer[0]], self.claimed(key), window))

    @rule(target=transfers, transfer=transfers, place=places, amount=st.integers(1, 15))
    def refund_as_another(self, transfer: tuple[int, Any], place: int, amount: int) -> Any:
        return self.post(refund(transfer[1], amount, self.accounts[place]))

    @rule(
        target=transfers,
        moves=st.lists(st.tuples(places, st.integers(-15, 15).filter(bool), keys), max_size=8),
    )
    def batch(self, moves: list[tuple[int, int, Key]]) -> Any:
        """Many commands in one transaction, on accounts that repeat and under keys that do."""
        commands: list[Command] = [
            earn(amount, self.accounts[place], self.claimed(key))
            if amount > 0
            else redeem(-amount, self.accounts[place], self.claimed(key))
            for place, amount, key in moves
        ]
        return self.post(*commands)

    @rule(hold=holds)
    def reserve_and_end_in_one_batch(self, hold: tuple[int, Any]) -> None:
        account = self.accounts[hold[0]]
        first, second = reserve(3, account), reserve(4, account)
        self.post(
            first, release(hold[1], account), second, capture(first.hold_id, 2, account),
            release(first.hold_id, account), release(second.hold_id, account),
        )  # fmt: skip

    @rule(duration=st.timedeltas(timedelta(0), timedelta(minutes=4)))
    def time_passes(self, duration: timedelta) -> None:
        self.world.clock.now += duration
        self.compare()

    @rule()
    def sweep(self) -> None:
        self.run(actions.expire_due_holds(self.world.database, self.world.clock))
        for account in self.model.accounts.values():
            self.model.lapse(account, self.world.clock())
            account.pay_what_is_owed()
        self.compare()

    def teardown(self) -> None:
        assert self.run(self.world.findings()) == []


def answer_of(outcome: Outcome) -> Answer:
    if isinstance(outcome, Posted):
        return str(outcome.transfer.verb), outcome.transfer.amount
    return str(outcome.refusal.code), 0


def test_the_ledger_does_what_its_model_does(database_url: str) -> None:
    """12 lives of 50 steps; in a soak 400, which are 20,000 operations."""
    with asyncio.Runner() as runner:
        database, other = (runner.run(Database.open(database_url)) for _ in range(2))
        LedgerMachine.runner = runner
        LedgerMachine.world = runner.run(LedgerWorld.create(database, database_url))
        LedgerMachine.rival = Ledger(other, LedgerMachine.world.clock)
        run_state_machine_as_test(
            LedgerMachine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(database.close())
        runner.run(other.close())
