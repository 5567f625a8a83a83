"""Proof on a live database that sales, what they used of promos, and preferences say the same.

One statement per invariant, all on one snapshot, so that a busy server does not disturb them. Whether the
items of a ticket add up to its totals is no invariant: both are what the till claims, and in the published
example they differ.
"""

from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.invariants import Finding, findings_of, one_moment

CHECKS: dict[str, LiteralString] = {
    # A bonus that comes by itself has no code on the sale, and is never used up.
    "S1 uses of a promo are its sales": """
        select program_id, format('promo %%s: %%s uses and %%s overuses, sales took %%s and %%s',
            promo_id, u.uses, u.overuses, coalesce(s.uses, 0), coalesce(s.overuses, 0))
        from promo_uses u
        full join (
            select program_id, promo_id, count(*) filter (where not promo_overused) as uses,
                count(*) filter (where promo_overused) as overuses
            from sales where promo_code is not null and promo_id is not null
            group by program_id, promo_id
        ) s using (program_id, promo_id)
        where u.uses is distinct from coalesce(s.uses, 0)
            or u.overuses is distinct from coalesce(s.overuses, 0)
        limit %(limit)s
    """,
    "S2 uses of a customer are the customer's sales": """
        select program_id, format('promo %%s, member %%s: %%s uses, sales took %%s',
            promo_id, member_id, coalesce(u.uses, 0), coalesce(s.uses, 0))
        from promo_member_uses u
        full join (
            select program_id, member_id, promo_id, count(*) as uses
            from sales where promo_code is not null and promo_id is not null and not promo_overused
            group by program_id, member_id, promo_id
        ) s using (program_id, member_id, promo_id)
        where u.uses is distinct from s.uses
        limit %(limit)s
    """,
    "S3 items of a sale are numbered without gaps": """
        select program_id, format('sale %%s: %%s items up to number %%s', sale_id, count(*), max(position))
        from sale_items
        group by program_id, sale_id having count(*) <> max(position) or min(position) <> 1
        limit %(limit)s
    """,
    "S4 preferences are the items of the sales": """
        select program_id, format('member %%s at hotel %%s: %%s in %%s sales, items say %%s in %%s',
            member_id, location_id, coalesce(p.quantity, 0), coalesce(p.sale_count, 0),
            coalesce(i.quantity, 0), coalesce(i.sale_count, 0))
        from preferences p
        full join (
            select i.program_id, s.member_id, s.location_id, i.product_name, i.product_group, i.stock_type,
                sum(i.quantity) as quantity, count(distinct i.sale_id) as sale_count
            from sale_items i
            join sales s on s.program_id = i.program_id and s.sale_id = i.sale_id
            where i.product_name <> '' and i.quantity > 0
            group by i.program_id, s.member_id, s.location_id, i.product_name, i.product_group, i.stock_type
        ) i using (program_id, member_id, location_id, product_name, product_group, stock_type)
        where p.quantity is distinct from i.quantity or p.sale_count is distinct from i.sale_count
        limit %(limit)s
    """,
    "S5 our discounts follow from our rates": """
        select program_id, format('sale %%s: %%s and %%s at %%s and %%s %%%% of %%s and %%s',
            sale_id, wet_discount_minor, dry_discount_minor, wet_percent, dry_percent, wet_minor, dry_minor)
        from sales
        where wet_discount_minor is distinct from round(wet_minor * wet_percent / 100)
            or dry_discount_minor is distinct from round(dry_minor * dry_percent / 100)
        limit %(limit)s
    """,
}


async def verify(connection: Connection) -> list[Finding]:
    """Every place where sales and what follows from them differ, a few for each invariant; empty if none."""
    async with one_moment(connection):
        return await check(connection)


async def check(connection: Connection) -> list[Finding]:
    """The same as the connection's open transaction sees it."""
    return await findings_of(connection, CHECKS)
