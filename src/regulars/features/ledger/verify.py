"""Proof on a live database that the ledger adds up: one statement per invariant.

The invariants are those of the test plan: I1 balances and versions, I2 nothing negative, I3 one effect per
key, I4 the books sum to zero, I5 one end per hold, I6 refunds within their redeem, I8 claims that point at
what they answered. All statements share one snapshot, so a busy server does not disturb them.
"""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.invariants import Finding, findings_of, one_moment

CHECKS: dict[str, LiteralString] = {
    "I1 balance is the sum of the transfers": """
        select program_id, format('account %%s: balance %%s, transfers sum to %%s, %%s for version %%s',
            account_id, a.balance, coalesce(t.total, 0), coalesce(t.transfers, 0), a.version)
        from accounts a
        full join (
            select program_id, account_id, sum(amount) as total, count(*) as transfers,
                max(version) as newest, sum(amount) filter (where amount > 0) as credited,
                -sum(amount) filter (where amount < 0) as debited
            from transfers group by program_id, account_id
        ) t using (program_id, account_id)
        where a.version is null or a.balance <> coalesce(t.total, 0)
            or a.version <> coalesce(t.transfers, 0) or a.version <> coalesce(t.newest, 0)
            or a.credited <> coalesce(t.credited, 0) or a.debited <> coalesce(t.debited, 0)
        limit %(limit)s
    """,
    "I1 every transfer continues the one before": """
        select program_id, format('transfer %%s of account %%s, version %%s',
            transfer_id, account_id, version)
        from (
            select program_id, transfer_id, account_id, version, amount, balance_after,
                lag(balance_after, 1, 0::bigint) over steps as balance_before,
                lag(version, 1, 0::bigint) over steps as version_before,
                created_at < lag(created_at) over steps as goes_back
            from transfers window steps as (partition by program_id, account_id order by version)
        ) t
        where balance_after <> balance_before + amount or version <> version_before + 1 or goes_back
        limit %(limit)s
    """,
    "I2 held is the sum of the pending holds": """
        select a.program_id, format('account %%s: held %%s of %%s, pending holds sum to %%s',
            a.account_id, a.held, a.balance, coalesce(h.total, 0))
        from accounts a
        left join (
            select program_id, account_id, sum(amount) as total from holds
            where status = 'pending' group by program_id, account_id
        ) h using (program_id, account_id)
        where a.held <> coalesce(h.total, 0) or a.held > a.balance or a.balance < 0
        limit %(limit)s
    """,
    "I2 nothing is owed that could have been paid": """
        select program_id, format('account %%s: owes %%s and has %%s', account_id, owed, balance - held)
        from accounts
        where owed < 0 or (owed > 0 and balance > held)
        limit %(limit)s
    """,
    "I3 one transfer for each key": """
        select t.program_id, format('transfer %%s carries key %%s, which is claimed for %%s',
            t.transfer_id, t.idempotency_key, count(*))
        from transfers t
        join claims c on c.program_id = t.program_id and c.transfer_id = t.transfer_id
        group by t.program_id, t.transfer_id, t.idempotency_key having count(*) > 1
        limit %(limit)s
    """,
    "I4 the books sum to zero": """
        select program_id, format('%%s: members hold %%s, system accounts owe %%s',
            coalesce(asset, 'transfers of no account'), held, owed)
        from (
            select program_id, a.asset, coalesce(sum(a.balance), 0) as held, coalesce(sum(t.total), 0) as owed
            from accounts a
            full join (
                select program_id, account_id, sum(amount) as total from transfers
                group by program_id, account_id
            ) t using (program_id, account_id)
            group by program_id, a.asset
        ) books
        where held <> owed
        limit %(limit)s
    """,
    "I5 one end for each hold": """
        select h.program_id, format('hold %%s is %%s with %%s openings, %%s ends, %%s captured of %%s',
            h.hold_id, h.status, coalesce(t.openings, 0), coalesce(t.ends, 0), h.captured,
            coalesce(t.captured, 0))
        from holds h
        left join (
            select program_id, account_id, hold_id, -sum(amount) as captured,
                count(*) filter (where verb = 'reserve') as openings,
                count(*) filter (where verb in ('capture', 'release', 'expire')) as ends
            from transfers where hold_id is not null group by program_id, account_id, hold_id
        ) t using (program_id, account_id, hold_id)
        where coalesce(t.openings, 0) <> 1 or coalesce(t.ends, 0) <> (h.status <> 'pending')::int
            or coalesce(t.captured, 0) <> coalesce(h.captured, 0)
        limit %(limit)s
    """,
    "I5 every step of a hold has its hold": """
        select t.program_id, format('%%s %%s names hold %%s, which is none of its account',
            t.verb, t.transfer_id, t.hold_id)
        from transfers t
        left join holds h on h.program_id = t.program_id and h.account_id = t.account_id
            and h.hold_id = t.hold_id
        where (t.hold_id is not null) <> (t.verb in ('reserve', 'capture', 'release', 'expire'))
            or (t.hold_id is not null and h.hold_id is null)
        limit %(limit)s
    """,
    "I6 refunds stay within their redeem": """
        select t.program_id, format('redeem %%s of %%s: refunded %%s, refunds sum to %%s',
            t.transfer_id, -t.amount, d.refunded, coalesce(r.total, 0))
        from transfers t
        left join redemptions d on d.program_id = t.program_id and d.transfer_id = t.transfer_id
        left join (
            select program_id, parent_id, sum(amount) as total from transfers
            where verb = 'refund' group by program_id, parent_id
        ) r on r.program_id = t.program_id and r.parent_id = t.transfer_id
        where t.verb in ('redeem', 'capture') and t.amount < 0
            and (d.redeemed is distinct from -t.amount or d.refunded is distinct from coalesce(r.total, 0)
                or coalesce(r.total, 0) > -t.amount)
        limit %(limit)s
    """,
    "I6 every refund has its redeem": """
        select r.program_id, format('%%s %%s counts against %%s, which is no redeem of its account',
            r.kind, r.transfer_id, r.redeem_id)
        from (
            select program_id, account_id, 'refund' as kind, transfer_id, parent_id as redeem_id
            from transfers where verb = 'refund'
            union all
            select program_id, account_id, 'redemption', transfer_id, transfer_id from redemptions
        ) r
        left join transfers t on t.program_id = r.program_id and t.account_id = r.account_id
            and t.transfer_id = r.redeem_id and t.verb in ('redeem', 'capture') and t.amount < 0
        where t.transfer_id is null
        limit %(limit)s
    """,
    "I8 claims answer with their own transfer": """
        select c.program_id, format('claim %%s of scope %%s', c.key, c.scope)
        from claims c
        left join transfers t on t.program_id = c.program_id and t.transfer_id = c.transfer_id
        where c.transfer_id is not null
            and (t.transfer_id is null or t.idempotency_key is distinct from c.key)
        limit %(limit)s
    """,
}


async def verify(connection: Connection) -> list[Finding]:
    """Every place where the ledger does not add up, a few for each invariant; empty when all does."""
    async with one_moment(connection):
        return await check(connection)


async def check(connection: Connection) -> list[Finding]:
    """The same as the connection's open transaction sees it."""
    return await findings_of(connection, CHECKS)
