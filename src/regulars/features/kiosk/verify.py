"""Proof on a live database that orders, holds of carts and the ledger say the same.

One statement per invariant, all on one snapshot, so that a busy server does not disturb them.
"""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.invariants import Finding, findings_of, one_moment

CHECKS: dict[str, LiteralString] = {
    "K1 an order earned what the ledger says": """
        select o.program_id, format('order %%s at location %%s: %%s points, transfer %%s gives %%s',
            o.order_id, o.location_id, o.points_earned, o.earn_id, t.amount)
        from paid_orders o
        left join transfers t on t.program_id = o.program_id and t.transfer_id = o.earn_id
        left join accounts a on a.program_id = t.program_id and a.account_id = t.account_id
        where o.earn_id is not null and (
            t.amount is distinct from o.points_earned or t.verb <> 'earn' or a.member_id <> o.member_id
            or a.location_id <> o.location_id or a.asset <> 'points'
        )
        limit %(limit)s
    """,
    "K2 an earn is one order's": """
        select program_id, format('transfer %%s is the earn of %%s orders', earn_id, count(*))
        from paid_orders where earn_id is not null
        group by program_id, earn_id having count(*) > 1
        limit %(limit)s
    """,
    "K3 what was refunded or is disputed is taken back": """
        select program_id, format('order %%s at %%s: %%s of %%s points taken back, lost %%s of %%s',
            order_id, location_id, points_taken_back, points_earned, lost_minor, total_minor)
        from paid_orders
        cross join lateral (
            select case when disputes @? '$[*] ? (@.takes_money == true)' then total_minor
                else refunded_minor end as lost_minor
        ) l
        where status = 'earned' and total_minor > 0 and points_taken_back <> points_earned
            - div(points_earned::numeric * greatest(total_minor - lost_minor, 0), total_minor)
        limit %(limit)s
    """,
    "K4 an order redeemed its holds": """
        select program_id, format('order %%s at location %%s: %%s rewards redeemed, its holds are of %%s',
            order_id, location_id, coalesce(r.rewards, 0), coalesce(h.rewards, 0))
        from redeemed_orders r
        full join (
            select program_id, location_id, order_id, sum(venue_rewards + program_rewards) as rewards
            from cart_holds where order_id is not null group by program_id, location_id, order_id
        ) h using (program_id, location_id, order_id)
        where r.rewards is distinct from h.rewards
        limit %(limit)s
    """,
    "K5 a hold of a cart reserves what it says": """
        select h.program_id, format('hold %%s of cart %%s: %%s rewards of location %%s, the ledger holds %%s',
            h.hold_id, h.cart_session_id, p.rewards, p.location_id, l.amount)
        from cart_holds h
        cross join lateral (values
            (h.venue_hold_id, h.venue_rewards, h.location_id), (h.program_hold_id, h.program_rewards, 0)
        ) p (hold_id, rewards, location_id)
        left join holds l on l.program_id = h.program_id and l.hold_id = p.hold_id
        left join accounts a on a.program_id = l.program_id and a.account_id = l.account_id
        where p.hold_id is not null and (
            l.amount is distinct from p.rewards or (l.status = 'captured' and h.status <> 'redeemed')
            or (l.status = 'pending' and h.status = 'redeemed' and l.expires_at > h.closed_at)
            or a.member_id <> h.member_id or a.location_id <> p.location_id or a.asset <> 'rewards'
        )
        limit %(limit)s
    """,
}


async def verify(connection: Connection) -> list[Finding]:
    """Every place where kiosks and the ledger differ, a few for each invariant; empty if none."""
    async with one_moment(connection):
        return await check(connection)


async def check(connection: Connection) -> list[Finding]:
    """The same as the connection's open transaction sees it."""
    return await findings_of(connection, CHECKS)
