"""What time does to a ledger: holds that lapse, members who leave."""

from datetime import timedelta

from regulars.features.ledger import actions
from regulars.features.ledger.model import (
    AccountReference,
    Attribution,
    HoldStatus,
    RefusalCode,
    Transfer,
    Verb,
)
from regulars.features.ledger.model_lists import HistoryFilter
from tests.support.ledger import NOW, capture, declined, earn, posted, redeem, refund, release, reserve
from tests.support.ledger_world import LedgerWorld, create_program, refused

HOUR = timedelta(hours=1)


async def history(world: LedgerWorld, account: AccountReference) -> list[Transfer]:
    async with world.database.connection() as connection:
        rows = await actions.list_history(
            connection, world.program_id, HistoryFilter(member_id=account.member_id)
        )
    return [row.transfer for row in rows]


async def test_a_lapsed_hold_reserves_nothing_from_its_instant_swept_or_not(world: LedgerWorld) -> None:
    account = await world.account()
    held = reserve(8, account, expires_at=NOW + HOUR)
    await world.post(earn(10, account), held)

    world.clock.advance(hours=1, microseconds=-1)
    before = await world.state(account)
    assert (before.available, len(before.holds), before.newest_hold_status) == (2, 1, HoldStatus.PENDING)
    world.clock.advance(microseconds=1)
    after = await world.state(account)

    assert (after.available, after.held, after.holds) == (10, 0, ())
    assert (after.newest_hold_id, after.newest_hold_status) == (held.hold_id, HoldStatus.EXPIRED)
    assert after.version == before.version
    async with world.database.connection() as connection:
        row = await actions.find_hold(connection, world.program_id, held.hold_id, world.clock())
    assert row is not None
    assert (row.hold.status, row.hold.closed_at) == (HoldStatus.EXPIRED, NOW + HOUR)


async def test_the_next_posting_takes_a_lapsed_hold_off_the_books(world: LedgerWorld) -> None:
    account = await world.account()
    held, kept = reserve(8, account, expires_at=NOW + HOUR), reserve(1, account, expires_at=NOW + 3 * HOUR)
    await world.post(earn(10, account), held, kept)
    world.clock.advance(hours=2)

    spent = await world.do(redeem(9, account))

    assert (spent.account.balance, spent.account.held, spent.account.version) == (1, 1, 5)
    assert await world.state(account) == spent.account
    newest, expiry, *_ = await history(world, account)
    assert newest == spent.transfer
    assert (expiry.verb, expiry.hold_id, expiry.version) == (Verb.EXPIRE, held.hold_id, 4)


async def test_a_refused_posting_takes_a_lapsed_hold_off_the_books_too(world: LedgerWorld) -> None:
    account = await world.account()
    held = reserve(8, account, expires_at=NOW + HOUR)
    await world.post(earn(10, account), held)
    world.clock.advance(hours=1)

    outcomes = await world.post(capture(held.hold_id, None, account), release(held.hold_id, account))

    assert refused(outcomes) == [RefusalCode.HOLD_NOT_PENDING] * 2
    assert [transfer.verb for transfer in await history(world, account)] == [
        Verb.EXPIRE, Verb.RESERVE, Verb.EARN,
    ]  # fmt: skip


async def test_a_hold_is_captured_before_its_instant_and_not_at_it(world: LedgerWorld) -> None:
    account = await world.account()
    early, late = reserve(4, account, expires_at=NOW + HOUR), reserve(4, account, expires_at=NOW + HOUR)
    await world.post(earn(10, account), early, late)

    world.clock.advance(hours=1, microseconds=-1)
    await world.do(capture(early.hold_id, None, account))
    world.clock.advance(microseconds=1)
    declined((await world.post(capture(late.hold_id, None, account)))[0], RefusalCode.HOLD_NOT_PENDING)

    state = await world.state(account)
    assert (state.balance, state.held) == (6, 0)


async def test_the_job_takes_lapsed_holds_of_all_programs_off_the_books(world: LedgerWorld) -> None:
    ann, bob = await world.accounts(2)
    second = await create_program(world.database, "second")
    [stranger] = await world.accounts(1, second)
    lapsing = [reserve(1, ann, expires_at=NOW + HOUR) for _ in range(3)]
    kept = [reserve(1, bob), reserve(1, bob, expires_at=NOW + 3 * HOUR)]
    await world.post(earn(10, ann), earn(10, bob), *lapsing, *kept)
    await world.ledger.post_batch(second, [earn(1, stranger), reserve(1, stranger, expires_at=NOW + HOUR)])

    assert await actions.expire_due_holds(world.database, world.clock) == 0
    world.clock.advance(hours=1)
    # A job goes on while a call did all that it was allowed to do, so holds are what is counted.
    assert await actions.expire_due_holds(world.database, world.clock, limit=2) == 2
    assert await actions.expire_due_holds(world.database, world.clock, limit=10) <= 2
    assert await actions.expire_due_holds(world.database, world.clock, limit=10) == 0

    verbs = [transfer.verb for transfer in await history(world, ann)]
    assert verbs == [Verb.EXPIRE] * 3 + [Verb.RESERVE] * 3 + [Verb.EARN]
    assert len((await world.state(bob)).holds) == 2
    async with world.database.connection() as connection:
        state = await actions.account_state(connection, second, stranger, NOW)
    assert (state.held, state.version) == (0, 3)


async def test_holds_of_members_who_left_lapse_too(world: LedgerWorld) -> None:
    account = await world.account()
    await world.post(earn(5, account), reserve(5, account, expires_at=NOW + HOUR))
    await world.erase(account)
    world.clock.advance(hours=1)

    assert await actions.expire_due_holds(world.database, world.clock) == 1
    assert (await world.state(account)).held == 0


async def test_closing_refuses_what_comes_later_and_keeps_what_was(world: LedgerWorld) -> None:
    account = await world.account()
    held = reserve(2, account)
    await world.post(earn(10, account), redeem(1, account), held)
    redeem_id = (await world.state(account)).redemptions[0].transfer_id
    await world.erase(account)

    outcomes = await world.post(
        earn(1, account), redeem(1, account), reserve(0, account), refund(redeem_id, 1, account),
        capture(held.hold_id, None, account), release(held.hold_id, account),
        earn(1, AccountReference(account.member_id, "rewards")),
    )  # fmt: skip

    assert refused(outcomes) == [RefusalCode.ACCOUNT_CLOSED] * 7
    state = await world.state(account)
    assert (state.closed, state.balance, state.held, state.version) == (True, 9, 0, 4)


async def test_closing_lets_pending_holds_lapse_at_that_moment(world: LedgerWorld) -> None:
    account = await world.account()
    kept, lapsing = reserve(2, account), reserve(3, account, expires_at=NOW + HOUR)
    await world.post(earn(10, account), kept, lapsing)

    await world.erase(account)

    async with world.database.connection() as connection:
        pending = await actions.list_holds(
            connection, world.program_id, statuses=[HoldStatus.PENDING], now=world.clock()
        )
        expired = await actions.list_holds(
            connection, world.program_id, statuses=[HoldStatus.EXPIRED], now=world.clock()
        )
    assert pending == []
    assert {row.hold.hold_id for row in expired} == {kept.hold_id, lapsing.hold_id}
    assert await actions.expire_due_holds(world.database, world.clock) == 2
    assert [transfer.verb for transfer in await history(world, account)][:2] == [Verb.EXPIRE, Verb.EXPIRE]


async def test_closing_blanks_free_text_and_nothing_else(world: LedgerWorld) -> None:
    account, other = await world.accounts(2)
    by = Attribution(source="till", actor="ann", note="Leo's mum phoned", metadata={"reward": 7})
    for owner in (account, other):
        await world.post(earn(10, owner, by=by), reserve(2, owner, by=by, subject={"name": "Cinema"}))
    before, of_other = await history(world, account), await history(world, other)

    await world.erase(account)

    after = await history(world, account)
    assert [transfer.note for transfer in after] == [None, None]
    assert [transfer.metadata for transfer in after] == [transfer.metadata for transfer in before]
    assert [(transfer.balance_after, transfer.actor) for transfer in after] == [(10, "ann")] * 2
    assert await history(world, other) == of_other
    async with world.database.connection() as connection:
        rows = await actions.list_holds(
            connection, world.program_id, statuses=[HoldStatus.PENDING, HoldStatus.EXPIRED], now=NOW
        )
    assert [(row.hold.note, row.hold.subject) for row in rows] == [
        ("Leo's mum phoned", {"name": "Cinema"}),
        (None, {"name": "Cinema"}),
    ]


async def test_closing_a_member_without_accounts_creates_nothing(world: LedgerWorld) -> None:
    account = await world.account()

    await world.erase(account)
    await world.erase(account)

    assert not (await world.state(account)).exists
    assert await world.count("accounts") == 0


async def test_closing_rolls_back_with_the_erasure(world: LedgerWorld) -> None:
    account = await world.account()
    await world.do(earn(5, account, by=Attribution(source="till", note="kept")))
    try:
        async with world.database.transaction() as connection:
            await actions.close_accounts(connection, world.program_id, account.member_id, NOW)
            raise TimeoutError
    except TimeoutError:
        pass

    assert posted((await world.post(earn(1, account)))[0]).account.balance == 6
    assert (await history(world, account))[-1].note == "kept"
