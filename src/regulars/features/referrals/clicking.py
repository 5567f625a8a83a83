"""Somebody follows a link."""

from datetime import datetime

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.referrals import events, rules, store_clicks
from regulars.features.webhooks import actions as webhooks


async def click(connection: Connection, program_id: int, rid: str, device: bytes, now: datetime) -> bool:
    """Whether the click counts: it does not where one of the same device did in the last half hour.

    The RID has to be there; whether it is active is asked before. `connection` is idle and in autocommit
    mode.
    """

    async def work(pipeline: Pipeline) -> bool:
        counted_before = now - rules.CLICK_COUNTS_AGAIN_AFTER
        sent = store_clicks.send_click(pipeline, program_id, rid, device, now, counted_before)
        await pipeline.flush()
        counts = bool(sent.rows)
        if counts:
            webhooks.emit(pipeline, program_id, [events.clicked(rid, now)], now)
        return counts

    return await transact(connection, work)
