"""Idempotency: a key has one effect, and one answer."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from regulars.features.ledger import actions
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    AccountReference,
    Attribution,
    Claim,
    Command,
    Outcome,
    RefusalCode,
)
from tests.support.ledger import (
    NOW,
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
from tests.support.ledger_world import LedgerWorld, create_program

TOKEN = Claim("token", "jti-1", b"")


def with_claim(command: Command, made: Claim) -> Command:
    return replace(command, claim=made)


async def _prepared(world: LedgerWorld, account: AccountReference) -> list[Command]:
    """One command of every kind, each of which can be posted."""
    to_capture, to_release = reserve(2, account), reserve(2, account)
    await world.post(earn(50, account), redeem(5, account), to_capture, to_release)
    rows = await _redemptions(world, account)
    return [
        earn(1, account), redeem(1, account), adjust(-1, account), reserve(1, account),
        capture(to_capture.hold_id, 1, account), release(to_release.hold_id, account),
        refund(rows[0], 1, account),
    ]  # fmt: skip


async def _redemptions(world: LedgerWorld, account: AccountReference) -> list[UUID]:
    return [redemption.transfer_id for redemption in (await world.state(account)).redemptions]


async def test_the_same_key_again_gives_the_first_answer(world: LedgerWorld) -> None:
    account = await world.account()
    for number, command in enumerate(await _prepared(world, account)):
        keyed = with_claim(command, claim(f"key-{number}"))
        first = await world.do(keyed)
        await world.do(earn(1, account))

        for _ in range(10):
            again = posted(await world.ledger.post(world.program_id, keyed))
            assert again.replayed
            assert again.transfer == first.transfer
            assert again.account == await world.state(account)


async def test_the_same_key_with_another_request_is_a_conflict_and_stays_free_for_its_own(
    world: LedgerWorld,
) -> None:
    account = await world.account()
    first = await world.do(earn(5, account, claim()))

    [other] = await world.post(earn(6, account, claim(fingerprint=b"other")))
    declined(other, RefusalCode.IDEMPOTENCY_CONFLICT)
    [again] = await world.post(earn(5, account, claim()))

    assert posted(again).transfer == first.transfer
    assert await world.balance(account) == 5


async def test_keys_of_other_scopes_accounts_and_programs(world: LedgerWorld) -> None:
    account, other = await world.accounts(2)
    second = await create_program(world.database, "second")
    [stranger] = await world.accounts(1, second)
    await world.do(earn(5, account, claim()))

    await world.do(earn(5, account, claim(scope="request:2")))
    foreign = posted((await world.ledger.post_batch(second, [earn(5, stranger, claim())]))[0])
    # The account is part of the request, so its fingerprint differs too.
    [elsewhere] = await world.post(earn(5, other, claim(fingerprint=b"elsewhere")))

    assert not foreign.replayed
    declined(elsewhere, RefusalCode.IDEMPOTENCY_CONFLICT)
    assert await world.balance(account) == 10


async def test_the_same_key_twice_in_one_batch_has_one_effect(world: LedgerWorld) -> None:
    account = await world.account()

    first, again, other, token, token_again = await world.post(
        earn(5, account, claim()),
        earn(5, account, claim()),
        earn(5, account, claim(fingerprint=b"other")),
        earn(1, account, TOKEN),
        earn(1, account, TOKEN),
    )

    assert (posted(again).transfer, posted(again).replayed) == (posted(first).transfer, True)
    declined(other, RefusalCode.IDEMPOTENCY_CONFLICT)
    assert not posted(token).replayed
    assert posted(token_again).replayed
    assert await world.balance(account) == 6


async def test_a_token_has_one_effect_whoever_brings_it(world: LedgerWorld) -> None:
    ann, bob = await world.accounts(2)
    first = await world.do(earn(5, ann, TOKEN))

    [second] = await world.post(earn(5, bob, TOKEN))

    assert (posted(second).transfer, posted(second).replayed) == (first.transfer, True)
    assert await world.balance(bob) == 0


async def _empty(world: LedgerWorld, account: AccountReference) -> list[Command]:
    return [redeem(5, account), adjust(-5, account), reserve(5, account)]


async def _full(world: LedgerWorld, account: AccountReference) -> list[Command]:
    await world.do(earn(AMOUNT_MAX, account))
    return [earn(1, account), adjust(1, account)]


async def _refunded(world: LedgerWorld, account: AccountReference) -> list[Command]:
    await world.do(earn(5, account))
    redeem_id = (await world.do(redeem(5, account))).transfer.transfer_id
    over = refund(redeem_id, 6, account)
    [outcome] = await world.post(with_claim(over, claim("over")))
    declined(outcome, RefusalCode.OVER_REFUND)
    await world.do(refund(redeem_id, 5, account))
    return [refund(redeem_id, 1, account)]


async def _ended(world: LedgerWorld, account: AccountReference) -> list[Command]:
    held, other = reserve(0, account), reserve(0, account)
    await world.post(held, other)
    await world.do(release(held.hold_id, account))
    return [
        capture(held.hold_id, None, account),
        release(held.hold_id, account),
        capture(other.hold_id, 1, account),
    ]


async def _crowded(world: LedgerWorld, account: AccountReference) -> list[Command]:
    await world.post(*(reserve(0, account) for _ in range(100)))
    return [reserve(0, account)]


Preparation = Callable[[LedgerWorld, AccountReference], Awaitable[list[Command]]]


@pytest.mark.parametrize("prepare", [_empty, _full, _refunded, _ended, _crowded])
async def test_a_remembered_refusal_stays_one_whatever_changes_after_it(
    world: LedgerWorld, prepare: Preparation
) -> None:
    account = await world.account()
    commands = await prepare(world, account)
    keyed = [with_claim(command, claim(f"key-{number}")) for number, command in enumerate(commands)]
    first = [declined(outcome) for outcome in await world.post(*keyed)]
    assert not any(outcome.replayed for outcome in first)

    if (await world.state(account)).balance == AMOUNT_MAX:
        await world.do(adjust(-50, account))
    else:
        await world.do(earn(50, account))

    for command, before in zip(keyed, first, strict=True):
        again = declined((await world.post(command))[0])
        assert (again.refusal, again.replayed) == (before.refusal, True)
        assert again.account == await world.state(account)


async def test_what_does_not_depend_on_the_balance_does_not_use_a_key_up(world: LedgerWorld) -> None:
    account, gone = await world.accounts(2)
    await world.do(earn(5, account))
    await world.do(earn(5, gone))
    await world.erase(gone)
    redeem_id = (await world.do(redeem(5, account))).transfer.transfer_id
    world.clock.advance(days=2)
    attempts: list[Command] = [
        earn(1, gone, claim()),
        refund(gone.member_id, 1, account, claim()),
        refund(redeem_id, 1, gone, claim()),
        refund(redeem_id, 1, account, claim(), window=timedelta(days=1)),
    ]
    for attempt in attempts:
        declined((await world.post(attempt))[0])

    assert await world.count("claims") == 0
    assert not (await world.do(earn(1, account, claim()))).replayed


async def test_an_invalid_command_does_not_use_a_key_up(world: LedgerWorld) -> None:
    account = await world.account()
    for invalid in (earn(0, account, claim()), earn(1, account, claim(), Attribution(source="\x00"))):
        with pytest.raises(Exception):  # noqa: B017, PT011 (whatever refuses it first)
            await world.ledger.post(world.program_id, invalid)

    assert not (await world.do(earn(1, account, claim()))).replayed


async def test_a_refund_looks_at_its_redeem_before_its_key(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(earn(5, account))
    redeem_id = (await world.do(redeem(5, account))).transfer.transfer_id
    keyed = refund(redeem_id, 5, account, claim(), window=timedelta(days=1))
    first = await world.do(keyed)
    [again] = await world.post(keyed)
    world.clock.advance(days=2)
    [late] = await world.post(keyed)

    assert (posted(again).transfer, posted(again).replayed) == (first.transfer, True)
    declined(late, RefusalCode.REFUND_WINDOW_EXPIRED)


async def test_an_answer_outlives_the_account(world: LedgerWorld) -> None:
    account = await world.account()
    first = await world.do(earn(5, account, claim()))
    await world.erase(account)

    [again] = await world.post(earn(5, account, claim()))

    # Without the note, which was free text and went with the person.
    assert posted(again).transfer == replace(first.transfer, note=None)
    declined((await world.post(earn(5, account)))[0], RefusalCode.ACCOUNT_CLOSED)


async def test_claims_of_requests_are_forgotten_in_time_and_tokens_never(world: LedgerWorld) -> None:
    account = await world.account()
    await world.post(
        *(earn(1, account, claim(f"key-{number}")) for number in range(5)), earn(1, account, TOKEN)
    )
    world.clock.advance(days=30)
    await world.do(earn(1, account, claim("young")))

    async with world.database.connection() as connection:
        forgotten = [
            await actions.forget_claims(connection, NOW + timedelta(days=1), limit=2) for _ in range(4)
        ]

    assert forgotten == [2, 2, 1, 0]
    outcomes = await world.post(
        earn(1, account, claim("young")), earn(1, account, TOKEN), earn(1, account, claim("key-0"))
    )
    assert [posted(outcome).replayed for outcome in outcomes] == [True, True, False]


async def test_forgetting_goes_through_all_programs(world: LedgerWorld) -> None:
    account = await world.account()
    second = await create_program(world.database, "second")
    [stranger] = await world.accounts(1, second)
    await world.do(earn(1, account, claim()))
    await world.ledger.post_batch(second, [earn(1, stranger, claim())])

    async with world.database.connection() as connection:
        assert await actions.forget_claims(connection, NOW, limit=10) == 0
        assert await actions.forget_claims(connection, NOW + timedelta(days=1), limit=10) == 2


@pytest.mark.parametrize("size", [200, 255])
async def test_long_keys_of_any_characters(world: LedgerWorld, size: int) -> None:
    account = await world.account()
    key = "🎉'\\\"%s{}\n"[:8].ljust(size, "é")

    outcomes: list[Outcome] = [
        outcome
        for _ in range(2)
        for outcome in await world.post(earn(1, account, Claim("request:1", key, bytes(range(256)))))
    ]

    assert [posted(outcome).replayed for outcome in outcomes] == [False, True]
