"""Proof on a live database that borrowers, loans and photos say the same.

One statement per invariant, all on one snapshot, so that a busy server does not disturb them. That no more is
out than a plan allows is no invariant: plans change while garments are out.
"""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.invariants import Finding, findings_of, one_moment

CHECKS: dict[str, LiteralString] = {
    "L1 what is out are the open loans": """
        select b.program_id, format('member %%s: %%s out, %%s loans are open',
            b.member_id, b.items_out, l.open)
        from borrowers b
        cross join lateral (
            select count(*) as open from loans l
            where l.program_id = b.program_id and l.member_id = b.member_id and l.returned_at is null
        ) l
        where b.items_out <> l.open
        limit %(limit)s
    """,
    "L2 a loan has its photos, unless its member was erased": """
        select l.program_id, format('loan %%s has no first photo', l.loan_id)
        from loans l
        join members m on m.program_id = l.program_id and m.member_id = l.member_id
        where m.status <> 'erased' and not exists (
            select from loan_photos p
            where p.program_id = l.program_id and p.loan_id = l.loan_id and p.position = 1
        )
        limit %(limit)s
    """,
    "L3 a photo of a loan is its member's, for loans, and used": """
        select l.program_id, format('loan %%s: photo %%s of member %%s, for %%s, used at %%s',
            l.loan_id, p.photo_id, p.owner_id, p.purpose, p.used_at)
        from loan_photos lp
        join loans l on l.program_id = lp.program_id and l.loan_id = lp.loan_id
        join photos p on p.program_id = lp.program_id and p.photo_id = lp.photo_id
        where p.owner_id is distinct from l.member_id or p.purpose <> 'loan' or p.used_at is null
        limit %(limit)s
    """,
    "L4 a photo is of one loan": """
        select program_id, format('photo %%s is of %%s loans', photo_id, count(*))
        from loan_photos group by program_id, photo_id having count(*) > 1
        limit %(limit)s
    """,
    "L5 what was swapped came back when the other was taken": """
        select o.program_id, format('loan %%s, back at %%s, was swapped for %%s, taken at %%s',
            o.loan_id, o.returned_at, o.swapped_for, n.checked_out_at)
        from loans o
        left join loans n on n.program_id = o.program_id and n.loan_id = o.swapped_for
        where o.swapped_for is not null and (
            n.member_id is distinct from o.member_id or n.checked_out_at is distinct from o.returned_at
        )
        limit %(limit)s
    """,
    "L6 no swap without a garment, and no count below zero": """
        select program_id, format('member %%s: %%s items, %%s swaps, %%s out',
            member_id, items_used, swaps_used, items_out)
        from borrowers
        where items_used < 0 or items_out < 0 or swaps_used not between 0 and items_used
        limit %(limit)s
    """,
}


async def verify(connection: Connection) -> list[Finding]:
    """Every place where borrowers, loans and photos differ, a few for each invariant; empty if none."""
    async with one_moment(connection):
        return await check(connection)


async def check(connection: Connection) -> list[Finding]:
    """The same as the connection's open transaction sees it."""
    return await findings_of(connection, CHECKS)
