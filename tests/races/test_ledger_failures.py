"""What goes wrong for one caller, or for the database, and what it does to the others: nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from regulars.db.database import DatabaseUnavailable
from regulars.features.ledger import group_commit
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import AccountReference, Attribution, Claim, Command, Posted
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow, BulkOutcome
from tests.support.ledger import claim, earn, posted, redeem, reserve
from tests.support.ledger_trouble import small_ledger
from tests.support.ledger_world import LedgerWorld


@asynccontextmanager
async def killing(world: LedgerWorld, pause_seconds_max: float = 0.03) -> AsyncIterator[None]:
    """All connections of the application `victim` are killed every few milliseconds."""
    random = Random(5)

    async def kill() -> None:
        async with world.owner() as owner:
            while True:
                await asyncio.sleep(random.uniform(0.005, pause_seconds_max))
                await owner.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'victim'"
                )

    task = asyncio.create_task(kill())
    yield
    task.cancel()


async def let_them_queue() -> None:
    """Tasks that were made before this call have run as far as they can."""
    for _ in range(3):
        await asyncio.sleep(0)


def poisoned(account: AccountReference) -> list[Command]:
    """Commands that nothing before the ledger may let through, each refused at another place."""
    note = [Attribution(source="till", note=note) for note in ("\x00", "\ud800")]
    return [
        earn(1, account, by=note[0]),
        earn(1, account, by=note[1]),
        earn(1, account, claim("\x00")),
        earn(1, account, claim("\udfff")),
        earn(1, account, claim(Random(1).randbytes(5000).hex())),
        earn(1, account, by=Attribution(source="till", metadata={"text": ["\x00"]})),
        earn(1, account, by=Attribution(source="till", metadata={"self": object()})),
        reserve(0, account, subject={"\ud800": 1}),
        earn(0, account),
        redeem(-1, account),
        earn(1, AccountReference(account.member_id, "\x00")),
        earn(1, AccountReference(account.member_id, "points", 2**31)),
    ]


async def test_a_poisoned_command_fails_alone(world: LedgerWorld) -> None:
    account, *others = await world.accounts(12)
    async with small_ledger(world, connections=1) as ledger:
        for bad in poisoned(account):
            commands = [
                *(earn(1, other) for other in others),
                bad,
                earn(1, account),
                *(earn(1, o) for o in others),
            ]
            results = await asyncio.gather(
                *(ledger.post(world.program_id, command) for command in commands), return_exceptions=True
            )

            failed = [place for place, result in enumerate(results) if not isinstance(result, Posted)]
            assert failed == [commands.index(bad)]
            # The caller is not told to come back with it, as for a database that is down.
            assert not isinstance(results[len(others)], DatabaseUnavailable)

    rounds = len(poisoned(account))
    assert await world.balance(account) == rounds
    assert [await world.balance(other) for other in others] == [2 * rounds] * len(others)


async def test_a_poisoned_command_in_a_bulk_posting_undoes_all_of_it(world: LedgerWorld) -> None:
    account = await world.account()
    for bad in poisoned(account):
        with pytest.raises(Exception):  # noqa: B017, PT011 (each is refused in its own way)
            await world.post(earn(1, account, claim()), bad)

    assert not (await world.state(account)).exists
    assert not (await world.do(earn(1, account, claim()))).replayed


async def test_killed_connections_lose_and_double_nothing(world: LedgerWorld) -> None:
    accounts = await world.accounts(10)
    random = Random(7)
    unknown = 0

    async def client(ledger: Ledger, number: int) -> None:
        nonlocal unknown
        for turn in range(25):
            keyed = earn(1, random.choice(accounts), Claim("request:1", f"{number}-{turn}", b""))
            while True:
                try:
                    posted(await ledger.post(world.program_id, keyed))
                    break
                except DatabaseUnavailable:
                    unknown += 1
                    await asyncio.sleep(0.01)

    async with small_ledger(world, connections=4, application_name="victim") as ledger, killing(world):
        await asyncio.gather(*(client(ledger, number) for number in range(40)))

    assert unknown > 0, "nobody was hit"
    assert sum([await world.balance(account) for account in accounts]) == 40 * 25
    assert await world.count("claims") == await world.count("transfers") == 40 * 25


async def test_a_job_that_is_cut_off_goes_on_where_it_was(world: LedgerWorld) -> None:
    accounts = await world.accounts(50)
    months = cut_off = 0

    async def grant(ledger: Ledger, rows: list[BulkEarnRow]) -> BulkOutcome:
        nonlocal cut_off
        while True:
            world.clock.advance(seconds=1)
            try:
                bulk = BulkEarn(action="grant", attribution=Attribution("job"), rows=rows)
                return await ledger.earn_in_bulk(world.program_id, bulk)
            except DatabaseUnavailable:
                cut_off += 1
                await asyncio.sleep(0.001)

    async with small_ledger(world, 4, application_name="victim") as ledger, killing(world, 0.2):
        while cut_off < 5:
            rows = [
                BulkEarnRow(account.member_id, 1, Claim("job", f"{months}-{n}", b""))
                for n, account in enumerate(accounts)
            ]
            for start in range(0, 50, 10):
                outcome = await grant(ledger, rows[start:])
                assert not outcome.declined
            months += 1

    assert {await world.balance(account) for account in accounts} == {months}
    assert await world.count("claims") == await world.count("transfers") == 50 * months


async def test_a_posting_that_may_have_happened_is_not_made_again(world: LedgerWorld) -> None:
    """Without a key nobody could tell afterwards, so the caller is told that it is not known."""
    account = await world.account()
    acknowledged: set[str] = set()

    async def client(ledger: Ledger, number: int) -> None:
        for turn in range(25):
            name = f"{number}-{turn}"
            try:
                posted(
                    await ledger.post(world.program_id, earn(1, account, by=Attribution("till", note=name)))
                )
                acknowledged.add(name)
            except DatabaseUnavailable:
                pass

    async with small_ledger(world, connections=4, application_name="victim") as ledger, killing(world):
        await asyncio.gather(*(client(ledger, number) for number in range(20)))

    async with world.owner() as owner:
        cursor = await owner.execute("select note from transfers")
        effects = [row[0] for row in await cursor.fetchall()]
    assert len(acknowledged) < 500, "nobody was hit"
    assert len(effects) == len(set(effects)), "a posting was made twice"
    assert acknowledged <= set(effects)


async def test_postings_are_turned_away_when_too_many_wait(
    world: LedgerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "PENDING_MAX", 10)
    account = await world.account()
    async with small_ledger(world, connections=1) as ledger:
        async with ledger._database.connection():
            waiting = [
                asyncio.ensure_future(ledger.post(world.program_id, earn(1, account))) for _ in range(10)
            ]
            await let_them_queue()
            with pytest.raises(DatabaseUnavailable, match="too many"):
                await ledger.post(world.program_id, earn(1, account))
        assert all(isinstance(outcome, Posted) for outcome in await asyncio.gather(*waiting))
    assert await world.balance(account) == 10


async def test_no_connection_in_time_is_said_to_every_caller(world: LedgerWorld) -> None:
    account = await world.account()
    async with small_ledger(world, connections=1, acquire_timeout_seconds=0.2) as ledger:
        async with ledger._database.connection():
            calls = [ledger.post(world.program_id, earn(1, account)) for _ in range(5)]
            results = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(result, DatabaseUnavailable) for result in results)
        posted(await ledger.post(world.program_id, earn(1, account)))
    assert await world.balance(account) == 1


async def test_whatever_breaks_every_caller_gets_an_answer(
    world: LedgerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = await world.account()

    def broken() -> None:
        raise RuntimeError("broken")

    with monkeypatch.context() as patch:
        patch.setattr(world.database, "connection", broken)
        calls = [world.ledger.post(world.program_id, earn(1, account)) for _ in range(5)]
        results = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), timeout=5)
    assert [str(result) for result in results] == ["broken"] * 5

    posted(await world.ledger.post(world.program_id, earn(1, account)))


async def test_a_caller_who_leaves_while_waiting_has_no_effect(world: LedgerWorld) -> None:
    account = await world.account()
    async with small_ledger(world, connections=1) as ledger:
        async with ledger._database.connection():
            calls = [
                asyncio.ensure_future(ledger.post(world.program_id, earn(1, account))) for _ in range(10)
            ]
            await let_them_queue()
            for call in calls[::2]:
                call.cancel()
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(result, Posted) for result in results) == 5
        posted(await ledger.post(world.program_id, earn(1, account)))
    assert await world.balance(account) == 6


async def test_callers_who_leave_at_any_moment_harm_nobody(world: LedgerWorld) -> None:
    account = await world.account()
    random = Random(3)

    async def leave(number: int) -> int:
        keyed = earn(1, account, claim(str(number)))
        post = world.ledger.post_batch(world.program_id, [keyed]) if number % 3 else None
        try:
            async with asyncio.timeout(random.uniform(0, 0.02)):
                await (post or world.ledger.post(world.program_id, keyed))
        except TimeoutError:
            return 0
        return 1

    finished = sum(await asyncio.gather(*(leave(number) for number in range(150))))

    await world.ledger.close()
    balance = await world.balance(account)
    assert finished <= balance <= 150
    outcomes = await asyncio.gather(
        *(world.ledger.post(world.program_id, earn(1, account, claim(str(number)))) for number in range(150))
    )
    assert sum(posted(outcome).replayed for outcome in outcomes) == balance
    assert await world.balance(account) == 150


async def test_closing_waits_for_what_was_accepted(world: LedgerWorld) -> None:
    account = await world.account()
    calls = [asyncio.ensure_future(world.ledger.post(world.program_id, earn(1, account))) for _ in range(600)]
    await let_them_queue()

    await world.ledger.close()

    assert all(call.done() for call in calls)
    assert await world.balance(account) == 600
