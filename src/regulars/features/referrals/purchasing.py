"""An order was paid: it is one of its RID's conversions, and the owner's reward is held."""

from datetime import datetime, timedelta

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Program
from regulars.features.ledger.actions import transact
from regulars.features.referrals import (
    events,
    rules,
    rules_fraud,
    store_clicks,
    store_conversions,
    store_referrals,
)
from regulars.features.referrals.flagging import flag_all
from regulars.features.referrals.model import (
    Checkout,
    Conversion,
    ConversionStatus,
    Policy,
    Purchase,
    Referral,
    Refusal,
    Source,
    Verdict,
)
from regulars.features.referrals.model_settings import policy_of
from regulars.features.webhooks import actions as webhooks


async def attribute(
    connection: Connection, program: Program, purchase: Purchase, now: datetime
) -> Conversion:
    """The order with its reward, the same one for the same purchase however often it is told.

    An order that nobody asked about before it was paid counts where its RID does; nothing is known of its
    buyer then, and all such orders count as one source's. `connection` is idle and in autocommit mode.
    Raises Refused: rid_expired, rid_revoked, self_purchase_blocked, order_of_another_rid,
    order_confirmed_otherwise, currency_not_of_policy.
    """

    async def work(pipeline: Pipeline) -> Conversion:
        return await _attribute(pipeline, program.program_id, policy_of(program), purchase, now)

    return await transact(connection, work)


async def _attribute(
    pipeline: Pipeline, program_id: int, policy: Policy, purchase: Purchase, now: datetime
) -> Conversion:
    found = store_referrals.send_lock(pipeline, program_id, purchase.rid)
    locked = store_conversions.send_lock(pipeline, program_id, purchase.order_id)
    await pipeline.flush()
    existing = store_conversions.conversion_in(locked)
    referral = store_referrals.referral_in(found)
    before = _candidate(existing, referral, purchase, now)
    assert referral is not None, "a candidate has a RID"
    after = rules.confirm(referral, before, purchase, now)
    if isinstance(after, Refusal):
        raise Refused(after.code, **after.details)
    if existing is None:
        store_conversions.send_insert(pipeline, program_id, before)
    if after != existing:
        store_conversions.send_update(pipeline, program_id, after)
    if before.confirmed_at is None and after.confirmed_at is not None:
        await _count(pipeline, program_id, referral, after, policy, now)
    return after


def _candidate(
    existing: Conversion | None, referral: Referral | None, purchase: Purchase, now: datetime
) -> Conversion:
    """The order as it was asked about, or as one that nobody asked about under this RID.

    Raises Refused: order_of_another_rid, rid_expired, rid_revoked, self_purchase_blocked.
    """
    is_free = existing is None or (
        existing.status is ConversionStatus.REFUSED and existing.rid != purchase.rid
    )
    if existing is not None and not is_free:
        if existing.rid != purchase.rid:
            raise Refused(rules.OF_ANOTHER_RID)
        return existing
    reason = rules.refuse_rid(referral, now)
    if referral is None or reason is not None:
        raise Refused(reason or rules.EXPIRED)
    if existing is None:
        source = Source()
    elif existing.owner_id == referral.owner_id:
        # What was refused as the owner's own is so under every RID of the owner's.
        raise Refused(existing.reason or rules.SELF_PURCHASE)
    else:
        source = Source(existing.buyer, existing.device, existing.address)
    checkout = Checkout(purchase.rid, purchase.order_id, source)
    return rules.candidate(referral, checkout, Verdict(), now)


async def _count(
    pipeline: Pipeline,
    program_id: int,
    referral: Referral,
    conversion: Conversion,
    policy: Policy,
    now: datetime,
) -> None:
    """The order is one of the RID's figures, told, and a reason to look at where its orders come from.

    Buyers who were at the checkout at the same moment are seen behind their device only now.
    """
    store_conversions.send_count_conversion(pipeline, program_id, referral, conversion, now)
    counted = store_conversions.send_count_sources(pipeline, program_id, referral.rid, rules_fraud.JUDGED_MAX)
    since = now - timedelta(days=policy.sighting_days)
    crowd = store_clicks.send_count_buyers(
        pipeline, program_id, conversion.device, since, rules_fraud.BUYERS_COUNTED_MAX
    )
    await pipeline.flush()
    orders, sources = counted.rows[0]
    webhooks.emit(pipeline, program_id, [events.converted(referral, conversion, now)], now)
    of_order = rules_fraud.hits_of_device(crowd.rows[0][0], policy)
    await flag_all(pipeline, program_id, referral.rid, conversion.order_id, of_order, now)
    of_referral = rules_fraud.hits_at_purchase(orders, sources, policy)
    await flag_all(pipeline, program_id, referral.rid, None, of_referral, now)
