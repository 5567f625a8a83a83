"""Each transfer is told once, under its own id, where somebody wants to be told; else nothing is kept."""

import asyncio
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from regulars.base.ids import new_id
from regulars.features.ledger.events import KINDS
from regulars.features.ledger.model import Verb
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.catalogue_page import schema_of
from regulars.features.webhooks.sealing import SecretSeal
from tests.support.enrolment import NOW, keep_events
from tests.support.ledger import (
    TILL,
    adjust,
    capture,
    claim,
    earn,
    redeem,
    refund,
    release,
    reserve,
    take_back,
)
from tests.support.ledger_world import LedgerWorld


async def told(world: LedgerWorld) -> list[dict[str, Any]]:
    """The data of what was told, with its type and id, each as its schema has it."""
    async with world.database.connection() as connection:
        cursor = await connection.execute(
            "select type, event_id, data from events where type like 'transfer.%%' order by event_id"
        )
        rows = await cursor.fetchall()
    for kind, _, data in rows:
        Draft202012Validator(schema_of(CATALOGUE[kind]), format_checker=FormatChecker()).validate(data)
    return [{"type": kind, "event_id": str(event_id), **data} for kind, event_id, data in rows]


async def transfers(world: LedgerWorld) -> list[tuple[Any, ...]]:
    async with world.owner() as connection:
        cursor = await connection.execute(
            "select 'transfer.' || case verb when 'earn' then 'earned' when 'redeem' then 'redeemed'"
            " when 'adjust' then 'adjusted' when 'refund' then 'refunded' when 'reserve' then 'reserved'"
            " when 'capture' then 'captured' when 'release' then 'released' when 'expire' then 'expired'"
            " else 'clawed_back' end, transfer_id::text, a.member_id::text, amount, balance_after, t.version"
            " from transfers t join accounts a using (program_id, account_id) order by transfer_id"
        )
        return await cursor.fetchall()


async def compare(world: LedgerWorld) -> int:
    """How many transfers there are; each is told once, as it is."""
    rows = await transfers(world)
    assert [
        (
            event["type"],
            event["event_id"],
            event["member_id"],
            event["amount"],
            event["balance_after"],
            event["version"],
        )
        for event in await told(world)
    ] == rows
    return len(rows)


async def live(world: LedgerWorld) -> None:
    """Something of each kind happens."""
    account = await world.account()
    await world.do(earn(50, account, claim("one")))
    await world.post(earn(50, account, claim("one")))
    await world.do(earn(5, account))
    spent = await world.do(redeem(20, account))
    await world.do(refund(spent.transfer.transfer_id, 5, account))
    holds = [new_id() for _ in range(3)]
    for hold_id in holds:
        await world.do(reserve(2, account, hold_id=hold_id))
    await world.do(capture(holds[0], 1, account))
    await world.do(release(holds[1], account))
    await world.do(adjust(-3, account))
    await world.do(take_back(100, account))
    await world.do(earn(10, account))


async def test_without_an_endpoint_nothing_is_kept(world: LedgerWorld) -> None:
    await live(world)
    assert await told(world) == []


async def test_each_transfer_is_told_once(world: LedgerWorld) -> None:
    await keep_events(world.database, world.program_id)
    await live(world)
    assert await compare(world) > 12
    assert {event["type"] for event in await told(world)} >= {
        KINDS[verb].name for verb in Verb if verb is not Verb.EXPIRE
    }


async def test_earns_that_have_nothing_to_decide_are_told(world: LedgerWorld) -> None:
    accounts = await world.accounts(4)
    await world.post(*(earn(1, account) for account in accounts))
    await keep_events(world.database, world.program_id)
    world.clock.advance(seconds=1)
    await world.ledger.post(world.program_id, earn(2, accounts[0]))
    world.clock.advance(seconds=1)
    await asyncio.gather(*(world.ledger.post(world.program_id, earn(3, account)) for account in accounts))
    assert sorted(event["amount"] for event in await told(world)) == [2, 3, 3, 3, 3]


async def test_bulk_earns_are_told(world: LedgerWorld) -> None:
    accounts = await world.accounts(30)
    await world.post(*(earn(1, account) for account in accounts[:20]))
    await keep_events(world.database, world.program_id)
    rows = [BulkEarnRow(account.member_id, 3, None) for account in (*accounts, *accounts[:5])]
    world.clock.advance(seconds=1)
    await world.ledger.earn_in_bulk(
        world.program_id, BulkEarn(action="grant", attribution=TILL, rows=rows, location_id=0)
    )
    assert len(await told(world)) == 35
    assert {event["action"] for event in await told(world)} == {"grant"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [(["transfer.redeemed"], 1), (["loan.*"], 0), (["transfer.*"], 2), (["tier.changed", "*"], 2)],
)
async def test_only_what_is_wanted_is_told(world: LedgerWorld, filters: list[str], expected: int) -> None:
    async with world.database.transaction() as connection:
        await endpoints.add_endpoint(
            connection,
            SecretSeal("a secret key of the tests"),
            world.program_id,
            url="https://nobody.example/",
            types=filters,
            is_private_allowed=False,
            now=NOW,
        )
    account = await world.account()
    await world.do(earn(50, account))
    await world.do(redeem(20, account))
    assert len(await told(world)) == expected


async def test_what_is_declined_is_not_told(world: LedgerWorld) -> None:
    await keep_events(world.database, world.program_id)
    account = await world.account()
    await world.post(redeem(20, account))
    assert await told(world) == []


def test_every_verb_has_its_type() -> None:
    assert set(KINDS) == set(Verb)
    assert len({kind.name for kind in KINDS.values()}) == len(Verb)
