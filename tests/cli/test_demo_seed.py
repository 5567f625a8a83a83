"""Making the demo's data on a real database, also when it is interrupted or older than its later parts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import pytest

from regulars.base.clock import utc_now
from regulars.db.database import Connection, Database
from regulars.demo.hotels.guests import JOHN, JOHN_RFID
from regulars.demo.people import LEO
from regulars.demo.seed import CUSTOMERS, GUESTS, PEOPLE, SLUG, SUBSCRIBERS, seed, state_of
from regulars.demo.state import Size
from regulars.features.access.actions import create_program, list_locations
from regulars.features.ledger.actions import Ledger, verify
from regulars.features.lending.verify import verify as verify_lending
from regulars.features.members.actions import enrol, find, search
from regulars.features.photos.actions import PhotoLibrary

NOW = datetime(2026, 3, 14, 15, 9, tzinfo=UTC)

TOTALS: list[LiteralString] = [
    """
    select m.number, a.asset, a.location_id, a.balance, a.held, a.owed, a.version, a.credited, a.debited
    from accounts a join members m using (program_id, member_id) order by 1, 2, 3
    """,
    """
    select number, name, handle, email, phone, birth_date, status, staff, home_location_id, created_at,
        updated_at
    from members order by number
    """,
    """
    select kind, case when kind = 'pass' then m.number::text else value end, label, location_id, i.created_at,
        ended_at
    from identifiers i join members m using (program_id, member_id) order by 1, 2, 4, i.created_at
    """,
    """
    select location_id, ticket_id, m.number, sold_at, fingerprint, tier, visits, discount_type, wet_percent,
        dry_percent, wet_discount_minor, dry_discount_minor, promo_id, promo_unknown, promo_overused
    from sales join members m using (program_id, member_id) order by location_id, ticket_id
    """,
    "select promo_id, uses, overuses, last_used_at from promo_uses order by promo_id",
    """
    select l.slug, o.order_id, o.status, o.total_minor, m.number, o.points_earned, o.rewards_converted,
        o.refunded_minor, o.points_taken_back, o.created_at, o.updated_at
    from paid_orders o join locations l using (program_id, location_id)
    left join members m using (program_id, member_id) order by 1, 2
    """,
    """
    select cart_session_id, m.number, venue_rewards, program_rewards, h.status, expires_at, order_id,
        closed_at
    from cart_holds h join members m using (program_id, member_id) order by 1
    """,
    """
    select subscription_id, m.number, location_id, s.status, period_start, period_end, period_is_paid,
        granted_period_start
    from memberships s join members m using (program_id, member_id) order by 1
    """,
    "select subscription_id, period_start, granted, taken_back from membership_periods order by 1, 2",
    """
    select m.number, p.location_id, p.created_at from passes p join members m using (program_id, member_id)
    order by 1, 2
    """,
    """
    select m.number, b.plan, b.status, items_used, swaps_used, items_out, b.cycle_starts_at, b.updated_at
    from borrowers b join members m using (program_id, member_id) order by 1
    """,
    """
    select m.number, l.store_location, l.checked_out_at, l.due_at, l.returned_at, l.swapped_for is not null,
        array_agg(p.original_name || p.received_bytes || ' ' || p.size_bytes order by lp.position)
    from loans l join members m using (program_id, member_id)
    join loan_photos lp using (program_id, loan_id) join photos p using (program_id, photo_id)
    group by l.loan_id, 1, 2, 3, 4, 5, 6 order by 1, 3
    """,
    """
    select m.number, location_id, product_name, quantity, sale_count, last_at
    from preferences join members m using (program_id, member_id) order by 1, 2, 3
    """,
]


class Interrupted(Exception):
    pass


async def totals(connection: Connection) -> list[list[tuple[object, ...]]]:
    """Everything that has to come out the same, whatever happens while the demo is made."""
    return [await (await connection.execute(query)).fetchall() for query in TOTALS]


@pytest.fixture
def few_guests(monkeypatch: pytest.MonkeyPatch) -> None:
    """A demo whose hotels, kiosks and stores are quickly told about."""
    monkeypatch.setitem(GUESTS, "small", 60)
    monkeypatch.setitem(CUSTOMERS, "small", 40)
    monkeypatch.setitem(SUBSCRIBERS, "small", 15)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[PhotoLibrary]:
    """Where the pictures go."""
    opened = PhotoLibrary(tmp_path / "photos")
    yield opened
    opened.close()


@pytest.mark.usefixtures("few_guests")
async def test_an_interrupted_demo_goes_on_where_it_stopped(
    database: Database, other_database: Database, library: PhotoLibrary
) -> None:
    ledger = Ledger(database, utc_now)
    # Once among the children, once among the guests, once at the kiosks, once in the stores. The next start
    # is on another day and asks for another size; what was begun is what is finished.
    starts: list[tuple[float, Size, datetime]] = [
        (0.25, "small", NOW),
        (0.52, "large", NOW + timedelta(days=1)),
        (0.7, "large", NOW + timedelta(days=2)),
        (0.9, "large", NOW + timedelta(days=3)),
    ]
    for stopped_at, size, now in starts:

        def stop(part: float, limit: float = stopped_at) -> None:
            if part > limit:
                raise Interrupted

        with pytest.raises(Interrupted):
            await seed(database, ledger, library, size, now, stop)
    program = await seed(database, ledger, library, "large", utc_now(), lambda part: None)
    assert state_of(program).complete and state_of(program).size == "small"

    parts: list[float] = []
    undisturbed = Ledger(other_database, utc_now)
    await seed(other_database, undisturbed, library, "small", NOW, parts.append)
    assert parts == sorted(parts) and parts[-1] == 1.0
    async with database.connection() as one, other_database.connection() as other:
        assert await totals(one) == await totals(other)
        assert await verify(one) == []
        assert await verify_lending(one) == []


async def test_a_finished_demo_is_left_alone(database: Database, library: PhotoLibrary) -> None:
    ledger = Ledger(database, utc_now)
    program = await seed(database, ledger, library, "small", NOW, lambda part: None)
    async with database.connection() as connection:
        before = await totals(connection)
        everybody = await search(connection, program.program_id, limit=1000)
        assert len(everybody) == sum(part["small"] for part in (PEOPLE, GUESTS, CUSTOMERS, SUBSCRIBERS))
        assert all(member.created_at < NOW for member in everybody)
        assert len([member for member in everybody if member.handle is not None]) == PEOPLE["small"]
    again = await seed(
        database, ledger, library, "small", utc_now(), lambda part: pytest.fail("something was made")
    )
    assert again == program
    async with database.connection() as connection:
        assert await totals(connection) == before


@pytest.mark.usefixtures("few_guests")
async def test_a_demo_of_an_earlier_version_gets_what_it_lacks(
    database: Database, library: PhotoLibrary
) -> None:
    async with database.transaction() as connection:
        settings = {"demo.size": "small", "demo.until": NOW.isoformat(), "demo.complete": True}
        program = await create_program(
            connection, slug=SLUG, name="Riverside Street", currency="GBP", time_zone="Europe/London",
            settings=settings, now=NOW,
        )  # fmt: skip
        # Leo used to carry the fob that is John's now.
        identifiers = [("handle", "leo", None), ("rfid", JOHN_RFID, "Fob")]
        await enrol(connection, program.program_id, name=LEO.name, identifiers=identifiers, now=NOW)

    later = NOW + timedelta(days=100)
    await seed(database, Ledger(database, utc_now), library, "small", later, lambda part: None)
    async with database.connection() as connection:
        owner = await find(connection, program.program_id, "rfid", JOHN_RFID)
        assert owner is not None and owner.name == JOHN.name
        assert await find(connection, program.program_id, "handle", "leo") is not None
        names = [location.name for location in await list_locations(connection, program.program_id)]
        assert names == [
            "High Street Hotel", "Number Four", "Sessions Soho", "Sessions Temple Bar", "Store A", "Store B",
        ]  # fmt: skip
        cursor = await connection.execute("select max(sold_at) between %s and %s from sales", (NOW, later))
        assert await cursor.fetchone() == (True,), "its hotels trade until it got them"
        cursor = await connection.execute(
            "select max(created_at) between %s and %s from paid_orders", (NOW, later)
        )
        assert await cursor.fetchone() == (True,), "and so do its kiosks"
        cursor = await connection.execute(
            "select max(checked_out_at) between %s and %s from loans", (NOW, later)
        )
        assert await cursor.fetchone() == (True,), "and so do its stores"


@pytest.mark.usefixtures("few_guests")
async def test_every_photo_of_a_loan_has_both_files_as_an_upload_leaves_them(
    database: Database, library: PhotoLibrary, tmp_path: Path
) -> None:
    await seed(database, Ledger(database, utc_now), library, "small", NOW, lambda part: None)
    async with database.connection() as connection:
        cursor = await connection.execute("""
        select photo_id, size_bytes, thumbnail_size_bytes, width, height from photos where purpose = 'loan'
        """)
        photos = await cursor.fetchall()
    files = {file.name: file.stat().st_size for file in tmp_path.rglob("*.jpg")}
    assert len(files) == 2 * len(photos) > 200
    for photo_id, full, thumbnail, width, height in photos:
        assert (files[f"{photo_id}.jpg"], files[f"{photo_id}.thumbnail.jpg"]) == (full, thumbnail)
        assert (width, height) == (600, 800)
