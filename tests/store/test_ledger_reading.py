"""Histories and balances of the past, against what was answered when they were posted."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.features.ledger import actions
from regulars.features.ledger.model import AccountReference, Attribution, Command, HoldStatus, Transfer, Verb
from regulars.features.ledger.model_lists import HistoryFilter, HistoryRow, PeriodTotals
from tests.support.ledger import NOW, adjust, capture, earn, redeem, refund, release, reserve
from tests.support.ledger_world import LedgerWorld, create_program

MINUTE = timedelta(minutes=1)
KIOSK = Attribution(source="kiosk", actor="bea")
WEB = Attribution(source="web")


class Story:
    """Two members' transfers in the order they happened, a minute apart."""

    def __init__(self, world: LedgerWorld, ann: AccountReference, bob: AccountReference) -> None:
        self.world, self.ann, self.bob = world, ann, bob
        self.transfers: list[Transfer] = []
        self.member_of: dict[UUID, UUID] = {}

    async def tell(self, *commands: Command) -> None:
        for command in commands:
            self.world.clock.advance(minutes=1)
            transfer = (await self.world.do(command)).transfer
            self.transfers.append(transfer)
            self.member_of[transfer.transfer_id] = command.account.member_id

    def newest_first(self, member_id: UUID | None, keep: Callable[[Transfer], bool]) -> list[Transfer]:
        return [
            transfer
            for transfer in reversed(self.transfers)
            if keep(transfer) and member_id in (None, self.member_of[transfer.transfer_id])
        ]

    async def history(self, wanted: HistoryFilter) -> list[HistoryRow]:
        async with self.world.database.connection() as connection:
            return await actions.list_history(connection, self.world.program_id, wanted)


async def story_of(world: LedgerWorld) -> Story:
    """25 transfers of every kind, by several actors and sources."""
    story = Story(world, *await world.accounts(2))
    for account in (story.ann, story.bob):
        held, given_back = reserve(5, account, by=KIOSK), reserve(2, account)
        await story.tell(earn(100, account), redeem(30, account, by=KIOSK), earn(7, account, by=WEB), held)
        redeem_id = story.transfers[-3].transfer_id
        await story.tell(
            refund(redeem_id, 10, account), adjust(-3, account, by=WEB), adjust(4, account),
            capture(held.hold_id, 3, account), given_back, release(given_back.hold_id, account),
        )  # fmt: skip
    await story.tell(
        *(earn(n, (story.ann, story.bob)[n % 2], by=(KIOSK, WEB)[n % 3 % 2]) for n in range(1, 6))
    )
    return story


def at(minutes: int, **more: float) -> datetime:
    """When the story's transfer of this number, counted from 1, happened."""
    return NOW + minutes * MINUTE + timedelta(**more)


FILTERS: list[tuple[HistoryFilter, Callable[[Transfer], bool]]] = [
    (HistoryFilter(limit=500), lambda _: True),
    (HistoryFilter(verbs=(Verb.EARN,)), lambda transfer: transfer.verb is Verb.EARN),
    (
        HistoryFilter(verbs=(Verb.REFUND, Verb.ADJUST)),
        lambda transfer: transfer.verb in (Verb.REFUND, Verb.ADJUST),
    ),
    (HistoryFilter(verbs=(Verb.EXPIRE,)), lambda _: False),
    (
        HistoryFilter(actions=("adjust", "spend_hold")),
        lambda transfer: transfer.action in ("adjust", "spend_hold"),
    ),
    (HistoryFilter(actor="bea"), lambda transfer: transfer.actor == "bea"),
    (HistoryFilter(actor="nobody"), lambda _: False),
    (HistoryFilter(source="web"), lambda transfer: transfer.source == "web"),
    (
        HistoryFilter(verbs=(Verb.EARN,), source="kiosk", actor="bea", actions=("earn_manual",)),
        lambda transfer: transfer.verb is Verb.EARN and transfer.source == "kiosk",
    ),
    (HistoryFilter(since=at(6)), lambda transfer: transfer.created_at >= at(6)),
    (HistoryFilter(since=at(6, microseconds=1)), lambda transfer: transfer.created_at >= at(7)),
    (HistoryFilter(until=at(6)), lambda transfer: transfer.created_at < at(6)),
    (HistoryFilter(until=at(6, microseconds=1)), lambda transfer: transfer.created_at <= at(6)),
    (HistoryFilter(since=at(6), until=at(12)), lambda transfer: at(6) <= transfer.created_at < at(12)),
    (HistoryFilter(since=at(6), until=at(6)), lambda _: False),
    (HistoryFilter(since=at(12), until=at(6)), lambda _: False),
    (HistoryFilter(since=at(0, days=-10_000), until=at(0, days=10_000)), lambda _: True),
    (
        HistoryFilter(since=at(3), until=at(20), verbs=(Verb.EARN,), source="web"),
        lambda transfer: (
            at(3) <= transfer.created_at < at(20) and (transfer.verb, transfer.source) == (Verb.EARN, "web")
        ),
    ),
]


async def test_history_shows_what_the_filter_wants_newest_first(world: LedgerWorld) -> None:
    story = await story_of(world)
    for member_id in (None, story.ann.member_id, story.bob.member_id):
        for wanted, keep in FILTERS:
            expected = story.newest_first(member_id, keep)
            for offset in (0, 1, 3, 100):
                for limit in (50, 2):
                    page = replace(wanted, member_id=member_id, offset=offset, limit=limit)
                    rows = await story.history(page)
                    shown = [row.transfer for row in rows]
                    assert shown == expected[offset : offset + limit], page
                    assert all(row.member_id == story.member_of[row.transfer.transfer_id] for row in rows)


async def test_history_shows_the_hold_as_it_is_now(world: LedgerWorld) -> None:
    story = await story_of(world)

    rows = await story.history(HistoryFilter(member_id=story.ann.member_id, verbs=(Verb.RESERVE, Verb.EARN)))

    holds = [row.hold for row in rows]
    assert [hold and (hold.status, hold.captured) for hold in holds] == [
        None, None, (HoldStatus.RELEASED, None), (HoldStatus.CAPTURED, 3), None, None,
    ]  # fmt: skip


async def test_other_assets_and_programs_are_not_shown(world: LedgerWorld) -> None:
    story = await story_of(world)
    credit = AccountReference(story.ann.member_id, "credit:GBP", location_id=3)
    second = await create_program(world.database, "second")
    await world.do(earn(1, credit))
    newest = story.transfers[-1].transfer_id

    assert (await story.history(HistoryFilter()))[0].transfer.transfer_id == newest
    assert len(await story.history(HistoryFilter(asset="credit:GBP"))) == 1
    shown = await story.history(HistoryFilter(member_id=credit.member_id, asset="credit:GBP", location_id=3))
    assert len(shown) == 1
    assert await story.history(HistoryFilter(member_id=credit.member_id, asset="credit:GBP")) == []
    assert await story.history(HistoryFilter(member_id=new_id())) == []
    async with world.database.connection() as connection:
        assert await actions.list_history(connection, second, HistoryFilter()) == []
        assert await actions.find_transfer(connection, second, newest) is None
        assert await actions.find_transfer(connection, world.program_id, new_id()) is None


@pytest.mark.parametrize("of_member", [True, False])
@pytest.mark.parametrize("verbs", [(), (Verb.EARN, Verb.ADJUST)])
async def test_pages_have_no_gaps_or_repeats_while_rows_arrive(
    world: LedgerWorld, of_member: bool, verbs: tuple[Verb, ...]
) -> None:
    story = await story_of(world)
    member_id = story.ann.member_id if of_member else None
    expected = story.newest_first(member_id, lambda transfer: not verbs or transfer.verb in verbs)
    shown: list[Transfer] = []
    before: UUID | None = None
    while True:
        wanted = HistoryFilter(member_id=member_id, verbs=verbs, before=before, limit=3)
        page = [row.transfer for row in await story.history(wanted)]
        if not page:
            break
        shown += page
        before = page[-1].transfer_id
        await world.post(earn(1, story.ann), adjust(1, story.bob))

    assert shown == expected


async def test_pages_go_on_below_one_another_with_offsets_and_times(world: LedgerWorld) -> None:
    story = await story_of(world)
    mine = story.newest_first(story.ann.member_id, lambda _: True)

    rows = await story.history(
        HistoryFilter(member_id=story.ann.member_id, before=mine[2].transfer_id, offset=1, until=at(100))
    )
    assert [row.transfer for row in rows] == mine[4:]
    early = await story.history(
        HistoryFilter(member_id=story.ann.member_id, before=mine[0].transfer_id, until=at(4))
    )
    assert [row.transfer for row in early] == mine[-3:]


async def test_rows_of_one_instant_are_all_in_or_all_out(world: LedgerWorld) -> None:
    account = await world.account()
    for amount in (1, 2, 3):
        await world.post(*(earn(amount, account) for _ in range(5)))
        world.clock.advance(microseconds=1)
    instant = NOW + timedelta(microseconds=1)

    async with world.database.connection() as connection:
        for member_id in (account.member_id, None):
            since = HistoryFilter(member_id=member_id, since=instant)
            until = HistoryFilter(member_id=member_id, until=instant)
            amounts = [
                [
                    row.transfer.amount
                    for row in await actions.list_history(connection, world.program_id, wanted)
                ]
                for wanted in (since, until)
            ]
            assert amounts == [[3] * 5 + [2] * 5, [1] * 5]
        assert await actions.balance_at(connection, world.program_id, account, instant) == 5


async def test_imported_rows_are_found_by_the_time_that_they_carry(world: LedgerWorld) -> None:
    account, late = await world.accounts(2)
    await world.do(earn(1, late))
    last_year = NOW - timedelta(days=365)
    await world.post(earn(5, account), earn(6, late), now=last_year)

    async with world.database.connection() as connection:
        rows = await actions.list_history(connection, world.program_id, HistoryFilter(since=NOW))
        old = await actions.list_history(
            connection, world.program_id, HistoryFilter(until=last_year + MINUTE, since=last_year)
        )
    assert [row.transfer.amount for row in rows] == [6, 1]
    assert [row.transfer.amount for row in old] == [5]


async def test_balances_and_totals_of_the_past_equal_the_sum_of_the_transfers(world: LedgerWorld) -> None:
    story = await story_of(world)
    moments = [NOW + half * MINUTE / 2 for half in range(-1, 2 * len(story.transfers) + 4)]
    async with world.database.connection() as connection:
        for account in (story.ann, story.bob):
            for moment in moments:
                mine = story.newest_first(account.member_id, lambda _: True)
                earlier = [transfer.amount for transfer in mine if transfer.created_at < moment]
                later = [transfer for transfer in mine if transfer.created_at >= moment]

                balance = await actions.balance_at(connection, world.program_id, account, moment)
                totals = await actions.period_totals(connection, world.program_id, account, since=moment)

                assert balance == sum(earlier)
                assert totals == PeriodTotals(
                    earned=_total(later, Verb.EARN),
                    redeemed=_total(later, Verb.REDEEM, Verb.CAPTURE),
                    refunded=_total(later, Verb.REFUND),
                )


def _total(transfers: list[Transfer], *verbs: Verb) -> int:
    return sum(abs(transfer.amount) for transfer in transfers if transfer.verb in verbs)


async def test_balances_of_unknown_accounts_are_zero(world: LedgerWorld) -> None:
    account = await world.account()
    async with world.database.connection() as connection:
        assert await actions.balance_at(connection, world.program_id, account, NOW) == 0
        totals = await actions.period_totals(connection, world.program_id, account, since=NOW)
    assert totals == PeriodTotals(0, 0, 0)
