"""Earns that go the short way are told as all others: the same events, deliveries and wake-up call."""

import asyncio
from collections.abc import Sequence
from random import Random
from typing import Any

import msgspec
import psycopg
import pytest

from regulars.base.ids import new_id
from regulars.db.pipeline import Pipeline
from regulars.features.ledger import actions, events
from regulars.features.ledger.model import AccountReference, Attribution, Earn, Transfer
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow
from regulars.features.ledger.model_lists import HistoryFilter
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.sealing import SecretSeal
from tests.store.test_ledger_earning import AWKWARD, TROUBLES, crowd, get_into
from tests.support.enrolment import NOW, keep_events
from tests.support.ledger import claim, earn
from tests.support.ledger_world import LedgerWorld

BY = Attribution(
    source="job", actor=AWKWARD, reason="campaign", note=AWKWARD, origin_id=new_id(), metadata={"a": AWKWARD}
)


async def listen(world: LedgerWorld, *types: str) -> int:
    """An endpoint that is told of events of these types."""
    async with world.database.transaction() as connection:
        made = await endpoints.add_endpoint(
            connection,
            SecretSeal("a secret key of the tests"),
            world.program_id,
            url="https://nobody.example/",
            types=types,
            is_private_allowed=False,
            now=NOW,
        )
    return made.endpoint.endpoint_id


async def rows(world: LedgerWorld, query: str, *values: object) -> list[tuple[Any, ...]]:
    async with world.owner() as connection:
        return await (await connection.execute(query.encode(), values)).fetchall()


async def transfers(world: LedgerWorld) -> list[tuple[AccountReference, Transfer]]:
    """All there are in the two kinds of accounts that are used here."""
    found: list[tuple[AccountReference, Transfer]] = []
    async with world.database.connection() as connection:
        for asset, location_id in (("points", 0), ("stamps", 7)):
            wanted = HistoryFilter(asset=asset, location_id=location_id, limit=1000)
            listed = await actions.list_history(connection, world.program_id, wanted)
            found += [(AccountReference(row.member_id, asset, location_id), row.transfer) for row in listed]
    return found


async def check(world: LedgerWorld) -> int:
    """How many events there are: one for each transfer, to the byte as `events` has it for the usual way."""
    expected = []
    for reference, transfer in await transfers(world):
        state = msgspec.structs.replace(
            await world.state(reference), account_id=transfer.account_id, reference=reference
        )
        [event] = events.told([transfer], {transfer.account_id: state})
        data = msgspec.json.encode(event.data).decode()
        [(text,)] = await rows(world, "select %s::jsonb::text", data)
        expected.append((event.event_id, event.type, text, event.occurred_at))
    kept = await rows(world, "select event_id, type, data::text, occurred_at from events order by event_id")
    assert kept == sorted(expected)
    return len(kept)


async def earn_in_bulk(world: LedgerWorld, accounts: Sequence[AccountReference], **more: Any) -> None:
    listed = [BulkEarnRow(account.member_id, 1 + place) for place, account in enumerate(accounts)]
    await world.ledger.earn_in_bulk(
        world.program_id, BulkEarn(action=AWKWARD, attribution=BY, rows=listed, **more)
    )


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_stands_in_the_way_each_is_told_as_ever(world: LedgerWorld, seed: int) -> None:
    random = Random(seed)
    await keep_events(world.database, world.program_id)
    accounts = await world.accounts(random.randrange(2, 16))
    for place, account in enumerate(accounts):
        await get_into(world, random.choice(TROUBLES), account, f"{place}")
    world.clock.advance(seconds=2, microseconds=random.randrange(2))
    commands = [earn(random.randint(1, 99), each, claim(f"{n}"), BY) for n, each in enumerate(accounts)]
    await crowd(world, commands)
    world.clock.advance(seconds=1)
    for command in commands:
        await world.ledger.post(world.program_id, msgspec.structs.replace(command, claim=None))
    # One of them was posted to a day ahead of the others.
    world.clock.advance(days=2)
    await earn_in_bulk(world, accounts)
    assert await check(world) > 2 * len(accounts) - 4


@pytest.mark.parametrize("microseconds", [0, 1, 120_000])
async def test_each_short_way_tells_the_same(world: LedgerWorld, microseconds: int) -> None:
    await keep_events(world.database, world.program_id)
    accounts = await world.accounts(3)
    elsewhere = [AccountReference(each.member_id, "stamps", 7) for each in accounts]
    await world.post(*(earn(1, account) for account in (*accounts, *elsewhere)))
    world.clock.advance(seconds=1, microseconds=microseconds)
    await world.ledger.post(world.program_id, earn(2, elsewhere[0], claim("one"), BY))
    await crowd(
        world, [Earn(action=AWKWARD, account=each, attribution=BY, amount=3) for each in elsewhere[1:]]
    )
    world.clock.advance(seconds=1)
    await crowd(world, [earn(4, each) for each in accounts])
    world.clock.advance(seconds=1)
    await earn_in_bulk(world, accounts)
    await earn_in_bulk(world, elsewhere, asset="stamps", location_id=7)
    assert await check(world) == 6 + 1 + 2 + 3 + 6
    assert await rows(world, "select count(*) from events where created_at <> occurred_at") == [(0,)]


async def test_once_somebody_is_told_every_short_way_is_one_exchange(
    world: LedgerWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    accounts = await world.accounts(2)
    await world.post(*(earn(1, account) for account in accounts))
    exchanges: list[Pipeline] = []
    flush = Pipeline.flush

    async def counted(pipeline: Pipeline) -> None:
        exchanges.append(pipeline)
        await flush(pipeline)

    async def exchanges_of(*commands: Earn) -> int:
        world.clock.advance(seconds=1)
        exchanges.clear()
        await crowd(world, commands)
        return len(exchanges)

    monkeypatch.setattr(Pipeline, "flush", counted)
    one, both = [earn(1, accounts[0])], [earn(1, each) for each in accounts]
    assert await exchanges_of(*one) == 1
    await listen(world, "transfer.*")
    # The process finds out with the first earn that it would not have told.
    assert [await exchanges_of(*one), await exchanges_of(*one), await exchanges_of(*both)] == [3, 1, 1]
    exchanges.clear()
    world.clock.advance(seconds=1)
    await earn_in_bulk(world, accounts)
    assert len(exchanges) == 1
    assert await world.count("events") == 6


async def test_a_process_that_thinks_somebody_listens_tells_nobody(world: LedgerWorld) -> None:
    account, newcomer = await world.accounts(2)
    await world.do(earn(1, account))
    endpoint_id = await listen(world, "*")
    for _ in range(2):
        world.clock.advance(seconds=1)
        await world.ledger.post(world.program_id, earn(1, account))
    async with world.database.transaction() as connection:
        await endpoints.remove_endpoint(connection, world.program_id, endpoint_id, NOW)
    for who in (account, newcomer, account):
        world.clock.advance(seconds=1)
        await world.ledger.post(world.program_id, earn(1, who))
    assert (await world.balance(account), await world.balance(newcomer)) == (5, 1)
    assert await world.count("events") == 2


@pytest.mark.parametrize(
    ("types", "is_wanted"), [(["*"], True), (["transfer.earned"], True), (["transfer.redeemed"], False)]
)
async def test_each_endpoint_gets_what_it_wants(
    world: LedgerWorld, types: list[str], is_wanted: bool
) -> None:
    accounts = await world.accounts(3)
    await world.post(*(earn(1, account) for account in accounts))
    wanting = [await listen(world, *types), await listen(world, *types, "loan.*")]
    await listen(world, "loan.*")
    await keep_events(world.database, world.program_id, types)
    world.clock.advance(seconds=1)
    # The second one by itself is told by the statement of the first way.
    for account in accounts[:2]:
        await world.ledger.post(world.program_id, earn(1, account))
    world.clock.advance(seconds=1)
    await crowd(world, [earn(1, account) for account in accounts])
    world.clock.advance(seconds=1)
    await earn_in_bulk(world, accounts)
    assert await world.count("events") == 8 * is_wanted
    found = await rows(
        world,
        "select endpoint_id, count(*), count(*) filter (where d.due_at = e.created_at"
        " and d.created_at = e.created_at and attempts = 0)"
        " from webhook_deliveries d join events e using (program_id, event_id)"
        " group by endpoint_id order by endpoint_id",
    )
    assert found == [(endpoint_id, 8, 8) for endpoint_id in wanting] * is_wanted


async def test_who_delivers_is_woken_up_once_for_each_transaction(world: LedgerWorld) -> None:
    accounts = await world.accounts(20)
    await world.post(*(earn(1, account) for account in accounts))
    await listen(world, "*")
    world.clock.advance(seconds=1)
    await world.ledger.post(world.program_id, earn(1, accounts[0]))
    async with await psycopg.AsyncConnection.connect(world.database_url, autocommit=True) as ears:
        await ears.execute("listen regulars_webhooks")

        async def calls() -> int:
            return len([call async for call in ears.notifies(timeout=0.5)])

        world.clock.advance(seconds=1)
        await world.ledger.post(world.program_id, earn(1, accounts[0]))
        assert await calls() == 1
        world.clock.advance(seconds=1)
        await crowd(world, [earn(1, account) for account in accounts])
        assert await calls() >= 1
        world.clock.advance(seconds=1)
        await earn_in_bulk(world, accounts)
        assert await calls() == 1


async def test_what_is_undone_is_not_told(world: LedgerWorld) -> None:
    """Another process makes the same claim meanwhile, and then the usual way tells of what is posted."""
    one, other = await world.accounts(2)
    await world.post(earn(1, one), earn(1, other))
    await listen(world, "*")
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
        await ours
    assert await world.count("events") == 1
    assert [await world.balance(account) for account in (one, other)] == [1, 6]
