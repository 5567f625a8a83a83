"""Proof on a live database that RIDs, their events, orders, rewards and the ledger say the same.

One statement per invariant, all on one snapshot, so that a busy server does not disturb them.
"""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.invariants import Finding, findings_of, one_moment

CHECKS: dict[str, LiteralString] = {
    "F1 a RID's figures are its events, numbered without gaps": """
        select r.program_id, format(
            'rid %%s: %%s clicks, %%s conversions, %%s in all; of %%s events %%s are clicks, %%s in all',
            r.rid, r.clicks, r.conversions, r.gmv, e.events, e.clicks, e.gmv)
        from referrals r
        cross join lateral (
            select count(*) as events, count(*) filter (where type = 'click') as clicks,
                coalesce(sum(order_total), 0) as gmv, coalesce(max(number), 0) as newest
            from referral_events e where e.program_id = r.program_id and e.rid = r.rid
        ) e
        where (r.events, r.clicks, r.gmv, r.events) is distinct from (e.events, e.clicks, e.gmv, e.newest)
        limit %(limit)s
    """,
    "F2 an order that was paid is an event of its RID": """
        select coalesce(c.program_id, e.program_id), format('order %%s of rid %%s, event of rid %%s',
            coalesce(c.order_id, e.order_id), c.rid, e.rid)
        from (select * from referral_conversions where confirmed_at is not null) c
        full join (select * from referral_events where type = 'conversion') e
            on e.program_id = c.program_id and e.order_id = c.order_id
        where (c.rid, c.order_total) is distinct from (e.rid, e.order_total)
        limit %(limit)s
    """,
    "F3 the ledger has credited each reward that became payable": """
        select coalesce(c.program_id, t.program_id), format('member %%s: %%s of %%s, the ledger has %%s',
            coalesce(c.owner_id, t.member_id), c.amount, coalesce(c.asset, t.asset), t.amount)
        from (
            select program_id, owner_id, 'credit:' || currency as asset, sum(reward_amount) as amount
            from referral_conversions
            where payable_at is not null and reward_type = 'storeCredit'
            group by program_id, owner_id, currency
        ) c
        full join (
            select a.program_id, a.member_id, a.asset, sum(t.amount) as amount
            from transfers t
            join accounts a on a.program_id = t.program_id and a.account_id = t.account_id
            where t.action = 'referral_reward'
            group by a.program_id, a.member_id, a.asset
        ) t on t.program_id = c.program_id and t.member_id = c.owner_id and t.asset = c.asset
        where c.amount is distinct from t.amount
        limit %(limit)s
    """,
    "F4 the ledger has taken back each reward that was": """
        select coalesce(c.program_id, t.program_id), format('member %%s: %%s rewards of %%s, %%s transfers',
            coalesce(c.owner_id, t.member_id), c.number, coalesce(c.asset, t.asset), t.number)
        from (
            select c.program_id, c.owner_id, 'credit:' || c.currency as asset, count(*) as number
            from referral_conversions c
            join members m on m.program_id = c.program_id and m.member_id = c.owner_id
            where c.taken_back and m.status <> 'erased'
            group by c.program_id, c.owner_id, c.currency
        ) c
        full join (
            select a.program_id, a.member_id, a.asset, count(*) as number
            from transfers t
            join accounts a on a.program_id = t.program_id and a.account_id = t.account_id
            where t.action = 'referral_clawback' and a.closed_at is null
            group by a.program_id, a.member_id, a.asset
        ) t on t.program_id = c.program_id and t.member_id = c.owner_id and t.asset = c.asset
        where c.number is distinct from t.number
        limit %(limit)s
    """,
    "F5 what was clawed back is nobody's": """
        select f.program_id, format('flag %%s was clawed back, order %%s is %%s',
            f.flag_id, c.order_id, c.reward_status)
        from fraud_flags f
        join referral_conversions c
            on c.program_id = f.program_id and c.order_id = f.order_id and c.rid = f.rid
        where f.status = 'clawed_back' and c.reward_status <> 'cancelled'
        limit %(limit)s
    """,
    "F6 nothing is held of what was blocked": """
        select f.program_id, format('flag %%s is %%s, order %%s is held', f.flag_id, f.status, c.order_id)
        from fraud_flags f
        join referral_conversions c on c.program_id = f.program_id and c.rid = f.rid
            and (f.order_id is null or f.order_id = c.order_id)
        where f.status in ('blocked', 'clawed_back') and c.reward_status = 'pending_hold'
        limit %(limit)s
    """,
}


async def verify(connection: Connection) -> list[Finding]:
    """Every place where they differ, a few for each invariant; empty if none."""
    async with one_moment(connection):
        return await check(connection)


async def check(connection: Connection) -> list[Finding]:
    """The same as the connection's open transaction sees it."""
    return await findings_of(connection, CHECKS)
