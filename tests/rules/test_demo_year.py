"""The demo's year, run through the ledger's pure rules: no database."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from regulars.base.ids import new_id
from regulars.demo.catalogue import CHORES, TREATS
from regulars.demo.children import Child, Price, Task
from regulars.demo.people import LEO, MAYA, people_of_the_demo
from regulars.demo.year import Cast, Round, plan_year
from regulars.features.ledger.folding import Folding
from regulars.features.ledger.model import AccountReference, AccountState, Outcome, Posted
from regulars.features.ledger.store_accounts import BatchState

UNTIL = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)


def make_cast(count: int = 12) -> Cast:
    people = people_of_the_demo(count, Random(7))
    return Cast(
        [
            Child(
                UUID(int=index + 1),
                UNTIL - timedelta(days=365) + person.joined_after,
                diligence=person.diligence,
                thrift=person.thrift,
                keeps_one_pending=person is LEO,
            )
            for index, person in enumerate(people)
        ],
        [Task(index, chore.title, chore.points) for index, chore in enumerate(CHORES, 1)],
        [Price(index, treat.name, treat.cost, None) for index, treat in enumerate(TREATS, 1)],
    )


def live_through(cast: Cast, seed: int = 7) -> tuple[list[Round], list[Outcome], BatchState]:
    state = BatchState({}, {}, {})
    rounds: list[Round] = []
    outcomes: list[Outcome] = []
    plan = plan_year(cast, until=UNTIL, time_zone="Europe/London", seed=seed)
    latest: list[Outcome] | None = None
    while True:
        try:
            turn = next(plan) if latest is None else plan.send(latest)
        except StopIteration:
            return rounds, outcomes, state
        for command in turn.commands:
            state.accounts.setdefault(
                command.account, AccountState(account_id=new_id(), reference=command.account, exists=True)
            )
        folding = Folding(state, turn.at)
        latest = [folding.decide(command) for command in turn.commands]
        rounds.append(turn)
        outcomes.extend(latest)


def test_no_command_of_the_year_is_declined_and_every_kind_of_movement_is_in_it() -> None:
    rounds, outcomes, state = live_through(make_cast())

    assert all(isinstance(outcome, Posted) and not outcome.replayed for outcome in outcomes)
    verbs = Counter(outcome.transfer.verb.value for outcome in outcomes if isinstance(outcome, Posted))
    assert set(verbs) == {"earn", "redeem", "adjust", "refund", "reserve", "capture", "release"}
    assert verbs["earn"] > 3000
    assert UNTIL - timedelta(days=367) < rounds[0].at < UNTIL - timedelta(days=363)
    assert UNTIL - timedelta(days=1) < rounds[-1].at < UNTIL
    assert [turn.at for turn in rounds] == sorted({turn.at for turn in rounds})
    assert all(account.balance >= account.held >= 0 for account in state.accounts.values())


def test_leo_ends_the_year_with_a_wish_waiting_for_an_answer() -> None:
    _, _, state = live_through(make_cast())
    assert state.accounts[AccountReference(UUID(int=1))].holds


def test_the_year_is_the_same_each_time_it_is_made() -> None:
    first, _, _ = live_through(make_cast(5))
    second, _, _ = live_through(make_cast(5))
    # Refunds name the transfers of their run, which get new ids; everything else is equal.
    assert [(turn.at, [describe(c) for c in turn.commands]) for turn in first] == [
        (turn.at, [describe(c) for c in turn.commands]) for turn in second
    ]


def describe(command: object) -> str:
    text = repr(command)
    return text.split("redeem_id=")[0]


def test_claims_are_unique() -> None:
    rounds, _, _ = live_through(make_cast(5))
    keys = [command.claim.key for turn in rounds for command in turn.commands if command.claim]
    assert len(keys) == len(set(keys)) == sum(len(turn.commands) for turn in rounds)


def test_people_are_many_and_their_handles_unique() -> None:
    people = people_of_the_demo(3000, Random(1))
    assert people[:2] == [LEO, MAYA]
    assert len({person.handle for person in people}) == 3000
