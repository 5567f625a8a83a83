"""Operators look at what was flagged, and clear it, block it or claw the reward back; and they pay in cash.

Whoever decides locks the flag first, then the RID, then the orders by their id, then accounts.
"""

from uuid import UUID

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.ledger.actions import transact
from regulars.features.referrals import rules, store_conversions, store_flags, store_referrals
from regulars.features.referrals.model import (
    DECIDED_BY_LENGTH_MAX,
    Conversion,
    Ending,
    Flag,
    FlagStatus,
    ReferralStatus,
    RewardStatus,
)
from regulars.features.referrals.returning import ended, save_ended

NOBODY = UUID(int=0)
CHUNK = 500
QUEUE_MAX = 500


async def list_flags(
    connection: Connection,
    program_id: int,
    *,
    status: FlagStatus = FlagStatus.OPEN,
    after: UUID = NOBODY,
    limit: int = 50,
) -> list[Flag]:
    """Flags of a status, oldest first, at most `limit` (500 at most); those after one of them."""
    assert 1 <= limit <= QUEUE_MAX
    pipeline = Pipeline(connection)
    sent = store_flags.send_queue(pipeline, program_id, status, after, limit)
    await pipeline.flush()
    return store_flags.flags_in(sent)


async def clear(connection: Connection, program_id: int, flag_id: UUID, by: str, clock: Clock) -> Flag:
    """The flag was a mistake: it holds no reward from now on.

    The same decision again changes nothing. `connection` is idle and in autocommit mode. Raises Refused:
    flag_not_found, flag_decided with the `status` where something else was decided.
    """
    return await _decide(connection, program_id, flag_id, FlagStatus.CLEARED, by, clock)


async def block(connection: Connection, program_id: int, flag_id: UUID, by: str, clock: Clock) -> Flag:
    """The flag was right: the order's reward is cancelled.

    One about a whole RID revokes the RID and cancels all of its rewards that are still held. What the owner
    has already is left: see `claw_back`. Otherwise as `clear`.
    """
    return await _decide(connection, program_id, flag_id, FlagStatus.BLOCKED, by, clock)


async def claw_back(connection: Connection, program_id: int, flag_id: UUID, by: str, clock: Clock) -> Flag:
    """The same, and what the owner has already of the order's reward, or of all of the RID's, goes."""
    return await _decide(connection, program_id, flag_id, FlagStatus.CLAWED_BACK, by, clock)


async def pay(connection: Connection, program_id: int, order_id: str, clock: Clock) -> Conversion:
    """The order, whose cash reward was paid by hand. Told again, it is the same.

    `connection` is idle and in autocommit mode. Raises Refused: reward_not_found, reward_is_not_cash,
    reward_not_payable with its `status`.
    """

    async def work(pipeline: Pipeline) -> Conversion:
        sent = store_conversions.send_lock(pipeline, program_id, order_id)
        await pipeline.flush()
        conversion = store_conversions.conversion_in(sent)
        refusal = rules.refuse_payment(conversion)
        if refusal is not None:
            raise Refused(refusal.code, **refusal.details)
        assert conversion is not None, "what is not there is refused"
        paid = rules.paid(conversion, clock())
        store_conversions.send_update(pipeline, program_id, paid)
        return paid

    return await transact(connection, work)


async def _decide(
    connection: Connection, program_id: int, flag_id: UUID, decision: FlagStatus, by: str, clock: Clock
) -> Flag:
    assert 1 <= len(by) <= DECIDED_BY_LENGTH_MAX

    async def work(pipeline: Pipeline) -> Flag:
        sent = store_flags.send_lock(pipeline, program_id, flag_id)
        await pipeline.flush()
        found = store_flags.flags_in(sent)
        if not found:
            raise Refused("flag_not_found")
        [flag] = found
        if flag.status is decision:
            return flag
        if flag.status is not FlagStatus.OPEN:
            raise Refused("flag_decided", status=str(flag.status))
        now = clock()
        if decision is not FlagStatus.CLEARED:
            await _end_rewards(pipeline, program_id, flag, decision, clock)
        store_flags.send_decision(pipeline, program_id, flag_id, decision, by, now)
        return replace(flag, status=decision, decided_at=now, decided_by=by)

    return await transact(connection, work)


async def _end_rewards(
    pipeline: Pipeline, program_id: int, flag: Flag, decision: FlagStatus, clock: Clock
) -> None:
    """What the flag is about has no rewards any more, as far as the decision goes."""
    if flag.order_id is not None:
        sent = store_conversions.send_lock(pipeline, program_id, flag.order_id)
        await pipeline.flush()
        conversions = [one for one in store_conversions.conversions_in(sent) if one.rid == flag.rid]
        await _end(pipeline, program_id, conversions, decision, clock)
        return
    # First, so that no order is paid in between and missed.
    store_referrals.send_status(pipeline, program_id, flag.rid, ReferralStatus.REVOKED)
    await _end_all(pipeline, program_id, flag.rid, decision, clock)


async def _end_all(pipeline: Pipeline, program_id: int, rid: str, decision: FlagStatus, clock: Clock) -> None:
    """All rewards of the RID, a part after the other, in the order of their orders."""
    takes_back = decision is FlagStatus.CLAWED_BACK
    after = ""
    while True:
        sent = store_conversions.send_lock_live(pipeline, program_id, rid, after, CHUNK, given=takes_back)
        await pipeline.flush()
        conversions = store_conversions.conversions_in(sent)
        await _end(pipeline, program_id, conversions, decision, clock)
        if len(conversions) < CHUNK:
            return
        after = conversions[-1].order_id


async def _end(
    pipeline: Pipeline,
    program_id: int,
    conversions: list[Conversion],
    decision: FlagStatus,
    clock: Clock,
) -> None:
    takes_back = decision is FlagStatus.CLAWED_BACK
    ending = Ending.CLAWED_BACK if takes_back else Ending.BLOCKED
    changes = [ended(one, ending, clock()) for one in conversions if takes_back or not _is_settled(one)]
    await save_ended(pipeline, program_id, changes, clock)


def _is_settled(conversion: Conversion) -> bool:
    return conversion.reward_status not in (None, RewardStatus.PENDING_HOLD)
