"""A member gets a RID for a product: the one that is active, or a new one."""

from datetime import datetime, timedelta
from secrets import token_urlsafe
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.access.model import Program
from regulars.features.ledger.actions import transact
from regulars.features.referrals import rules, rules_fraud, store_clicks, store_referrals
from regulars.features.referrals.flagging import flag_all
from regulars.features.referrals.model import Policy, Product, Referral, ReferralStatus, Source
from regulars.features.referrals.model_settings import policy_of

RID_BYTES = 16


async def create(
    connection: Connection,
    program: Program,
    owner_id: UUID,
    product: Product,
    channel: str | None,
    source: Source,
    now: datetime,
    *,
    is_flood: bool = False,
) -> tuple[Referral, bool]:
    """The owner's active RID for the product, and whether it was made by this very call.

    The owner's row is locked, so that however many ask at once one RID is made for each product, and no
    more in any 24 hours than the policy allows. `source` is whom and where it was asked for from; where more
    comes from there than is believed (`is_flood`), the RID is flagged with it.
    `connection` is idle and in autocommit mode. Raises Refused: too_many_referrals.
    """

    async def work(pipeline: Pipeline) -> tuple[Referral, bool]:
        referral, is_new = await _create(pipeline, program, owner_id, product, channel, source, now)
        if is_flood:
            hits = [rules_fraud.flood(policy_of(program))]
            await flag_all(pipeline, program.program_id, referral.rid, None, hits, now)
        return referral, is_new

    return await transact(connection, work)


async def _create(
    pipeline: Pipeline,
    program: Program,
    owner_id: UUID,
    product: Product,
    channel: str | None,
    source: Source,
    now: datetime,
) -> tuple[Referral, bool]:
    assert source.person is not None, "an owner is known to the shop"
    program_id, policy = program.program_id, policy_of(program)
    store_referrals.send_lock_owner(pipeline, program_id, owner_id, source.person, now)
    current = store_referrals.send_current(pipeline, program_id, owner_id, product.product_id)
    made = _send_count(pipeline, program_id, owner_id, policy, now)
    await pipeline.flush()
    referral = store_referrals.referral_in(current)
    if referral is not None and rules.status_at(referral, now) is ReferralStatus.ACTIVE:
        return referral, False
    refusal = rules.refuse_creation(made.rows[0][0], policy)
    if refusal is not None:
        raise Refused(refusal.code)
    if referral is not None:
        store_referrals.send_status(pipeline, program_id, referral.rid, ReferralStatus.EXPIRED)
    new = _new_referral(owner_id, product, channel, policy, now)
    store_referrals.send_insert(pipeline, program_id, new)
    store_clicks.send_sighting(pipeline, program_id, source.person, "owner", source, now)
    return new, True


def _send_count(pipeline: Pipeline, program_id: int, owner_id: UUID, policy: Policy, now: datetime) -> Sent:
    limit = policy.referrals_per_day_max
    return store_referrals.send_count_since(pipeline, program_id, owner_id, now - rules.DAY, limit)


def _new_referral(
    owner_id: UUID, product: Product, channel: str | None, policy: Policy, now: datetime
) -> Referral:
    return Referral(
        rid=token_urlsafe(RID_BYTES),
        owner_id=owner_id,
        product_id=product.product_id,
        product_slug=product.slug,
        channel=channel,
        status=ReferralStatus.ACTIVE,
        reward_type=policy.reward_type,
        reward_value=policy.reward_value,
        currency=policy.currency,
        hold_days=policy.hold_days,
        created_at=now,
        expires_at=now + timedelta(days=policy.lifetime_days),
    )
