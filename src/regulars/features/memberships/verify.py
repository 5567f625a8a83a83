"""Proof on a live database that memberships, what they were granted and what came back say the same.

One statement per invariant, all on one snapshot, so that a busy server does not disturb them.
"""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.invariants import Finding, findings_of, one_moment

CHECKS: dict[str, LiteralString] = {
    "B1 a grant belongs to the member of its subscription": """
        select c.program_id, format('claim %%s granted account %%s, subscription %%s is of member %%s',
            c.key, t.account_id, m.subscription_id, m.member_id)
        from claims c
        join transfers t on t.program_id = c.program_id and t.transfer_id = c.transfer_id
        left join accounts a on a.program_id = t.program_id and a.account_id = t.account_id
        left join memberships m on m.program_id = c.program_id
            and m.subscription_id = left(c.key, length(c.key) - position(':' in reverse(c.key)))
        where c.scope = 'membership.grant' and (
            m.member_id is distinct from a.member_id or m.location_id is distinct from a.location_id
            or a.asset <> 'rewards'
        )
        limit %(limit)s
    """,
    "B2 a period was granted what its claim says": """
        select p.program_id, format('subscription %%s from %%s: granted %%s, the claim says %%s',
            p.subscription_id, p.period_start, p.granted, coalesce(t.amount, 0))
        from membership_periods p
        left join claims c on c.program_id = p.program_id and c.scope = 'membership.grant'
            and c.key = p.subscription_id || ':' || floor(extract(epoch from p.period_start))::bigint
        left join transfers t on t.program_id = c.program_id and t.transfer_id = c.transfer_id
        where p.granted <> coalesce(t.amount, 0)
        limit %(limit)s
    """,
    "B3 what came back follows from the charges": """
        select p.program_id, format('subscription %%s from %%s: %%s of %%s taken back',
            p.subscription_id, p.period_start, p.taken_back, p.granted)
        from membership_periods p
        left join (
            select program_id, subscription_id, period_start, sum(refunded_minor) as refunded,
                bool_or(disputed) as disputed
            from membership_charges group by program_id, subscription_id, period_start
        ) c using (program_id, subscription_id, period_start)
        where p.taken_back <> case
            when c.disputed then p.granted
            else div(
                2 * p.granted * least(coalesce(c.refunded, 0), p.paid_minor) + p.paid_minor, 2 * p.paid_minor
            )
        end
        limit %(limit)s
    """,
}


async def verify(connection: Connection) -> list[Finding]:
    """Every place where memberships and the books differ, a few for each invariant; empty if none."""
    async with one_moment(connection):
        return await check(connection)


async def check(connection: Connection) -> list[Finding]:
    """The same as the connection's open transaction sees it."""
    return await findings_of(connection, CHECKS)
