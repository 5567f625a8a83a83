"""What a claim has led to, looked up without a command."""

import asyncio

import pytest
from msgspec.structs import replace

from regulars.features.ledger import actions
from regulars.features.ledger.model import AccountReference, Claim, Outcome, RefusalCode
from tests.support.ledger import claim, declined, earn, posted, redeem, reserve
from tests.support.ledger_world import LedgerWorld, create_program


async def recalled(
    world: LedgerWorld, account: AccountReference, made: Claim, program_id: int | None = None
) -> Outcome | None:
    async with world.database.transaction() as connection:
        return await actions.recalled(
            connection, program_id or world.program_id, account, made, world.clock()
        )


async def test_a_claim_that_led_to_nothing(world: LedgerWorld) -> None:
    account = await world.account()
    assert await recalled(world, account, claim("k")) is None
    await world.do(earn(5, account))
    assert await recalled(world, account, claim("k")) is None


async def test_a_posting_beside_todays_account(world: LedgerWorld) -> None:
    account = await world.account()
    made = claim("k")
    first = await world.do(replace(earn(5, account), claim=made))
    await world.do(earn(2, account))
    again = await recalled(world, account, made)
    assert again is not None
    assert posted(again).transfer == first.transfer
    assert posted(again).replayed
    assert posted(again).account == await world.state(account)


async def test_a_refusal_is_remembered_too(world: LedgerWorld) -> None:
    account = await world.account()
    command = replace(redeem(5, account), claim=claim("k"))
    [first] = await world.post(command)
    await world.do(earn(9, account))
    again = await recalled(world, account, claim("k"))
    assert again is not None
    assert declined(again).refusal == declined(first).refusal
    assert declined(again).account.balance == 9


async def test_another_request_under_the_key_is_a_conflict(world: LedgerWorld) -> None:
    account = await world.account()
    made = claim("k")
    await world.do(replace(earn(5, account), claim=made))
    again = await recalled(world, account, replace(made, fingerprint=b"another"))
    assert again is not None
    assert declined(again).refusal.code is RefusalCode.IDEMPOTENCY_CONFLICT


async def test_another_program_never_sees_it(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(replace(earn(5, account), claim=claim("k")))
    other = await create_program(world.database, "other")
    assert await recalled(world, account, claim("k"), other) is None


async def test_lapsed_holds_reserve_nothing_in_it(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(earn(5, account))
    lapsing = replace(reserve(5, account), expires_at=world.clock.advance(seconds=1), claim=claim("k"))
    await world.do(lapsing)
    world.clock.advance(seconds=2)
    again = await recalled(world, account, claim("k"))
    assert again is not None
    assert again.account.available == 5


@pytest.mark.parametrize("repetition", range(5))
async def test_whoever_posts_under_it_at_this_moment_is_waited_for(
    world: LedgerWorld, repetition: int
) -> None:
    """The posting has the account's lock and its claim is not committed yet: its outcome is the answer."""
    account = await world.account()
    await world.do(earn(5, account))
    command = replace(redeem(1, account), claim=claim("k"))
    async with world.database.transaction() as connection:
        await connection.execute(
            "select 1 from accounts where member_id = %s for update", [account.member_id]
        )
        posting = asyncio.create_task(world.do(command))
        await world.until_waiting()
        asking = asyncio.create_task(recalled(world, account, claim("k")))
        await world.until_waiting(2)
    again = await asking
    assert again is not None
    assert posted(again).transfer == (await posting).transfer
