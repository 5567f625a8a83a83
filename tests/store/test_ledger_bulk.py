"""A bulk earn leaves what the same commands one after another leave, whatever stands in its way."""

from random import Random
from uuid import UUID

import psycopg
import pytest
from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.features.ledger import actions
from regulars.features.ledger.model import (
    AMOUNT_MAX,
    AccountReference,
    Attribution,
    Claim,
    Declined,
    Posted,
    RefusalCode,
    Transfer,
)
from regulars.features.ledger.model_bulk import ROWS_MAX, BulkEarn, BulkEarnRow, BulkOutcome
from regulars.features.ledger.model_lists import HistoryFilter
from tests.support.ledger import TILL, adjust, claim, earn, reserve
from tests.support.ledger_world import LedgerWorld

AWKWARD = 'a "quoted", \\back\\slashed {list} of NULL, naïve 漢'


def row(account: AccountReference, amount: int = 1, claim: Claim | None = None) -> BulkEarnRow:
    return BulkEarnRow(account.member_id, amount, claim)


def bulk_of(*rows: BulkEarnRow, by: Attribution = TILL, location_id: int = 0) -> BulkEarn:
    return BulkEarn(action="grant", attribution=by, rows=rows, location_id=location_id)


async def earn_in_bulk(world: LedgerWorld, *rows: BulkEarnRow) -> BulkOutcome:
    """What becomes of the rows a second later, for clocks go on."""
    world.clock.advance(seconds=1)
    return await world.ledger.earn_in_bulk(world.program_id, bulk_of(*rows))


async def opened(world: LedgerWorld, number: int) -> list[AccountReference]:
    """Accounts with ten points each."""
    accounts = await world.accounts(number)
    await world.post(*(earn(10, account) for account in accounts))
    return accounts


async def history(world: LedgerWorld, account: AccountReference) -> list[Transfer]:
    async with world.database.connection() as connection:
        wanted = HistoryFilter(member_id=account.member_id, location_id=account.location_id)
        return [found.transfer for found in await actions.list_history(connection, world.program_id, wanted)]


def codes(outcome: BulkOutcome) -> dict[int, RefusalCode]:
    return {place: declined.refusal.code for place, declined in outcome.declined.items()}


async def test_each_member_gets_what_the_row_says(world: LedgerWorld) -> None:
    accounts = await opened(world, 50)

    outcome = await earn_in_bulk(world, *(row(account, 1 + n) for n, account in enumerate(accounts)))

    assert outcome == BulkOutcome(50, 0, {})
    assert [await world.balance(account) for account in accounts] == list(range(11, 61))
    assert await world.count("transfers") == 100


@pytest.mark.parametrize("own", [None, {"order_id": AWKWARD}])
async def test_a_transfer_says_all_that_a_single_earn_says(
    world: LedgerWorld, own: dict[str, str] | None
) -> None:
    by = Attribution(
        source="job", actor=AWKWARD, reason="campaign", note=AWKWARD, origin_id=new_id(),
        metadata={"month": "2026-03", "text": AWKWARD},
    )  # fmt: skip
    one, other, third = await opened(world, 3)
    world.clock.advance(seconds=1)
    mine, theirs = [
        replace(row(account, 7, claim(AWKWARD, scope=scope)), metadata=own)
        for account, scope in ((one, "one"), (other, "another"))
    ]
    await world.ledger.earn_in_bulk(world.program_id, bulk_of(mine, row(third), by=by))

    single = await world.do(bulk_of(by=by).command(theirs))

    written = (await history(world, one))[0]
    assert written.metadata == (own or by.metadata)
    assert (await history(world, third))[0].metadata == by.metadata
    identity = {"transfer_id": written.transfer_id, "account_id": written.account_id}
    assert written == replace(single.transfer, **identity)
    assert (await world.state(one)).updated_at == (await world.state(other)).updated_at


async def test_transfers_sort_by_the_time_at_which_they_were_booked(world: LedgerWorld) -> None:
    [account] = await opened(world, 1)
    for _ in range(3):
        await earn_in_bulk(world, row(account))
        world.clock.advance(seconds=1)
        await world.do(earn(1, account))

    versions = [transfer.version for transfer in await history(world, account)]
    assert versions == sorted(versions, reverse=True)
    assert len(versions) == 7


async def test_an_account_is_opened_for_who_has_none(world: LedgerWorld) -> None:
    [old], fresh = await opened(world, 1), await world.accounts(3)

    assert await earn_in_bulk(world, row(fresh[0]), row(old), row(fresh[1])) == BulkOutcome(3, 0, {})

    assert [await world.balance(account) for account in (*fresh, old)] == [1, 1, 0, 11]
    assert not (await world.state(fresh[2])).exists


async def test_a_balance_of_another_place_is_another_account(world: LedgerWorld) -> None:
    [account] = await opened(world, 1)
    world.clock.advance(seconds=1)

    await world.ledger.earn_in_bulk(world.program_id, bulk_of(row(account, 3), location_id=7))

    assert await world.balance(account) == 10
    assert await world.balance(AccountReference(account.member_id, location_id=7)) == 3


async def test_who_left_or_is_nobody_or_has_the_most_is_declined_and_the_others_are_not(
    world: LedgerWorld,
) -> None:
    plain, gone, full = await opened(world, 3)
    await world.erase(gone)
    await world.do(adjust(AMOUNT_MAX - 10, full))
    nobody = AccountReference(new_id())

    outcome = await earn_in_bulk(world, row(gone), row(full), row(plain), row(nobody))

    assert (outcome.posted, outcome.replayed) == (1, 0)
    closed = RefusalCode.ACCOUNT_CLOSED
    assert codes(outcome) == {0: closed, 1: RefusalCode.BALANCE_LIMIT, 3: closed}
    assert await world.balance(plain) == 11


async def test_several_rows_of_one_member_are_all_posted(world: LedgerWorld) -> None:
    one, other = await opened(world, 2)

    outcome = await earn_in_bulk(world, row(one, 1), row(other, 2), row(one, 4), row(one, 8))

    assert outcome == BulkOutcome(4, 0, {})
    assert [await world.balance(one), await world.balance(other)] == [23, 12]
    assert [transfer.amount for transfer in await history(world, one)] == [8, 4, 1, 10]


async def test_what_was_granted_is_not_granted_again(world: LedgerWorld) -> None:
    accounts = await opened(world, 10)
    rows = [row(account, 5, claim(f"subscription-{n}")) for n, account in enumerate(accounts)]
    assert await earn_in_bulk(world, *rows[:4]) == BulkOutcome(4, 0, {})

    assert await earn_in_bulk(world, *rows) == BulkOutcome(6, 4, {})
    assert await earn_in_bulk(world, *rows) == BulkOutcome(0, 10, {})

    assert [await world.balance(account) for account in accounts] == [15] * 10


async def test_a_claim_of_a_bulk_earn_and_of_a_single_one_are_the_same(world: LedgerWorld) -> None:
    one, other = await opened(world, 2)
    await earn_in_bulk(world, row(one, 5, claim("a")))
    await world.do(earn(5, other, claim("b")))

    single = await world.do(earn(5, one, claim("a")))
    outcome = await earn_in_bulk(world, row(other, 5, claim("b")))

    assert single.replayed
    assert outcome == BulkOutcome(0, 1, {})
    assert [await world.balance(one), await world.balance(other)] == [15, 15]


async def test_a_claim_made_for_something_else_is_a_conflict(world: LedgerWorld) -> None:
    one, other = await opened(world, 2)
    await world.do(earn(5, one, claim("a")))

    outcome = await earn_in_bulk(world, row(one, 6, claim("a", b"another")), row(other, 1))

    assert (outcome.posted, codes(outcome)) == (1, {0: RefusalCode.IDEMPOTENCY_CONFLICT})


async def test_one_claim_twice_in_an_order_takes_effect_once(world: LedgerWorld) -> None:
    one, other = await opened(world, 2)

    outcome = await earn_in_bulk(world, row(one, 5, claim("a")), row(other, 5, claim("a")))

    assert outcome == BulkOutcome(1, 1, {})
    assert await world.balance(one) + await world.balance(other) == 25


async def test_an_account_whose_last_posting_lies_ahead_keeps_its_order(world: LedgerWorld) -> None:
    [account] = await opened(world, 1)
    world.clock.advance(hours=-1)

    assert await earn_in_bulk(world, row(account)) == BulkOutcome(1, 0, {})

    newest, before = await history(world, account)
    assert newest.created_at == before.created_at
    assert newest.transfer_id > before.transfer_id


async def test_what_is_reserved_stays_reserved(world: LedgerWorld) -> None:
    [account] = await opened(world, 1)
    await world.do(reserve(4, account))

    await earn_in_bulk(world, row(account, 5))

    state = await world.state(account)
    assert (state.balance, state.held, len(state.holds)) == (15, 4, 1)


async def test_an_order_may_be_empty_but_not_endless(world: LedgerWorld) -> None:
    assert await earn_in_bulk(world) == BulkOutcome(0, 0, {})
    with pytest.raises(ValueError, match="10,000 rows"):
        bulk_of(*[BulkEarnRow(new_id(), 1)] * (ROWS_MAX + 1))


async def test_a_row_that_cannot_be_stored_stores_nothing_of_its_transaction(world: LedgerWorld) -> None:
    one, other = await opened(world, 2)

    with pytest.raises(psycopg.Error):
        await earn_in_bulk(world, row(one, 1), row(other, 1, claim("k" * 3000)))

    assert [await world.balance(one), await world.balance(other)] == [10, 10]
    assert await world.count("claims") == 0


@pytest.mark.parametrize("seed", range(8))
async def test_it_does_what_the_commands_do_one_by_one(world: LedgerWorld, seed: int) -> None:
    """Two lots of members in the same situations: the one gets the bulk earn, the other its commands."""
    random = Random(seed)
    lots = [await opened(world, 12) + await world.accounts(4) for _ in range(2)]
    for number, pair in enumerate(zip(*lots, strict=True)):
        trouble = random.choice(("none", "none", "full", "gone", "claimed", "ahead"))
        for lot, account in enumerate(pair):
            await get_into(world, trouble, account, f"{lot}-{number}")
    chosen = [(random.randrange(16), random.randint(1, 99)) for _ in range(random.randrange(2, 24))]
    orders = [
        bulk_of(*(row(lot[n], amount, claim(f"{place}-{n}")) for n, amount in chosen))
        for place, lot in enumerate(lots)
    ]

    world.clock.advance(seconds=1)
    outcome = await world.ledger.earn_in_bulk(world.program_id, orders[0])
    singly = [await world.ledger.post(world.program_id, orders[1].command(each)) for each in orders[1].rows]

    assert outcome.posted == sum(isinstance(each, Posted) and not each.replayed for each in singly)
    assert outcome.replayed == sum(isinstance(each, Posted) and each.replayed for each in singly)
    refusals = {n: each.refusal.code for n, each in enumerate(singly) if isinstance(each, Declined)}
    assert codes(outcome) == refusals
    for ours, theirs in zip(*lots, strict=True):
        assert await standing(world, ours) == await standing(world, theirs)


async def get_into(world: LedgerWorld, trouble: str, account: AccountReference, key: str) -> None:
    """Puts a member into a situation in which a plain update would be wrong."""
    if trouble == "full":
        state = await world.state(account)
        await world.do(adjust(AMOUNT_MAX - state.balance, account))
    elif trouble == "gone":
        await world.erase(account)
    elif trouble == "claimed":
        await world.do(earn(3, account, claim(key)))
    elif trouble == "ahead":
        await world.post(earn(1, account), now=world.clock.now.replace(year=2027))


async def standing(world: LedgerWorld, account: AccountReference) -> tuple[object, ...]:
    """What must be the same of two accounts, and the amounts of their transfers in order."""
    state = await world.state(account)
    transfers = await history(world, account)
    unlike = {"transfer_id": UUID(int=0), "account_id": UUID(int=0), "idempotency_key": None}
    told = [replace(transfer, **unlike) for transfer in transfers]
    return state.balance, state.credited, state.version, state.closed, state.updated_at, told
