"""Stores that lend, with borrowers, their loans of a year, photos to come and loans that are open."""

import secrets
from pathlib import Path

from psycopg import AsyncConnection

from regulars.base.clock import utc_now
from regulars.bench.ground import Ground
from regulars.bench.scratch import filling, settle
from regulars.db.database import Connection, Database
from regulars.features.access import actions as access

SCOPE = "rejoes:store"
STORE = "Store A"
MEMBER_PREFIX, PHOTO_PREFIX, LOAN_PREFIX = (f"01941f29-7c00-700{kind}-8000-" for kind in range(3))
"""What the ids of all members, photos and loans begin with; their numbers, in twelve hexadecimal digits, are
the rest."""
UPLOADERS = 20
QUOTA = {"photos.unused_per_member": 1_000, "photos.unused_per_program": 100_000}
PLAN = {"items_per_cycle": 1_000_000, "swaps_per_cycle": 1_000_000, "items_out_max": 1_000_000}

FILL_MEMBERS = """
insert into members (program_id, member_id, number, name, created_at, updated_at)
select %(program_id)s, (%(member)s || lpad(to_hex(n), 12, '0'))::uuid, n, '', at, at
from generate_series(1, %(borrowers)s) n,
    lateral (select now() - interval '400 days' + n * interval '1 millisecond' as at) registered
"""

FILL_IDENTIFIERS = """
insert into identifiers (program_id, identifier_id, member_id, kind, value, created_at)
select program_id, number, member_id, 'card', 'CARD-' || number, created_at from members
where program_id = %(program_id)s
"""

FILL_BORROWERS = """
insert into borrowers (program_id, member_id, plan, status, cycle_anchor_at, cycle_starts_at, cycle_ends_at,
    items_out, created_at, updated_at)
select program_id, member_id, 'BENCH', 'ACTIVE', start, start, start + interval '1 month', %(open_each)s,
    created_at, created_at
from members, lateral (select now() - interval '5 days' as start) cycle
where program_id = %(program_id)s
"""

# The first ones are yet to be used; the others are those of the loans, in the order of these. They are two
# days old, so that nothing counts them as uploads of today.
FILL_PHOTOS = """
insert into photos (program_id, photo_id, purpose, extension, width, height, size_bytes, thumbnail_size_bytes,
    owner_id, created_at, used_at, original_name, received_mime_type, received_bytes)
select %(program_id)s, (%(photo)s || lpad(to_hex(n), 12, '0'))::uuid, 'loan', 'jpg', 2048, 1536, 400000,
    40000, (%(member)s || lpad(to_hex(1 + n %% %(borrowers)s), 12, '0'))::uuid, now() - interval '2 days',
    case when n > %(open)s then now() - interval '2 days' end, 'IMG_' || n || '.jpg', 'image/jpeg', 3000000
from generate_series(1, 2 * %(open)s::bigint + %(loans)s) n
"""

# The first ones are out; the others came back, one after the other.
FILL_LOANS = """
insert into loans (program_id, loan_id, member_id, store_location, checked_out_at, due_at, returned_at)
select %(program_id)s, (%(loan)s || lpad(to_hex(n), 12, '0'))::uuid,
    (%(member)s || lpad(to_hex(1 + n %% %(borrowers)s), 12, '0'))::uuid, %(store)s, at,
    at + interval '30 days', case when n > %(open)s then at + interval '20 days' end
from generate_series(1, %(open)s::bigint + %(loans)s) n, lateral (
    select case when n <= %(open)s then now() - interval '4 days'
        else now() - interval '370 days' + (n - %(open)s) * (interval '345 days' / greatest(1, %(loans)s))
    end as at
) taken
"""

FILL_LOAN_PHOTOS = """
insert into loan_photos (program_id, loan_id, position, photo_id)
select %(program_id)s, (%(loan)s || lpad(to_hex(n), 12, '0'))::uuid, 1,
    (%(photo)s || lpad(to_hex(%(open)s + n), 12, '0'))::uuid
from generate_series(1, %(open)s::bigint + %(loans)s) n
"""

# What pgbench uses up is the second half of what the server uses up.
SEQUENCES = """
create sequence yardstick_photos start {start} cache 100;
create sequence yardstick_loans start {start} cache 100;
grant usage on yardstick_photos, yardstick_loans to regulars_server;
"""


class StoreGround(Ground, frozen=True):
    """Stores, how many borrowers they have, and how many photos and open loans there are for the server.

    Members, photos and loans are numbered from 1, and their ids say so. Numbers that were used are written
    down in `directory`.
    """

    borrowers: int
    open_loans: int
    directory: Path

    @property
    def some_member_ids(self) -> list[str]:
        """Members whose photos are uploaded."""
        return [f"{MEMBER_PREFIX}{number:012x}" for number in range(1, 1 + min(UPLOADERS, self.borrowers))]


async def prepare_stores(
    conninfo: str, directory: Path, *, borrowers: int, loans: int, open_each: int
) -> StoreGround:
    """Fills a scratch database with borrowers, each with so many open loans and as many photos for others."""
    secret_key = secrets.token_urlsafe(48)
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        program_id, key = await _open_stores(connection, secret_key)
    await database.close()
    open_loans = borrowers * open_each
    parameters: dict[str, int | str] = {
        "program_id": program_id,
        "member": MEMBER_PREFIX,
        "photo": PHOTO_PREFIX,
        "loan": LOAN_PREFIX,
        "store": STORE,
        "borrowers": borrowers,
        "loans": loans,
        "open": open_loans,
        "open_each": open_each,
    }
    async with filling(conninfo) as owner:
        await _fill(owner, parameters)
        await owner.execute(SEQUENCES.format(start=open_loans // 2 + 1).encode())
    await settle(conninfo)
    return StoreGround(conninfo, secret_key, program_id, key, borrowers, open_loans, directory)


async def _open_stores(connection: Connection, secret_key: str) -> tuple[int, str]:
    """The program, whose only plan allows everything, and a store's key."""
    now = utc_now()
    program = await access.create_program(
        connection,
        slug="bench",
        name="Bench",
        currency="GBP",
        time_zone="Europe/London",
        settings={"lending.plans": {"BENCH": PLAN}, **QUOTA},
        now=now,
    )
    issued = await access.issue_credential(
        connection, secret_key, program.program_id, name="bench", scopes={SCOPE}, now=now
    )
    return program.program_id, issued.key


async def _fill(owner: AsyncConnection, parameters: dict[str, int | str]) -> None:
    await owner.execute(FILL_MEMBERS, parameters)
    # Else what follows is planned for a table that is still empty.
    await owner.execute("analyze members")
    for statement in (FILL_IDENTIFIERS, FILL_BORROWERS, FILL_PHOTOS, FILL_LOANS, FILL_LOAN_PHOTOS):
        await owner.execute(statement, parameters)
