"""Two ledgers on one database, as two processes have them: whoever comes first, the books add up."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from itertools import cycle
from random import Random

from regulars.features.ledger import actions
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import (
    Claim,
    Command,
    Declined,
    HoldStatus,
    Outcome,
    Posted,
    RefusalCode,
)
from tests.support.ledger import (
    NOW,
    ManualClock,
    adjust,
    capture,
    claim,
    declined,
    earn,
    posted,
    redeem,
    refund,
    release,
    reserve,
)
from tests.support.ledger_world import LedgerWorld

HOUR = timedelta(hours=1)


async def post_at_once(
    world: LedgerWorld, ledgers: Iterable[Ledger], commands: Iterable[Command]
) -> list[Outcome]:
    """The outcomes of commands that are posted together, to the ledgers in turn."""
    calls = [
        ledger.post(world.program_id, command)
        for ledger, command in zip(cycle(ledgers), commands, strict=False)
    ]
    return await asyncio.gather(*calls)


def effects(outcomes: Iterable[Outcome]) -> list[Posted]:
    """The postings that took effect now."""
    return [outcome for outcome in outcomes if isinstance(outcome, Posted) and not outcome.replayed]


async def test_no_point_is_spent_twice(world: LedgerWorld, rival: Ledger) -> None:
    accounts = await world.accounts(50)
    await world.post(*(earn(10, account) for account in accounts))
    random = Random(1)

    async def client(ledger: Ledger) -> int:
        outcomes = [
            await ledger.post(world.program_id, redeem(1, random.choice(accounts))) for _ in range(200)
        ]
        return len(effects(outcomes))

    spent = await asyncio.gather(*(client((world.ledger, rival)[number % 2]) for number in range(64)))

    assert sum(spent) == 500
    assert [await world.balance(account) for account in accounts] == [0] * 50


async def test_the_same_key_at_once_has_one_effect(world: LedgerWorld, rival: Ledger) -> None:
    for account in await world.accounts(10):
        key = claim(str(account.member_id))

        outcomes = await post_at_once(world, (world.ledger, rival), [earn(5, account, key)] * 20)

        assert len(effects(outcomes)) == 1
        assert len({posted(outcome).transfer.transfer_id for outcome in outcomes}) == 1
        assert await world.balance(account) == 5


async def test_a_token_brought_by_many_has_one_effect(world: LedgerWorld, rival: Ledger) -> None:
    accounts = await world.accounts(20)
    for number in range(10):
        token = Claim("token", f"jti-{number}", b"")

        outcomes = await post_at_once(
            world, (world.ledger, rival), [earn(5, account, token) for account in accounts]
        )

        assert len(effects(outcomes)) == 1
        assert len({posted(outcome).transfer.transfer_id for outcome in outcomes}) == 1
    assert sum([await world.balance(account) for account in accounts]) == 50


async def test_the_same_key_with_other_requests_at_once(world: LedgerWorld, rival: Ledger) -> None:
    account = await world.account()
    commands = [earn(number + 1, account, claim(fingerprint=bytes([number]))) for number in range(20)]

    outcomes = await post_at_once(world, (world.ledger, rival), commands)

    [winner] = effects(outcomes)
    assert await world.balance(account) == winner.transfer.amount
    conflicts = [outcome for outcome in outcomes if outcome is not winner]
    assert {declined(outcome).refusal.code for outcome in conflicts} == {RefusalCode.IDEMPOTENCY_CONFLICT}


async def test_a_hold_ends_once(world: LedgerWorld, rival: Ledger) -> None:
    """Captured and released by clocks before its end, swept and released by clocks after it."""
    account = await world.account()
    await world.do(earn(1000, account))
    late = Ledger(world.database, ManualClock(NOW + HOUR))
    for turn in range(20):
        held = reserve(5, account, expires_at=NOW + HOUR)
        await world.do(held)
        tries: list[Awaitable[object]] = [
            world.ledger.post(world.program_id, capture(held.hold_id, 2, account)),
            rival.post(world.program_id, release(held.hold_id, account)),
            rival.post(world.program_id, capture(held.hold_id, 3, account)),
            late.post(world.program_id, release(held.hold_id, account)),
            actions.expire_due_holds(world.database, ManualClock(NOW + HOUR)),
        ]
        Random(turn).shuffle(tries)
        results = await asyncio.gather(*tries)

        winners = [result for result in results if isinstance(result, Posted)]
        async with world.database.connection() as connection:
            row = await actions.find_hold(connection, world.program_id, held.hold_id, NOW)
        assert row is not None
        if winners:
            [winner] = winners
            assert winner.hold == row.hold
        else:
            assert row.hold.status is HoldStatus.EXPIRED
    await late.close()
    assert (await world.state(account)).held == 0


async def test_refunds_at_once_stay_within_their_redeem(world: LedgerWorld, rival: Ledger) -> None:
    account = await world.account()
    await world.do(earn(100, account))
    for _ in range(10):
        redeem_id = (await world.do(redeem(10, account))).transfer.transfer_id

        outcomes = await post_at_once(
            world,
            (world.ledger, rival),
            [*([refund(redeem_id, 3, account)] * 10), *([redeem(9, account)] * 3)],
        )

        refunds = [effect for effect in effects(outcomes) if effect.transfer.parent_id == redeem_id]
        assert len(refunds) == 3
        await world.do(refund(redeem_id, 1, account))
        await world.do(earn(27, account))


async def test_spending_and_reserving_at_once_stay_within_the_balance(
    world: LedgerWorld, rival: Ledger
) -> None:
    account = await world.account()
    await world.do(earn(20, account))

    outcomes = await post_at_once(
        world,
        (world.ledger, rival),
        [
            command
            for _ in range(20)
            for command in (redeem(3, account), reserve(2, account), adjust(-1, account))
        ],
    )

    state = await world.state(account)
    assert state.available == 0
    taken = sum(
        -effect.transfer.amount or (effect.hold.amount if effect.hold else 0) for effect in effects(outcomes)
    )
    assert taken == 20


async def test_nothing_is_posted_after_an_erasure(world: LedgerWorld, rival: Ledger) -> None:
    opened, unopened = await world.accounts(20), await world.accounts(20)
    await world.post(*(earn(10, account) for account in opened))
    for account, before in [*((account, 10) for account in opened), *((account, 0) for account in unopened)]:
        calls = [
            ledger.post(world.program_id, earn(1, account))
            for ledger in (world.ledger, rival)
            for _ in range(3)
        ]
        *outcomes, _ = await asyncio.gather(*calls, world.erase(account))

        late = await rival.post(world.program_id, earn(1, account))
        declined(late, RefusalCode.ACCOUNT_CLOSED)
        state = await world.state(account)
        posted_in_time = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
        assert state.balance == before + len(posted_in_time)
        assert state.closed or not state.exists
        codes = {outcome.refusal.code for outcome in outcomes if isinstance(outcome, Declined)}
        assert codes <= {RefusalCode.ACCOUNT_CLOSED}


async def test_batches_in_opposite_orders_get_through(world: LedgerWorld, rival: Ledger) -> None:
    accounts = await world.accounts(12)
    await world.post(*(earn(1000, account) for account in accounts[:6]))

    async def keep_posting(ledger: Ledger, scope: str, forwards: bool) -> None:
        random = Random(scope)
        for turn in range(30):
            chosen = sorted(random.sample(accounts, 8), key=lambda account: account.member_id.int)
            keys = [claim(f"{turn}-{place}", scope="shared", fingerprint=b"") for place in range(8)]
            commands = [earn(1, account, key) for account, key in zip(chosen, keys, strict=True)]
            await ledger.post_batch(world.program_id, commands if forwards else commands[::-1])

    await asyncio.gather(
        keep_posting(world.ledger, "a", forwards=True),
        keep_posting(rival, "b", forwards=False),
        keep_posting(world.ledger, "c", forwards=False),
        keep_posting(rival, "d", forwards=True),
    )

    assert sum([await world.balance(account) for account in accounts]) == 6000 + 30 * 8


async def test_an_account_is_always_read_as_it_was_at_one_moment(world: LedgerWorld, rival: Ledger) -> None:
    account = await world.account()
    await world.do(earn(5, account))
    running = True

    async def change(ledger: Ledger) -> None:
        while running:
            held = reserve(5, account)
            await ledger.post(world.program_id, held)
            await ledger.post(world.program_id, capture(held.hold_id, None, account))
            await ledger.post(world.program_id, earn(5, account))

    async def look() -> None:
        for _ in range(300):
            state = await world.state(account)
            assert state.held == sum(hold.amount for hold in state.holds)
            assert state.available >= 0

    changing = [asyncio.create_task(change(ledger)) for ledger in (world.ledger, rival)]
    try:
        await look()
    finally:
        running = False
        await asyncio.gather(*changing)


async def test_accounts_are_opened_once(world: LedgerWorld, rival: Ledger) -> None:
    for account in await world.accounts(20):
        outcomes = await post_at_once(world, (world.ledger, rival), [earn(1, account)] * 10)

        assert len({outcome.account.account_id for outcome in outcomes}) == 1
        assert await world.balance(account) == 10
