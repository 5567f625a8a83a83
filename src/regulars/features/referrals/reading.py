"""What the owner of a RID is shown, and where a link leads."""

from datetime import datetime
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.referrals import rules, store_referrals
from regulars.features.referrals.model import Referral, ReferralEvent, ReferralStatus, Rewards

NUMBER_MAX = 2**63 - 1


async def stats_of(
    connection: Connection, program_id: int, owner_id: UUID, rid: str
) -> tuple[Referral, Rewards]:
    """The owner's RID, and how many of its rewards stand where. Raises Refused: referral_not_found."""
    pipeline = Pipeline(connection)
    found = store_referrals.send_find(pipeline, program_id, rid)
    counted = store_referrals.send_count_rewards(pipeline, program_id, rid)
    await pipeline.flush()
    return _owned(store_referrals.referral_in(found), owner_id), store_referrals.rewards_in(counted)


async def events_of(
    connection: Connection, program_id: int, owner_id: UUID, rid: str, before: int | None, limit: int
) -> tuple[list[ReferralEvent], int | None]:
    """The RID's events, newest first, and the number before which the next page begins; None at the end.

    Numbers have no gaps and a page begins below one, so that new events shift nothing. Raises Refused:
    referral_not_found.
    """
    pipeline = Pipeline(connection)
    found = store_referrals.send_find(pipeline, program_id, rid)
    sent = store_referrals.send_events(pipeline, program_id, rid, before or NUMBER_MAX, limit)
    await pipeline.flush()
    _owned(store_referrals.referral_in(found), owner_id)
    events = store_referrals.events_in(sent.rows)
    is_last = not events or events[-1].number == 1 or len(events) < limit
    return events, None if is_last else events[-1].number


async def find_link(connection: Connection, rid: str) -> tuple[int, Referral] | None:
    """The program of a RID, and the RID, from whichever program it is; None for an unknown one."""
    pipeline = Pipeline(connection)
    sent = store_referrals.send_find_program(pipeline, rid)
    await pipeline.flush()
    if not sent.rows:
        return None
    program_id: int = sent.rows[0][0]
    referral = await find(connection, program_id, rid)
    return None if referral is None else (program_id, referral)


async def find(connection: Connection, program_id: int, rid: str) -> Referral | None:
    """The program's RID, or None."""
    pipeline = Pipeline(connection)
    found = store_referrals.send_find(pipeline, program_id, rid)
    await pipeline.flush()
    return store_referrals.referral_in(found)


def counts_clicks(referral: Referral, now: datetime) -> bool:
    """Whether clicks on the RID are counted: not once it has expired or was revoked."""
    return rules.status_at(referral, now) is ReferralStatus.ACTIVE


def _owned(referral: Referral | None, owner_id: UUID) -> Referral:
    if referral is None or referral.owner_id != owner_id:
        raise Refused("referral_not_found")
    return referral
