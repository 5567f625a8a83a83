"""The job that gives owners the rewards whose hold is over: set-based, a part after the other.

In one transaction the ledger is credited, the rewards become payable, and it is told. So each is given once,
however often the job is stopped and started, and however many run at a time: a part's rows are locked, and
rows that somebody else has locked are left to them.
"""

from collections.abc import Callable, Sequence
from itertools import groupby

from msgspec import Struct

from regulars.base.clock import Clock
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.features.access.actions import list_programs
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.actions import Books, transact
from regulars.features.ledger.model import AccountReference, Attribution, Declined, Earn, RefusalCode
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow
from regulars.features.referrals import events, store_maturing
from regulars.features.referrals.model import RewardType
from regulars.features.referrals.returning import SOURCE, credit_asset
from regulars.features.referrals.store_maturing import DueReward
from regulars.features.webhooks import actions as webhooks
from regulars.features.webhooks.catalogue import REFERRAL_REWARD_PAYABLE

CHUNK = 5_000
JUDGED_TOGETHER_MAX = 1_000
REWARD = "referral_reward"


class MaturingRun(Struct, frozen=True):
    """How many rewards were looked at, and how many their owners have now."""

    checked: int = 0
    given: int = 0


ShowProgress = Callable[[MaturingRun], None]


async def mature_due(
    database: Database, clock: Clock, show_progress: ShowProgress | None = None, chunk: int = CHUNK
) -> MaturingRun:
    """What was looked at and given, in all programs. May be stopped at any point and goes on there."""
    async with database.connection() as connection:
        programs = await list_programs(connection)
    run = MaturingRun()
    for program in programs:
        after: DueReward | None = None
        while True:
            part = _Part(database, program.program_id, clock)
            due = await part.give_plain(after, chunk)
            run = MaturingRun(run.checked + len(due), run.given + part.given)
            if show_progress is not None:
                show_progress(run)
            if len(due) < chunk:
                break
            after = due[-1]
    return run


class _Part:
    """Some rewards that are due."""

    def __init__(self, database: Database, program_id: int, clock: Clock) -> None:
        self._database, self._program_id, self._clock = database, program_id, clock
        self.given = 0

    async def give_plain(self, after: DueReward | None, limit: int) -> list[DueReward]:
        """The rewards that were looked at. Those for which the ledger has to decide are given one by one."""
        async with self._database.connection() as connection:
            due, left = await transact(connection, lambda pipeline: self._credit(pipeline, after, limit))
        self.given += sum(not reward.flagged for reward in due) - len(left)
        for start in range(0, len(left), JUDGED_TOGETHER_MAX):
            await self._give_judged([reward.order_id for reward in left[start : start + JUDGED_TOGETHER_MAX]])
        return due

    async def _give_judged(self, order_ids: Sequence[str]) -> None:
        """Gives those of these rewards that the ledger's rules allow."""
        async with self._database.connection() as connection:
            self.given += await transact(connection, lambda pipeline: self._judge(pipeline, order_ids))

    async def _credit(
        self, pipeline: Pipeline, after: DueReward | None, limit: int
    ) -> tuple[list[DueReward], list[DueReward]]:
        """The rewards of this part, and those of them that have to be judged."""
        now = self._clock()
        sent = store_maturing.send_lock_due(pipeline, self._program_id, now, after, limit)
        wish = self._wish(pipeline)
        await pipeline.flush()
        due = store_maturing.due_in(sent)
        free = [reward for reward in due if not reward.flagged]
        given = [reward for reward in free if reward.reward_type == RewardType.CASH]
        left: list[DueReward] = []
        in_credit = [reward for reward in free if reward.reward_type == RewardType.STORE_CREDIT]
        for currency, rewards in _by_currency(in_credit):
            credited, others = await self._credit_currency(pipeline, currency, rewards)
            given += credited
            left += others
        self._note(pipeline, given, wish)
        return due, left

    async def _credit_currency(
        self, pipeline: Pipeline, currency: str, rewards: Sequence[DueReward]
    ) -> tuple[list[DueReward], list[DueReward]]:
        """The rewards that the ledger has credited, and those of which its rules have to judge."""
        first: dict[str, DueReward] = {}
        for reward in rewards:
            first.setdefault(reward.owner_id.hex, reward)
        plain = [first[owner] for owner in sorted(first)]
        credited = await self._credit_plain(pipeline, currency, plain)
        done = {reward.order_id for reward in credited}
        missed = {_account(reward): reward for reward in plain if reward.order_id not in done}
        if missed:
            # Most of them have no account yet. Only those that are opened here are credited here: whoever
            # waited for another one now would hold accounts that sort behind it.
            opened = await ledger.open_accounts(pipeline, self._program_id, missed.keys(), self._clock())
            ours = [reward for account, reward in missed.items() if account in opened]
            credited += await self._credit_plain(pipeline, currency, ours)
            done = {reward.order_id for reward in credited}
        return credited, [reward for reward in rewards if reward.order_id not in done]

    async def _credit_plain(
        self, pipeline: Pipeline, currency: str, rewards: Sequence[DueReward]
    ) -> list[DueReward]:
        """Those of the rewards, one for each owner and sorted by owner, that nothing stood in the way of."""
        if not rewards:
            return []
        bulk = BulkEarn(
            action=REWARD,
            attribution=Attribution(SOURCE),
            rows=[
                BulkEarnRow(reward.owner_id, reward.amount, metadata=_metadata(reward)) for reward in rewards
            ],
            asset=credit_asset(currency),
        )
        left_out = ledger.send_credits(pipeline, self._program_id, bulk, bulk.rows, self._clock())
        await pipeline.flush()
        places = {place - 1 for (place,) in left_out.rows}
        return [reward for place, reward in enumerate(rewards) if place not in places]

    async def _judge(self, pipeline: Pipeline, order_ids: Sequence[str]) -> int:
        """How many of these rewards were given, each as the ledger's rules allow."""
        sent = store_maturing.send_lock_these(pipeline, self._program_id, order_ids)
        wish = self._wish(pipeline)
        await pipeline.flush()
        due = store_maturing.due_in(sent)
        if not due:
            return 0
        accounts = {reward.order_id: _account(reward) for reward in due}
        references = list(dict.fromkeys(accounts.values()))
        books = await Books.open(pipeline, self._program_id, references, self._clock)
        given: list[DueReward] = []
        ownerless: list[DueReward] = []
        for reward in due:
            outcome = books.decide(_earn(reward))
            if not isinstance(outcome, Declined):
                given.append(reward)
            elif outcome.refusal.code is RefusalCode.ACCOUNT_CLOSED:
                ownerless.append(reward)
            # What an account is too full for waits until something is spent.
        books.send()
        store_maturing.send_ownerless(
            pipeline, self._program_id, [reward.order_id for reward in ownerless], self._clock()
        )
        self._note(pipeline, given, wish)
        return len(given)

    def _wish(self, pipeline: Pipeline) -> webhooks.Wish:
        return webhooks.Wish(pipeline, self._program_id, REFERRAL_REWARD_PAYABLE.name)

    def _note(self, pipeline: Pipeline, given: Sequence[DueReward], wish: webhooks.Wish) -> None:
        """The owners have these rewards, and whoever wants to is told."""
        if not given:
            return
        now = self._clock()
        store_maturing.send_payable(pipeline, self._program_id, [reward.order_id for reward in given], now)
        if not wish.is_there:
            return
        told = [
            events.reward_payable(reward.rid, reward.order_id, reward.amount, reward.currency, now)
            for reward in given
        ]
        webhooks.emit(pipeline, self._program_id, told, now)


def _by_currency(rewards: Sequence[DueReward]) -> list[tuple[str, list[DueReward]]]:
    ordered = sorted(rewards, key=lambda reward: reward.currency)
    return [(currency, list(some)) for currency, some in groupby(ordered, key=lambda reward: reward.currency)]


def _account(reward: DueReward) -> AccountReference:
    return AccountReference(reward.owner_id, credit_asset(reward.currency))


def _metadata(reward: DueReward) -> dict[str, str]:
    """What the transfer says it is for, as the one that takes it back does."""
    return {"order_id": reward.order_id, "rid": reward.rid}


def _earn(reward: DueReward) -> Earn:
    return Earn(
        account=_account(reward),
        action=REWARD,
        attribution=Attribution(SOURCE, metadata=_metadata(reward)),
        amount=reward.amount,
    )
