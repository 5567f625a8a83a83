"""A kiosk's venue, its customers with their cards, and their orders of a year, to be measured on."""

import secrets

from psycopg import AsyncConnection

from regulars.base.clock import utc_now
from regulars.bench.ground import Ground
from regulars.bench.scratch import filling, settle
from regulars.db.database import Connection, Database
from regulars.features.access import actions as access

VENUE = "venue_001"
SCOPES = {"sessions:kiosk", "sessions:internal"}
MEMBER_ID_PREFIX = "01941f29-7c00-7000-8000-"
"""What the ids of all customers begin with; their numbers, in twelve hexadecimal digits, are the rest."""

MEMBER_EVERY = 10
"""One customer of so many has a live membership, unless all are to have one."""

REWARDS = 1_000
"""What each customer has, so that a run does not use them up."""

FILL_MEMBERS = """
insert into members (program_id, member_id, number, name, phone, created_at, updated_at)
select %(program_id)s, (%(prefix)s || lpad(to_hex(n), 12, '0'))::uuid, n, '',
    '+4477' || lpad(n::text, 8, '0'), at, at
from generate_series(1, %(customers)s) n,
    lateral (select now() - interval '400 days' + n * interval '1 millisecond' as at) registered
"""

FILL_IDENTIFIERS = """
insert into identifiers (program_id, identifier_id, member_id, kind, value, location_id, created_at)
select m.program_id, 2 * m.number + i.step, m.member_id, i.kind, i.value, i.location_id, m.created_at
from members m
cross join lateral (values
    (0, 'phone', m.phone, null), (1, 'pass', md5(m.number::text) || left(md5(m.phone), 16), %(location_id)s)
) i (step, kind, value, location_id)
where m.program_id = %(program_id)s
"""

FILL_PASSES = """
insert into passes (program_id, pass_id, member_id, location_id, identifier_id, created_at, modified_at)
select program_id, pg_temp.id_at(created_at), member_id, %(location_id)s, 2 * number + 1, created_at,
    date_trunc('second', created_at)
from members where program_id = %(program_id)s
"""

FILL_MEMBERSHIPS = """
insert into memberships (
    program_id, subscription_id, member_id, location_id, sold_at_location_id, status, stripe_status,
    stripe_customer_id, period_start, period_end, period_is_paid, granted_period_start, started_at, updated_at
)
select program_id, 'sub_' || md5(number::text), member_id, %(location_id)s, %(location_id)s, 'active',
    'active', 'cus_' || md5(number::text), start, start + interval '1 month', true, null, created_at,
    created_at
from members, date_trunc('month', now() - interval '1 month') as start
where program_id = %(program_id)s and number %% %(every)s = 0
"""

# The points of the orders below, and of the rewards those that were granted at once.
FILL_ACCOUNTS = """
insert into accounts (
    program_id, account_id, member_id, asset, location_id, balance, credited, version, updated_at
)
select m.program_id, pg_temp.id_at(m.created_at), m.member_id, a.asset, a.location_id, a.balance, a.balance,
    a.version, m.created_at
from members m
cross join lateral (values
    ('points', %(location_id)s, %(orders_each)s * (1 + m.number %% 9), %(orders_each)s),
    ('rewards', %(location_id)s, %(rewards)s, 1),
    ('rewards', 0, 0, 0)
) a (asset, location_id, balance, version)
where m.program_id = %(program_id)s
"""

FILL_REWARDS = """
insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
    counterparty, source, effective_at, created_at)
select program_id, pg_temp.id_at(updated_at), account_id, 1, 'earn', 'grant', balance, balance, 'issuance',
    'bench', updated_at, updated_at
from accounts where program_id = %(program_id)s and asset = 'rewards' and balance > 0
"""

# In the order in which they happened: each customer's first, then each one's second, and so on.
FILL_ORDERS = """
with paid as materialized (
    select m.member_id, a.account_id, o.version, 1 + m.number %% 9 as points, o.at,
        pg_temp.id_at(o.at) as transfer_id, o.version || '-' || m.number as name
    from (
        select version, customer, now() - interval '360 days'
            + ((version - 1) * %(customers)s + customer) * (interval '359 days' / %(orders)s) as at
        from generate_series(1, %(orders_each)s) version, generate_series(1, %(customers)s) customer
    ) o
    join members m on m.program_id = %(program_id)s and m.number = o.customer
    join accounts a on a.program_id = m.program_id and a.member_id = m.member_id and a.asset = 'points'
    order by o.at
),
earned as (
    insert into transfers (program_id, transfer_id, account_id, version, verb, action, amount, balance_after,
        counterparty, source, effective_at, created_at)
    select %(program_id)s, transfer_id, account_id, version, 'earn', 'earn_order', points, version * points,
        'issuance', 'sessions', at, at
    from paid
)
insert into paid_orders (program_id, location_id, order_id, payment_event_id, status, total_minor, currency,
    paid_at, member_id, cart_session_id, points_earned, earn_id, created_at, earned_at, updated_at)
select %(program_id)s, %(location_id)s, 'ord_' || name, 'evt_' || name, 'earned', points * 100 + 99,
    'GBP', at, member_id, 'cart_' || name, points, transfer_id, at, at, at
from paid
"""


class KioskGround(Ground, frozen=True):
    """A venue, and how many customers it has. They are numbered from 1, and their ids say so."""

    location_id: int
    customers: int


async def prepare_kiosks(conninfo: str, *, customers: int, orders: int, all_are_members: bool) -> KioskGround:
    """Fills a scratch database with so many customers and, over the past year, orders of theirs.

    Each customer has as many orders as the others, a card, points, and rewards to spend.
    """
    secret_key = secrets.token_urlsafe(48)
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        program_id, location_id, key = await _open_venue(connection, secret_key)
    await database.close()
    parameters: dict[str, int | str] = {
        "program_id": program_id,
        "location_id": location_id,
        "prefix": MEMBER_ID_PREFIX,
        "customers": customers,
        "orders_each": orders // customers,
        "orders": orders,
        "rewards": REWARDS,
        "every": 1 if all_are_members else MEMBER_EVERY,
    }
    async with filling(conninfo) as owner:
        await _fill(owner, parameters)
    await settle(conninfo)
    return KioskGround(conninfo, secret_key, program_id, key, location_id, customers)


async def _open_venue(connection: Connection, secret_key: str) -> tuple[int, int, str]:
    """The program, the venue, and a key that kiosks and the shop's server share."""
    now = utc_now()
    program = await access.create_program(
        connection, slug="bench", name="Bench", currency="GBP", time_zone="Europe/London", now=now
    )
    venue = await access.create_location(connection, program.program_id, slug=VENUE, name="Market", now=now)
    issued = await access.issue_credential(
        connection,
        secret_key,
        program.program_id,
        name="bench",
        scopes=SCOPES,
        location_id=venue.location_id,
        now=now,
    )
    return program.program_id, venue.location_id, issued.key


async def _fill(owner: AsyncConnection, parameters: dict[str, int | str]) -> None:
    await owner.execute(FILL_MEMBERS, parameters)
    # Else what follows is planned for tables that are still empty.
    await owner.execute("analyze members")
    for statement in (FILL_IDENTIFIERS, FILL_PASSES, FILL_MEMBERSHIPS, FILL_ACCOUNTS):
        await owner.execute(statement, parameters)
    await owner.execute("analyze accounts")
    await owner.execute(FILL_REWARDS, parameters)
    if parameters["orders_each"]:
        await owner.execute(FILL_ORDERS, parameters)
