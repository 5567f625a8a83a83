"""Customers at the kiosk, on a real PostgreSQL: enrolled by phone, shown on their pass, counted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.caches import LocationCache, ProgramCache
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Balances, Branding, Figures
from regulars.features.members import actions as members
from regulars.features.memberships.model import MembershipStatus
from regulars.features.passes import actions as passes
from regulars.features.passes.model import CardFace, Pass
from tests.support.kiosk import KioskWorld
from tests.support.ledger import NOW

DRAMA = "+447700900000"
"""The contract's own example: possible, and assigned to nobody."""

DAY = timedelta(days=1)


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[KioskWorld]:
    """Two venues; whatever the test did, the books add up afterwards."""
    world = await KioskWorld.create(database)
    yield world
    await world.check()


async def test_the_first_call_enrols_and_later_ones_find(world: KioskWorld) -> None:
    first = await world.enrol(DRAMA)
    assert first.is_new
    assert first.balances == Balances(first.member_id, 0, 0, MembershipStatus.NONE)
    assert len(first.card.token) == 48
    for spelling in (DRAMA, "07700 900000", "+44 7700 900 000", "0044 7700 900000"):
        again = await world.enrol(spelling)
        assert (again.member_id, again.is_new, again.card.token) == (
            first.member_id, False, first.card.token,
        )  # fmt: skip
    async with world.database.connection() as connection:
        [member] = await members.search(connection, world.program_id, "7700900000")
    assert (member.member_id, member.phone) == (first.member_id, DRAMA)


async def test_balances_are_those_of_the_day(world: KioskWorld) -> None:
    ann = (await world.enrol(DRAMA)).member_id
    await world.join(ann, "past_due")
    await world.earn(world.order(12_345, ann))
    expected = Balances(ann, 46, 2, MembershipStatus.PAST_DUE)
    assert (await world.enrol(DRAMA)).balances == expected
    assert await world.balances(ann) == expected
    assert await world.balances(ann, world.other_venue) == Balances(ann, 0, 0, MembershipStatus.NONE)


async def test_a_pass_is_of_one_venue(world: KioskWorld) -> None:
    here, there = await world.enrol(DRAMA), await world.enrol(DRAMA, world.other_venue)
    assert here.member_id == there.member_id
    assert here.card.token != there.card.token
    async with world.database.connection() as connection:
        for card, venue in ((here.card, world.other_venue), (there.card, world.venue)):
            assert await passes.find(connection, world.program_id, venue.location_id, card.token) is None


async def test_numbers_are_dialled_from_the_venues_region(world: KioskWorld) -> None:
    async with world.database.transaction() as connection:
        berlin = await access.update_location(
            connection,
            world.program_id,
            world.venue.location_id,
            settings={"sessions.phone_region": "DE"},
            now=NOW,
        )
    german = await world.enrol("030 901820", berlin)
    assert (await world.enrol("+49 30 901820")).member_id == german.member_id
    assert (await world.enrol("030 901820", world.other_venue)).member_id != german.member_id


@pytest.mark.parametrize(
    "phone_raw", ["", "hello", "+44", "123", "+4477009000001111111", "+44 7700 900000 ext 5"]
)
async def test_what_is_no_number_is_refused(world: KioskWorld, phone_raw: str) -> None:
    with pytest.raises(Refused, match="invalid_phone"):
        await world.enrol(phone_raw)


async def test_programs_do_not_share_customers(world: KioskWorld, database: Database) -> None:
    others = await KioskWorld.create(database, "others")
    assert (await world.enrol(DRAMA)).member_id != (await others.enrol(DRAMA)).member_id


async def face_of(world: KioskWorld, card: Pass) -> CardFace | None:
    """What the pass shows to somebody who has never looked before."""
    programs, locations = ProgramCache(world.database), LocationCache(world.database)
    read = kiosk.face_reader(world.database, programs, locations, "https://loyal.example", lambda: NOW)
    return await read(card)


async def test_what_a_pass_shows(world: KioskWorld) -> None:
    enrolled = await world.enrol(DRAMA)
    await world.earn(world.order(12_345, enrolled.member_id))
    branding = Branding(
        "Sessions", "Hello", "#123", "#abcdef", "https://example.com/logo.png", "a@example.com"
    )
    async with world.database.transaction() as connection:
        assert await kiosk.set_branding(connection, world.venue, branding, NOW) == branding
    face = await face_of(world, enrolled.card)
    assert face is not None
    assert (face.points, face.rewards, face.points_per_reward, face.membership_status) == (23, 1, 100, "none")
    assert (face.brand_name, face.hero_text, face.logo_url) == ("Sessions", "Hello", branding.logo_url)
    assert face.wallet_url == f"https://loyal.example/wallet/{face.token}"
    assert face.token == enrolled.card.token


async def test_a_pass_without_its_customer_shows_nothing(world: KioskWorld) -> None:
    enrolled = await world.enrol(DRAMA)
    async with world.database.transaction() as connection:
        await members.erase(connection, world.program_id, enrolled.member_id, NOW)
    assert await face_of(world, enrolled.card) is None


async def test_earning_tells_the_pass(world: KioskWorld) -> None:
    enrolled = await world.enrol(DRAMA)
    order = world.order(100, enrolled.member_id)
    await world.earn(world.order(50, enrolled.member_id))
    before = await world.rows("select sequence from passes")
    await world.earn(order)
    after = await world.rows("select sequence, status, reason from passes")
    assert after[0][0] > before[0][0] and after[0][1:] == ("queued", "points_earned")
    await world.earn(order)
    assert await world.rows("select sequence, status, reason from passes") == after
    await world.refund(order)
    assert (await world.rows("select reason from passes")) == [("order_refunded",)]


async def test_figures_are_those_of_the_window(world: KioskWorld) -> None:
    ann = await world.customer()
    await world.give(ann, 2)
    old = world.order(1_000)
    await world.earn(old)
    await world.earn(world.order(1_000, ann))
    await world.hold("cart_0", ann)
    await world.redeem(world.order(), "cart_0")
    world.clock.advance(days=1, minutes=1)
    since = world.clock() - DAY
    for order in (world.order(1_000, ann), world.order(50, ann), world.order(1_000), world.order(1_000)):
        await world.earn(order)
        await world.earn(order)
    await world.refund(world.order(), 100)
    await world.hold("cart_1", ann)
    await world.redeem(world.order(), "cart_1")
    # An order of yesterday whose customer is known only today.
    await world.earn(world.order(1_000, ann, order_id=old.order_id, payment_event_id=old.payment_event_id))
    async with world.database.connection() as connection:
        figures = await kiosk.figures_since(connection, world.program_id, world.venue.location_id, since)
        none = await kiosk.figures_since(connection, world.program_id, world.other_venue.location_id, since)
    assert figures == Figures(paid_orders=4, identified_orders=2, earn_events=2, redeem_events=1)
    assert none == Figures(0, 0, 0, 0)
    with pytest.raises(Refused, match="customer_not_found"):
        await world.balances(uuid4())
