"""What looks like fraud is put into the operators' queue, and they are told, once each."""

from collections.abc import Sequence
from datetime import datetime

from regulars.base.ids import new_id
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.referrals import events, rules_fraud, store_flags
from regulars.features.referrals.model import Flag, FlagStatus, Policy
from regulars.features.referrals.rules_fraud import Hit
from regulars.features.webhooks import actions as webhooks


async def flag_all(
    pipeline: Pipeline, program_id: int, rid: str, order_id: str | None, hits: Sequence[Hit], now: datetime
) -> None:
    """A flag for each hit that was not flagged before, in the pipeline's transaction; flushes for any hit."""
    flags = [
        Flag(
            flag_id=new_id(),
            rid=rid,
            order_id=order_id,
            rule=hit.rule,
            status=FlagStatus.OPEN,
            observed=hit.observed,
            created_at=now,
        )
        for hit in hits
    ]
    if not flags:
        return
    sent = [store_flags.send_flag(pipeline, program_id, flag) for flag in flags]
    await pipeline.flush()
    new = [flag for flag, answer in zip(flags, sent, strict=True) if answer.rows]
    webhooks.emit(pipeline, program_id, [events.flagged(flag) for flag in new], now)


async def flag_flood(
    connection: Connection, program_id: int, rid: str, policy: Policy, now: datetime
) -> None:
    """The RID is flagged because one source makes more events than are believed."""

    async def work(pipeline: Pipeline) -> None:
        await flag_all(pipeline, program_id, rid, None, [rules_fraud.flood(policy)], now)

    await transact(connection, work)
