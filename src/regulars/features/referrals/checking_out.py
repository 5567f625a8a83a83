"""An order is about to be paid: did it come by the RID that the shop has for it?"""

from datetime import datetime, timedelta

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.access.model import Program
from regulars.features.ledger.actions import transact
from regulars.features.referrals import (
    rules,
    rules_fraud,
    store_clicks,
    store_conversions,
    store_referrals,
)
from regulars.features.referrals.flagging import flag_all
from regulars.features.referrals.model import Checkout, Conversion, Policy, Verdict
from regulars.features.referrals.model_settings import policy_of
from regulars.features.referrals.rules_fraud import Sighted


async def validate(connection: Connection, program: Program, checkout: Checkout, now: datetime) -> Verdict:
    """The verdict, the same one for the same order however often it is asked for.

    The first RID that is found valid keeps the order, and the order counts as a candidate from then on. Who
    buys where is kept as keyed hashes, also of an order that was refused. `connection` is idle and in
    autocommit mode.
    """

    async def work(pipeline: Pipeline) -> Verdict:
        return await _validate(pipeline, program.program_id, policy_of(program), checkout, now)

    return await transact(connection, work)


async def _validate(
    pipeline: Pipeline, program_id: int, policy: Policy, checkout: Checkout, now: datetime
) -> Verdict:
    locked = store_conversions.send_lock(pipeline, program_id, checkout.order_id)
    found = store_referrals.send_find(pipeline, program_id, checkout.rid)
    since = now - timedelta(days=policy.sighting_days)
    seen = store_clicks.send_sighted(
        pipeline, program_id, checkout.rid, checkout.source, since, rules_fraud.BUYERS_COUNTED_MAX
    )
    await pipeline.flush()
    existing = store_conversions.conversion_in(locked)
    earlier = rules.earlier_verdict(existing, checkout.rid)
    if earlier is not None:
        return earlier
    referral = store_referrals.referral_in(found)
    reason = rules.refuse_rid(referral, now)
    if referral is None or reason is not None:
        return Verdict(reason)
    hits = rules_fraud.hits_at_checkout(_sighted(seen), policy)
    verdict = rules.judge(referral, [hit.rule for hit in hits], policy, now)
    _keep(pipeline, program_id, existing, rules.candidate(referral, checkout, verdict, now))
    if checkout.source.person is not None:
        store_clicks.send_sighting(
            pipeline, program_id, checkout.source.person, "buyer", checkout.source, now
        )
    await flag_all(pipeline, program_id, checkout.rid, checkout.order_id, hits, now)
    return verdict


def _sighted(sent: Sent) -> Sighted:
    owner_has_device, owner_has_address, other_buyers, is_owner = sent.rows[0]
    return Sighted(
        buyer_is_owner=bool(is_owner),
        owner_has_device=owner_has_device,
        owner_has_address=owner_has_address,
        buyers_of_device=other_buyers + 1,
    )


def _keep(pipeline: Pipeline, program_id: int, existing: Conversion | None, conversion: Conversion) -> None:
    if existing is None:
        store_conversions.send_insert(pipeline, program_id, conversion)
    else:
        store_conversions.send_update(pipeline, program_id, conversion)
