"""Two hotels, their customers and a year of visits, to be measured on."""

import secrets
from decimal import Decimal

from psycopg import AsyncConnection

from regulars.base.clock import utc_now
from regulars.bench.ground import Ground
from regulars.bench.scratch import filling, settle
from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.promos import actions as promos
from regulars.features.promos.model import PromoKind, PromoTerms

HOTELS = {"high-street": "High Street Hotel", "number-four": "Number Four"}
ASSIGNED_EVERY = 10
"""One customer of so many was given the bonus that is for a few only."""

GENERAL_BONUS = PromoTerms(
    kind=PromoKind.LOYALTY_BONUS,
    code="LUNCH2X",
    name="Double Lunch Discount",
    bonus_multiplier=Decimal(2),
    requires_membership=True,
)
ASSIGNED_BONUS = PromoTerms(
    kind=PromoKind.LOYALTY_BONUS,
    code="CP_LUNCH2X",
    name="Lunch Boost",
    bonus_add_wet=Decimal(5),
    bonus_add_dry=Decimal(5),
    assigned_only=True,
)
CODE = PromoTerms(
    kind=PromoKind.PROMO_CODE,
    code="SUMMER24",
    name="Summer Special",
    wet_percent=Decimal(15),
    dry_percent=Decimal(15),
)
LIMITED_CODE = PromoTerms(
    kind=PromoKind.PROMO_CODE,
    code="WELCOME",
    name="Welcome Drink",
    wet_percent=Decimal(50),
    usage_limit_per_customer=1,
)

FILL_MEMBERS = """
insert into members (program_id, member_id, number, name, email, created_at, updated_at, home_location_id)
select %(program_id)s, pg_temp.id_at(at), n, 'Customer ' || n, 'customer-' || n || '@example.com', at, at,
    1 + n %% 2
from generate_series(1, %(customers)s) n,
    lateral (select now() - interval '400 days' + n * interval '1 millisecond' as at) registered
"""

FILL_IDENTIFIERS = """
insert into identifiers (program_id, identifier_id, member_id, kind, value, label, location_id, created_at)
select m.program_id, 2 * m.number + i.step, m.member_id, i.kind, i.prefix || m.number, i.label,
    m.home_location_id, m.created_at
from members m,
    (values (0, 'qr', 'LH', null), (1, 'rfid', 'FOB-', 'Primary RFID Fob')) i (step, kind, prefix, label)
where m.program_id = %(program_id)s
"""

FILL_ASSIGNMENTS = """
insert into promo_assignments (program_id, member_id, promo_id, assigned_at)
select program_id, member_id, %(promo_id)s, created_at from members
where program_id = %(program_id)s and number %% %(every)s = 0
"""

# In the order in which they happened, each by somebody, as tills log them.
FILL_SALES = """
insert into sales (
    program_id, location_id, member_id, ticket_id, fingerprint, currency, total_minor, wet_minor, dry_minor,
    claimed_discount_type, claimed_tier, claimed_wet_discount_minor, claimed_dry_discount_minor,
    promo_unknown, tier, visits, discount_type, wet_percent, dry_percent, wet_discount_minor,
    dry_discount_minor, wet_account, dry_account, sold_at
)
select m.program_id, 1 + n %% 2, m.member_id, 'T-' || n, sha256('ticket'), 'GBP', 4550, 1800, 2750,
    'discount', 'Member', 90, 275, false, 'Member', 1, 'discount', 5, 10, 90, 275, '#2303', '#3303', v.sold_at
from (
    select n, (1 + floor(random() * %(customers)s))::integer as number,
        now() - (%(visits)s - n) * (interval '365 days' / %(visits)s) as sold_at
    from generate_series(1, %(visits)s) n
    offset 0
) v
join members m on m.program_id = %(program_id)s and m.number = v.number
"""

FILL_ITEMS = """
insert into sale_items (
    program_id, sale_id, position, product_name, product_group, quantity, price_minor, stock_type
)
select s.program_id, s.sale_id, i.*
from sales s,
    (values (1, 'Guinness', 'Drinks', 2, 550, 'wet'), (2, 'Fish & Chips', 'Mains', 1, 1495, 'dry')) i
where s.program_id = %(program_id)s
order by s.sale_id
"""

FILL_PREFERENCES = """
insert into preferences (
    program_id, member_id, location_id, product_name, product_group, stock_type, quantity, sale_count, last_at
)
select s.program_id, s.member_id, s.location_id, i.product_name, i.product_group, i.stock_type,
    sum(i.quantity), count(*), max(s.sold_at)
from sales s
join sale_items i on i.program_id = s.program_id and i.sale_id = s.sale_id
where s.program_id = %(program_id)s
group by s.program_id, s.member_id, s.location_id, i.product_name, i.product_group, i.stock_type
"""


class HotelGround(Ground, frozen=True):
    """The first hotel's till, and what its load needs to know of the program.

    Customers are numbered from 1, and each has a fob with the number in it.
    """

    location_id: int
    limited_promo_id: int
    customers: int


async def prepare_hotels(conninfo: str, *, customers: int, visits: int) -> HotelGround:
    """Fills a scratch database with so many customers and, over the past year, so many visits of theirs."""
    secret_key = secrets.token_urlsafe(48)
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        program_id, location_id, key = await _open_hotels(connection, secret_key)
        promo_ids = {
            terms.code: (await promos.create_promo(connection, program_id, terms, utc_now())).promo_id
            for terms in (GENERAL_BONUS, ASSIGNED_BONUS, CODE, LIMITED_CODE)
        }
    await database.close()
    async with filling(conninfo) as owner:
        await _fill_customers(owner, program_id, customers, promo_ids[ASSIGNED_BONUS.code])
        if visits:
            await _fill_visits(owner, program_id, customers, visits)
    await settle(conninfo)
    limited_promo_id = promo_ids[LIMITED_CODE.code]
    return HotelGround(conninfo, secret_key, program_id, key, location_id, limited_promo_id, customers)


async def _open_hotels(connection: Connection, secret_key: str) -> tuple[int, int, str]:
    """The program, the first hotel, and the key of its till."""
    now = utc_now()
    program = await access.create_program(
        connection, slug="bench", name="Bench", currency="GBP", time_zone="Europe/London", now=now
    )
    hotels = [
        await access.create_location(connection, program.program_id, slug=slug, name=name, now=now)
        for slug, name in HOTELS.items()
    ]
    issued = await access.issue_credential(
        connection,
        secret_key,
        program.program_id,
        name="bench",
        scopes={"loyaltyhub:till"},
        location_id=hotels[0].location_id,
        now=now,
    )
    return program.program_id, hotels[0].location_id, issued.key


async def _fill_customers(owner: AsyncConnection, program_id: int, customers: int, promo_id: int) -> None:
    await owner.execute(FILL_MEMBERS, {"program_id": program_id, "customers": customers})
    # Else what follows is planned for tables that are still empty.
    await owner.execute("analyze members")
    await owner.execute(FILL_IDENTIFIERS, {"program_id": program_id})
    await owner.execute(
        FILL_ASSIGNMENTS, {"program_id": program_id, "promo_id": promo_id, "every": ASSIGNED_EVERY}
    )


async def _fill_visits(owner: AsyncConnection, program_id: int, customers: int, visits: int) -> None:
    await owner.execute(FILL_SALES, {"program_id": program_id, "customers": customers, "visits": visits})
    await owner.execute("analyze sales")
    await owner.execute(FILL_ITEMS, {"program_id": program_id})
    await owner.execute("analyze sale_items")
    await owner.execute(FILL_PREFERENCES, {"program_id": program_id})
