"""A web shop whose customers recommend its products, to be measured on: RIDs, their events, and rewards."""

import secrets

from psycopg import AsyncConnection

from regulars.base.clock import utc_now
from regulars.bench.ground import Ground
from regulars.bench.scratch import filling, settle
from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.referrals import actions as referrals

SCOPES = {"fittwin:internal"}
MEMBER_PREFIX = "01941f29-7c00-7000-9000-"
"""What the ids of all owners begin with; their numbers, in twelve hexadecimal digits, are the rest."""

RID_PREFIX = "bench"
"""What all RIDs begin with; the numbers of their owners, with zeros up to 22 characters, are the rest."""

CLICKS_EACH = 99
"""How many clicks came to a RID for each order."""

REWARD = 1_000

FILL_MEMBERS = """
insert into members (program_id, member_id, number, name, created_at, updated_at)
select %(program_id)s, (%(prefix)s || lpad(to_hex(n), 12, '0'))::uuid, n, '', at, at
from generate_series(1, %(owners)s) n, lateral (select now() - interval '400 days' as at) registered
"""

FILL_REFERRERS = """
insert into referrers (program_id, member_id, person, created_at)
select program_id, member_id, sha256(member_id::text::bytea), created_at from members
where program_id = %(program_id)s
"""

FILL_REFERRALS = """
insert into referrals (
    program_id, rid, owner_id, product_id, status, reward_type, reward_value, currency, hold_days, clicks,
    conversions, gmv, events, created_at, expires_at
)
select program_id, %(rid_prefix)s || lpad(number::text, 17, '0'), member_id, %(product_id)s, 'active',
    'storeCredit', %(reward)s, 'USD', 30, %(clicks)s, %(orders)s, %(orders)s * 12900, %(clicks)s + %(orders)s,
    now() - interval '60 days', now() + interval '60 days'
from members where program_id = %(program_id)s
"""

FILL_EVENTS = """
insert into referral_events (
    program_id, rid, number, event_id, type, occurred_at, order_id, order_total
)
select r.program_id, r.rid, e.number, pg_temp.id_at(e.at),
    case when e.is_order then 'conversion' else 'click' end, e.at,
    case when e.is_order then r.rid || '-' || e.number end, case when e.is_order then 12900 end
from referrals r
cross join lateral (
    select n as number, n %% %(every)s = 0 as is_order,
        r.created_at + n * (interval '59 days' / (%(clicks)s + %(orders)s)) as at
    from generate_series(1, %(clicks)s + %(orders)s) n
) e
where r.program_id = %(program_id)s
"""

FILL_CLICKS = """
insert into referral_clicks (program_id, rid, device, counted_at)
select program_id, rid, substr(sha256(event_id::text::bytea), 1, 16), occurred_at
from referral_events where program_id = %(program_id)s and type = 'click'
"""

FILL_SIGHTINGS = """
insert into referral_sightings (program_id, kind, source, role, person, seen_at)
select e.program_id, s.kind, substr(sha256((s.kind || e.event_id)::bytea), 1, 16), 'buyer',
    substr(sha256(e.event_id::text::bytea), 1, 16), e.occurred_at
from referral_events e
cross join (values ('device'), ('address')) s (kind)
where e.program_id = %(program_id)s and e.type = 'conversion'
"""

# Their hold is over, or it lasts for another month.
FILL_CONVERSIONS = """
insert into referral_conversions (
    program_id, order_id, rid, owner_id, status, device, address, order_total, currency, delivered_at,
    created_at, confirmed_at, reward_type, reward_status, reward_amount, hold_until
)
select r.program_id, r.rid || '-' || o.number, r.rid, r.owner_id, 'confirmed',
    substr(sha256((r.rid || o.number)::bytea), 1, 16),
    substr(sha256((r.rid || 'a' || o.number)::bytea), 1, 16),
    12900, 'USD', o.at, o.at, o.at, 'storeCredit', 'pending_hold', %(reward)s,
    case when %(due)s then o.at + interval '1 day' else now() + interval '30 days' end
from referrals r
cross join lateral (
    select n * %(every)s as number,
        r.created_at + n * (interval '50 days' / %(orders)s) + random() * interval '1 hour' as at
    from generate_series(1, %(orders)s) n
) o
where r.program_id = %(program_id)s
"""


class ShopGround(Ground, frozen=True):
    """A shop, and how many of its customers recommend. They are numbered from 1, and their RIDs say so."""

    owners: int
    rewards: int

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a server that works here, behind a proxy that says where callers come from."""
        return super().environment | {"REGULARS_TRUSTED_PROXIES": "127.0.0.1"}


async def prepare_shop(conninfo: str, *, owners: int, orders_each: int, are_due: bool) -> ShopGround:
    """Fills a scratch database: each owner has a RID with so many orders, and CLICKS_EACH times the clicks.

    Where rewards `are_due`, there are no clicks, which the job that gives them does not touch.
    """
    secret_key = secrets.token_urlsafe(48)
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        program_id, product_id, key = await _open_shop(connection, secret_key)
    await database.close()
    parameters: dict[str, object] = {
        "program_id": program_id,
        "product_id": product_id,
        "prefix": MEMBER_PREFIX,
        "rid_prefix": RID_PREFIX,
        "owners": owners,
        "orders": orders_each,
        "clicks": 0 if are_due else orders_each * CLICKS_EACH,
        "every": 1 if are_due else 1 + CLICKS_EACH,
        "reward": REWARD,
        "due": are_due,
    }
    async with filling(conninfo) as owner:
        await _fill(owner, parameters)
    await settle(conninfo)
    return ShopGround(conninfo, secret_key, program_id, key, owners, owners * orders_each)


async def _open_shop(connection: Connection, secret_key: str) -> tuple[int, object, str]:
    """The program, a product, and the key of the shop's server."""
    now = utc_now()
    program = await access.create_program(
        connection,
        slug="bench",
        name="Bench",
        currency="USD",
        time_zone="America/New_York",
        settings={"referrals.shop_url": "https://shop.example"},
        now=now,
    )
    product = await referrals.add_product(
        connection, program.program_id, slug="denim-jacket", name="Denim jacket", now=now
    )
    issued = await access.issue_credential(
        connection, secret_key, program.program_id, name="bench", scopes=SCOPES, now=now
    )
    return program.program_id, product.product_id, issued.key


async def _fill(owner: AsyncConnection, parameters: dict[str, object]) -> None:
    await owner.execute(FILL_MEMBERS, parameters)
    for statement in (FILL_REFERRERS, FILL_REFERRALS):
        await owner.execute(statement, parameters)
    # Else what follows is planned for tables that are still empty.
    await owner.execute("analyze members, referrals")
    for statement in (FILL_CONVERSIONS, FILL_EVENTS, FILL_CLICKS, FILL_SIGHTINGS):
        await owner.execute(statement, parameters)
