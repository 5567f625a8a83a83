"""The short way of earns leaves and answers what the rules would, whatever stands in its way."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg
import pytest
from msgspec.structs import asdict, replace

from regulars.base.ids import new_id
from regulars.db.database import DatabaseUnavailable
from regulars.db.pipeline import Pipeline
from regulars.features.ledger import actions
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    LIFETIME_TOTAL_MAX,
    AccountReference,
    AccountState,
    Attribution,
    Declined,
    Earn,
    Outcome,
    Posted,
    RefusalCode,
)
from regulars.features.ledger.model_lists import HistoryFilter
from tests.support.ledger import TILL, adjust, claim, declined, earn, posted, redeem, reserve, take_back
from tests.support.ledger_world import LedgerWorld

AWKWARD = 'a "quoted", \\back\\slashed {list} of NULL, naïve 漢'
TROUBLES = (
    "none", "none", "none", "new", "full", "gone", "claimed", "conflict", "ahead", "reserved", "lapsed",
    "spent", "owing",
)  # fmt: skip


async def crowd(world: LedgerWorld, commands: Sequence[Earn]) -> list[Outcome]:
    """The outcomes of commands that come from as many callers at once, and so in one batch."""
    return await asyncio.gather(*(world.ledger.post(world.program_id, command) for command in commands))


async def by_the_rules(world: LedgerWorld, command: Earn, bystander: AccountReference) -> Outcome:
    """The outcome of a command in a batch whose order counts, which never goes the short way."""
    outcome, _ = await world.post(command, earn(1, bystander))
    return outcome


async def get_into(world: LedgerWorld, trouble: str, account: AccountReference, key: str) -> None:
    """Puts a member into a situation in which a plain update would be wrong, or its answer."""
    if trouble == "new":
        return
    await world.do(earn(10, account))
    if trouble == "gone":
        await world.erase(account)
    elif trouble == "ahead":
        await world.post(earn(1, account), now=world.clock.now + timedelta(days=1))
    elif trouble != "none":
        lapses_at = world.clock.now + timedelta(seconds=1)
        await world.do(
            {
                "full": adjust(AMOUNT_MAX - 10, account),
                "claimed": earn(5, account, claim(key)),
                "conflict": earn(5, account, claim(key, b"another request")),
                "reserved": reserve(4, account),
                "lapsed": reserve(4, account, expires_at=lapses_at),
                "spent": redeem(4, account),
                "owing": take_back(25, account),
            }[trouble]
        )


def told(outcome: Outcome) -> dict[str, Any]:
    """What a caller sees of an outcome and what is the same of two members in one situation."""
    said: dict[str, Any] = {"type": type(outcome), "replayed": outcome.replayed}
    if isinstance(outcome, Declined):
        return said | {"code": outcome.refusal.code}
    row = asdict(outcome.transfer)
    for name in ("transfer_id", "account_id", "version", "created_at", "idempotency_key"):
        del row[name]
    return said | row | standing(outcome.account)


def standing(account: AccountState) -> dict[str, Any]:
    return {
        "balance": account.balance,
        "available": account.available,
        "held": account.held,
        "credited": account.credited,
        "debited": account.debited,
        "owed": account.owed,
        "closed": account.closed,
        "holds": [hold.amount for hold in account.holds],
        "newest": account.newest_hold_status,
        "redemptions": [redemption.remaining for redemption in account.redemptions],
    }


@pytest.mark.parametrize("seed", range(10))
async def test_a_crowd_and_the_rules_agree(world: LedgerWorld, seed: int) -> None:
    """Two lots of members in the same situations: the one comes as a crowd, the other's are judged singly."""
    random = Random(seed)
    number = random.randrange(1, 24)
    [bystander], ours, theirs = [await world.accounts(many) for many in (1, number, number)]
    for place, pair in enumerate(zip(ours, theirs, strict=True)):
        trouble = random.choice(TROUBLES)
        for side, account in zip("ab", pair, strict=True):
            await get_into(world, trouble, account, f"{place}{side}")
    world.clock.advance(seconds=2)
    amounts = [random.randint(1, 99) for _ in range(number)]

    together = await crowd(
        world, [earn(amounts[n], account, claim(f"{n}a")) for n, account in enumerate(ours)]
    )
    singly = [
        await by_the_rules(world, earn(amounts[n], account, claim(f"{n}b")), bystander)
        for n, account in enumerate(theirs)
    ]

    assert list(map(told, together)) == list(map(told, singly))
    for mine, yours, outcome in zip(ours, theirs, together, strict=True):
        state = await world.state(mine)
        assert standing(state) == standing(await world.state(yours))
        if isinstance(outcome, Posted) or outcome.replayed:
            assert outcome.account == state


async def test_what_is_answered_is_what_is_stored(world: LedgerWorld) -> None:
    by = Attribution(
        source="job", actor=AWKWARD, reason="campaign", note=AWKWARD, origin_id=new_id(),
        metadata={"month": "2026-03", "text": AWKWARD},
    )  # fmt: skip
    accounts = await world.accounts(3)
    await world.post(*(earn(1, account) for account in accounts))
    for few in (accounts[:1], accounts):
        world.clock.advance(seconds=1)
        outcomes = await crowd(
            world, [earn(7, account, claim(f"{AWKWARD} {len(few)} {n}"), by) for n, account in enumerate(few)]
        )
        for account, outcome in zip(few, outcomes, strict=True):
            async with world.database.connection() as connection:
                wanted = HistoryFilter(member_id=account.member_id, limit=1)
                [row] = await actions.list_history(connection, world.program_id, wanted)
            assert row.transfer == posted(outcome).transfer
            assert await world.state(account) == outcome.account


async def test_an_earn_by_itself_and_those_of_a_crowd_are_one_exchange(
    world: LedgerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    exchanges: list[Pipeline] = []
    flush = Pipeline.flush

    async def counted(pipeline: Pipeline) -> None:
        exchanges.append(pipeline)
        await flush(pipeline)

    monkeypatch.setattr(Pipeline, "flush", counted)
    accounts = await world.accounts(2)
    await world.post(*(earn(1, account) for account in accounts))
    for commands in ([earn(1, accounts[0], claim("a"))], [earn(1, each) for each in accounts]):
        world.clock.advance(seconds=1)
        exchanges.clear()
        for outcome in await crowd(world, commands):
            posted(outcome)
        assert len(exchanges) == 1


@pytest.mark.parametrize("elsewhere", [{"asset": "stamps"}, {"location_id": 7}])
async def test_another_balance_of_the_member_is_left_alone(
    world: LedgerWorld, elsewhere: dict[str, Any]
) -> None:
    account, neighbour = await world.accounts(2)
    await world.post(earn(1, account), earn(1, neighbour))
    other = AccountReference(account.member_id, **elsewhere)
    for crowded in (False, True):
        world.clock.advance(seconds=1)
        await crowd(world, [earn(5, other), *[earn(1, neighbour)] * crowded])

    assert (await world.balance(account), await world.balance(other)) == (1, 10)


async def test_ids_follow_the_versions_of_an_account(world: LedgerWorld) -> None:
    [account] = await world.accounts(1)
    for _ in range(4):
        world.clock.advance(microseconds=1)
        posted(await world.ledger.post(world.program_id, earn(1, account)))
        await world.post(earn(1, account), earn(1, account))

    async with world.database.connection() as connection:
        wanted = HistoryFilter(member_id=account.member_id)
        rows = await actions.list_history(connection, world.program_id, wanted)
    ids: list[UUID] = [row.transfer.transfer_id for row in rows]
    assert len(ids) == 12
    assert ids == sorted(ids, reverse=True)
    assert [row.transfer.version for row in rows] == list(range(12, 0, -1))


async def test_one_claim_of_many_callers_takes_effect_once(world: LedgerWorld) -> None:
    one, other = await world.accounts(2)
    await world.post(earn(1, one), earn(1, other))
    world.clock.advance(seconds=1)

    same = await crowd(world, [earn(5, one, claim("a"))] * 5)
    elsewhere = await crowd(world, [earn(5, one, claim("b")), earn(5, other, claim("b", b"another"))])

    assert sorted(posted(outcome).replayed for outcome in same) == [False, True, True, True, True]
    assert len({posted(outcome).transfer.transfer_id for outcome in same}) == 1
    assert declined(elsewhere[1]).refusal.code is RefusalCode.IDEMPOTENCY_CONFLICT
    assert (await world.balance(one), await world.balance(other)) == (11, 1)


async def test_a_claim_that_another_process_makes_meanwhile_is_found(world: LedgerWorld) -> None:
    """The statement does not see it, the unique key does, and then the rules answer."""
    one, other = await world.accounts(2)
    await world.post(earn(1, one), earn(1, other))
    world.clock.advance(seconds=1)
    async with world.database.connection() as theirs:
        await theirs.execute("begin")
        await theirs.execute(
            "insert into claims (program_id, scope, key, fingerprint, refusal, created_at)"
            " values (%s, 'request:1', 'a', 'request', '{\"code\": \"balance_limit\"}', now())",
            [world.program_id],
        )
        ours = asyncio.create_task(crowd(world, [earn(5, one, claim("a")), earn(5, other, claim("b"))]))
        await world.until_waiting()
        await theirs.execute("commit")
        first, second = await ours

    assert declined(first).refusal.code is RefusalCode.BALANCE_LIMIT
    assert not posted(second).replayed
    assert (await world.balance(one), await world.balance(other)) == (1, 6)


async def test_what_cannot_be_stored_stores_nothing_and_harms_nobody_else(world: LedgerWorld) -> None:
    one, other = await world.accounts(2)
    await world.post(earn(1, one), earn(1, other))
    world.clock.advance(seconds=1)

    results = await asyncio.gather(
        world.ledger.post(world.program_id, earn(5, one, claim("k" * 3000))),
        world.ledger.post(world.program_id, earn(5, other, by=replace(TILL, note="nul \0"))),
        world.ledger.post(world.program_id, earn(5, other)),
        return_exceptions=True,
    )

    assert isinstance(results[0], psycopg.Error)
    assert isinstance(results[1], psycopg.Error)
    assert isinstance(results[2], Posted)
    assert (await world.balance(one), await world.balance(other)) == (1, 6)


async def test_the_sum_of_all_credits_has_a_limit_too(world: LedgerWorld) -> None:
    account, neighbour = await world.accounts(2)
    await world.post(earn(10, account), earn(10, neighbour))
    world.clock.advance(seconds=1)
    set_totals = "update accounts set credited = credited + %s, debited = debited + %s where member_id = %s"
    for commands in ([earn(1, account)], [earn(1, account), earn(1, neighbour)]):
        async with world.owner() as connection:
            gone_through = LIFETIME_TOTAL_MAX - 10
            await connection.execute(set_totals, [gone_through, gone_through, account.member_id])
            first, *_ = await crowd(world, commands)
            await connection.execute(set_totals, [-gone_through, -gone_through, account.member_id])
        assert declined(first).refusal.code is RefusalCode.BALANCE_LIMIT


async def test_a_row_that_somebody_keeps_holds_up_whom_it_belongs_to(world: LedgerWorld) -> None:
    stuck, free = await world.accounts(2)
    await world.post(earn(1, stuck), earn(1, free))
    world.clock.advance(seconds=1)

    async def seconds_until(account: AccountReference, expected: type[Exception] | None) -> float:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(expected) if expected else nullcontext():
            posted(await world.ledger.post(world.program_id, earn(5, account)))
        return asyncio.get_running_loop().time() - begun

    async with world.database.connection() as theirs:
        await theirs.execute("begin")
        await theirs.execute("select 1 from accounts where member_id = %s for update", [stuck.member_id])
        stuck_seconds, free_seconds = await asyncio.gather(
            seconds_until(stuck, DatabaseUnavailable), seconds_until(free, None)
        )
        await theirs.execute("rollback")

    assert free_seconds < 0.4 * stuck_seconds, "a crowd does not wait as long as one alone"
    assert (await world.balance(stuck), await world.balance(free)) == (1, 6)
