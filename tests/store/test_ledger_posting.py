"""Every command through the ledger on a real database: what is stored is what was answered."""

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from regulars.base.ids import new_id
from regulars.features.ledger import actions
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    PENDING_HOLDS_MAX,
    AccountReference,
    Attribution,
    Command,
    HoldStatus,
    RefusalCode,
)
from tests.support.ledger import (
    NOW,
    adjust,
    capture,
    declined,
    earn,
    posted,
    redeem,
    refund,
    release,
    reserve,
)
from tests.support.ledger_world import LedgerWorld, create_program, refused, transfer_ids


async def test_every_answer_is_what_reading_shows_afterwards(world: LedgerWorld) -> None:
    account = await world.account()
    taken, given_back, part = (reserve(amount, account, subject={"reward": 7}) for amount in (5, 6, 7))
    steps: list[Command] = [
        earn(100, account), adjust(5, account), adjust(-5, account), redeem(20, account),
        taken, given_back, part, capture(taken.hold_id, None, account), release(given_back.hold_id, account),
        capture(part.hold_id, 3, account), redeem(1, account),
    ]  # fmt: skip
    for step in steps:
        world.clock.advance(milliseconds=2)
        outcome = posted(await world.ledger.post(world.program_id, step))

        assert await world.state(account) == outcome.account
        async with world.database.connection() as connection:
            row = await actions.find_transfer(connection, world.program_id, outcome.transfer.transfer_id)
            assert row is not None
            assert (row.transfer, row.member_id) == (outcome.transfer, account.member_id)
            if outcome.hold is not None:
                hold = await actions.find_hold(
                    connection, world.program_id, outcome.hold.hold_id, world.clock()
                )
                assert hold is not None
                assert hold.hold == outcome.hold

    state = await world.state(account)
    assert (state.balance, state.held, state.credited, state.debited) == (71, 0, 105, 34)
    assert [redemption.remaining for redemption in state.redemptions] == [1, 3, 5, 20]
    assert (state.newest_hold_id, state.newest_hold_status) == (part.hold_id, HoldStatus.CAPTURED)


async def test_refunds_count_against_their_redeem(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(earn(10, account))
    redeem_id = (await world.do(redeem(10, account))).transfer.transfer_id

    outcome = await world.do(refund(redeem_id, 4, account))
    assert (outcome.account.balance, outcome.transfer.parent_id) == (4, redeem_id)
    assert await world.state(account) == outcome.account
    # Within one batch the second refund sees what the first one left.
    first, second, third = await world.post(*(refund(redeem_id, amount, account) for amount in (5, 2, 1)))
    posted(first), posted(third)
    assert declined(second, RefusalCode.OVER_REFUND).refusal.details == {"remaining": 1}
    declined((await world.post(refund(redeem_id, 1, account)))[0], RefusalCode.NOTHING_TO_REFUND)
    assert (await world.state(account)).redemptions == ()
    assert await world.balance(account) == 10


async def test_captures_can_be_refunded_like_redeems(world: LedgerWorld) -> None:
    account = await world.account()
    held = reserve(6, account)
    await world.post(earn(10, account), held)
    captured = await world.do(capture(held.hold_id, 4, account))

    await world.do(refund(captured.transfer.transfer_id, 4, account))

    assert await world.balance(account) == 10


async def test_what_a_refund_may_name(world: LedgerWorld) -> None:
    account, other = await world.accounts(2)
    earned = (await world.do(earn(10, account))).transfer.transfer_id
    redeemed = (await world.do(redeem(5, account))).transfer.transfer_id
    stranger = await create_program(world.database, "second")
    world.clock.advance(days=8)

    outcomes = await world.post(
        refund(new_id(), 1, account),
        refund(redeemed, 1, other),
        refund(redeemed, 1, AccountReference(account.member_id, "rewards")),
        refund(earned, 1, account),
        refund(redeemed, 1, account, window=timedelta(days=7)),
    )
    [foreign] = await world.ledger.post_batch(stranger, [refund(redeemed, 1, account)])

    assert refused([*outcomes, foreign]) == [
        RefusalCode.REDEEM_NOT_FOUND,
        RefusalCode.REDEEM_OF_ANOTHER_ACCOUNT,
        RefusalCode.REDEEM_OF_ANOTHER_ACCOUNT,
        RefusalCode.NOT_A_REDEEM,
        RefusalCode.REFUND_WINDOW_EXPIRED,
        RefusalCode.REDEEM_NOT_FOUND,
    ]


async def test_a_capture_of_nothing_is_no_redeem(world: LedgerWorld) -> None:
    account = await world.account()
    held = reserve(4, account)
    await world.post(earn(4, account), held)
    captured = await world.do(capture(held.hold_id, 0, account))

    [outcome] = await world.post(refund(captured.transfer.transfer_id, 1, account))

    declined(outcome, RefusalCode.NOT_A_REDEEM)
    assert await world.balance(account) == 4


async def test_accounts_open_with_their_first_posting(world: LedgerWorld) -> None:
    account = await world.account()
    before = await world.state(account)
    assert (before.exists, before.balance, before.version) == (False, 0, 0)

    declined((await world.post(redeem(1, account)))[0], RefusalCode.INSUFFICIENT_FUNDS)
    opened = await world.state(account)
    assert (opened.exists, opened.balance, opened.version) == (True, 0, 0)

    first = await world.do(earn(3, account))
    assert (first.account.exists, first.account.balance, first.transfer.version) == (True, 3, 1)
    assert first.account.account_id == opened.account_id


async def test_a_member_has_an_account_for_each_asset_and_location(world: LedgerWorld) -> None:
    points = await world.account()
    credit = AccountReference(points.member_id, "credit:GBP")
    till = AccountReference(points.member_id, "credit:GBP", location_id=7)

    await world.post(earn(1, till), earn(2, points), earn(3, credit), earn(4, till))

    async with world.database.connection() as connection:
        states = await actions.account_states(
            connection, world.program_id, [points, credit, till], world.clock()
        )
    assert [states[reference].balance for reference in (points, credit, till)] == [2, 3, 5]


async def test_members_who_are_unknown_or_erased_or_of_another_program_have_no_account(
    world: LedgerWorld,
) -> None:
    opened, unopened = await world.accounts(2)
    foreign = await create_program(world.database, "second")
    [stranger] = await world.accounts(1, foreign)
    await world.do(earn(5, opened))
    await world.erase(opened)
    await world.erase(unopened)

    outcomes = await world.post(
        earn(1, opened), earn(1, unopened), redeem(1, stranger), earn(1, AccountReference(new_id()))
    )

    assert refused(outcomes) == [RefusalCode.ACCOUNT_CLOSED] * 4
    assert (await world.state(opened)).closed
    assert await world.count("accounts") == 1
    assert await world.count("transfers") == 1


async def test_a_batch_is_decided_in_order(world: LedgerWorld) -> None:
    ann, bob = await world.accounts(2)
    held = reserve(5, ann)

    outcomes = await world.post(
        redeem(1, ann), earn(5, ann), earn(7, bob), held, redeem(1, ann),
        capture(held.hold_id, 2, ann), redeem(3, ann), redeem(1, ann), redeem(7, bob),
    )  # fmt: skip

    assert [type(outcome).__name__[0] for outcome in outcomes] == list("DPPPDPPDP")

    assert (await world.state(ann)).balance == (await world.state(bob)).balance == 0
    assert (await world.state(ann)).version == 4


async def test_a_large_batch_keeps_its_order_in_the_history(world: LedgerWorld) -> None:
    account = await world.account()

    outcomes = await world.post(*(earn(1, account) for _ in range(5000)))

    ids = transfer_ids(outcomes)
    assert ids == sorted(ids)


async def test_postings_of_one_millisecond_keep_their_order_in_the_history(world: LedgerWorld) -> None:
    account = await world.account()
    ids: list[UUID] = []
    for _ in range(20):
        world.clock.advance(microseconds=20)
        ids += transfer_ids(await world.post(earn(1, account), earn(1, account)))

    assert ids == sorted(ids)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("'; drop table transfers; --", 1),
        ("ünïcødé 🎉 \u202e\ufeff\\ \" ' \t\n\u2028", AMOUNT_MAX),
        ("x" * 100_000, 2),
        ("", 3),
    ],
)
async def test_texts_and_numbers_come_back_as_they_went_in(
    world: LedgerWorld, text: str, number: int
) -> None:
    account = await world.account()
    metadata = {"text": text, "list": [1, 2.5, None, True, {"deep": text}], "number": number, "": {}}
    by = Attribution(source=text, actor=text, reason=text, note=text, origin_id=new_id(), metadata=metadata)

    outcome = await world.do(earn(number, account, by=by))
    held = await world.do(reserve(number, account, subject=metadata, by=by))

    async with world.database.connection() as connection:
        row = await actions.find_transfer(connection, world.program_id, outcome.transfer.transfer_id)
        holds = await actions.list_holds(
            connection, world.program_id, statuses=[HoldStatus.PENDING], now=world.clock()
        )
    assert row is not None
    assert row.transfer == outcome.transfer
    assert row.transfer.metadata == metadata
    assert [hold.hold for hold in holds] == [held.hold]


async def test_the_number_of_pending_holds_is_bounded(world: LedgerWorld) -> None:
    account = await world.account()
    outcomes = await world.post(*(reserve(0, account) for _ in range(PENDING_HOLDS_MAX + 1)))
    declined(outcomes[-1], RefusalCode.TOO_MANY_HOLDS)

    first = posted(outcomes[0]).hold
    assert first is not None
    await world.do(release(first.hold_id, account))
    await world.do(reserve(0, account))
    assert len((await world.state(account)).holds) == PENDING_HOLDS_MAX


async def test_holds_are_of_their_own_account_only(world: LedgerWorld) -> None:
    ann, bob = await world.accounts(2)
    held = reserve(5, ann)
    await world.post(earn(5, ann), earn(5, bob), held)

    outcomes = await world.post(capture(held.hold_id, None, bob), release(held.hold_id, bob))

    assert refused(outcomes) == [RefusalCode.HOLD_NOT_PENDING] * 2
    assert (await world.state(ann)).held == 5


async def test_a_hold_id_is_used_once(world: LedgerWorld) -> None:
    ann, bob = await world.accounts(2)
    held = reserve(5, ann)
    await world.post(earn(50, ann), earn(50, bob), held)
    await world.do(release(held.hold_id, ann))
    before = await world.state(ann)

    for again in (reserve(7, ann, hold_id=held.hold_id), reserve(7, bob, hold_id=held.hold_id)):
        with pytest.raises(psycopg.IntegrityError, match="holds end once"):
            await world.post(again)

    assert await world.state(ann) == before
    assert (await world.state(bob)).held == 0


async def test_rows_get_the_time_they_are_given(world: LedgerWorld) -> None:
    account = await world.account()
    last_year = NOW - timedelta(days=365)

    [outcome] = await world.post(earn(5, account), now=last_year)

    assert posted(outcome).transfer.created_at == last_year
    assert (await world.state(account)).updated_at == last_year


async def test_a_posting_dated_before_the_accounts_last_one_follows_it(world: LedgerWorld) -> None:
    account = await world.account()
    first = await world.do(earn(5, account))
    [late, later] = await world.post(earn(6, account), earn(7, account), now=NOW - timedelta(days=365))

    assert posted(late).transfer.created_at == first.transfer.created_at
    ids = [first.transfer.transfer_id, *transfer_ids([late, later])]
    assert ids == sorted(ids)
    # The id says the same time as the row, or listings by time would miss it.
    assert {transfer_id.int >> 80 for transfer_id in ids} == {int(NOW.timestamp() * 1000)}
