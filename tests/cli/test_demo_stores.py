"""What the demo's stores have to show: borrowers in every plan and state, a year of loans, and pictures."""

import io
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from regulars.db.database import Database
from regulars.demo.seed import SEED, SUBSCRIBERS
from regulars.demo.stores.drawing import SIZE, picture_of
from regulars.demo.stores.garments import VIEWS, Garment, stock
from regulars.demo.stores.lives import joined_at, life_of
from regulars.demo.stores.subscribers import FIRST, Subscriber, subscribers_of_the_demo
from regulars.demo.stores.trade import GARMENTS
from regulars.features.lending import actions as lending
from regulars.features.lending.model import Plan, Wardrobe
from regulars.features.lending.rules_plans import plan_named, plans_of
from regulars.features.lending.verify import verify
from tests.cli.seeded import NOW

STOCK = stock(GARMENTS, SEED)
SUBSCRIBERS_OF_ALL = subscribers_of_the_demo(SUBSCRIBERS["small"], Random(SEED))
MOMENTS = [
    NOW, datetime(2024, 2, 29, 23, 59, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2027, 1, 1, 0, 0, 1, 600_000, tzinfo=UTC),
]  # fmt: skip


async def wardrobe(demo_url: str, card_token: str, now: datetime = NOW) -> tuple[Plan, Wardrobe]:
    """The plan of a card's owner, and what a till is shown of the owner then."""
    from regulars.features.access.actions import get_program

    database = await Database.open(demo_url)
    try:
        async with database.connection() as connection:
            program = await get_program(connection, 1)
            assert program is not None
            found = await lending.find_by_card(connection, 1, card_token, now)
            assert found is not None
    finally:
        await database.close()
    return plan_named(plans_of(program), found[1].borrower.plan), found[1]


async def test_the_books_of_the_stores_add_up(demo_url: str) -> None:
    database = await Database.open(demo_url)
    async with database.connection() as connection:
        assert await verify(connection) == []
    await database.close()


@pytest.mark.parametrize(
    ("card_token", "plan", "status", "items_used", "swaps_used", "out"),
    [
        ("CARD-PREMIUM-1", "PREMIUM", "ACTIVE", 4, 1, 2),
        ("CARD-PREMIUM-2", "PREMIUM", "ACTIVE", 4, 0, 4),
        ("CARD-PREMIUM-3", "PREMIUM", "ACTIVE", 10, 0, 1),
        ("CARD-PLUS-1", "PLUS", "ACTIVE", 1, 0, 1),
        ("CARD-PLUS-2", "PLUS", "ACTIVE", 3, 2, 1),
        ("CARD-PLUS-3", "PLUS", "ACTIVE", 2, 0, 2),
        ("CARD-BASIC-1", "BASIC", "ACTIVE", 0, 0, 0),
        ("CARD-BASIC-2", "BASIC", "ACTIVE", 1, 0, 1),
        ("CARD-BASIC-3", "BASIC", "ACTIVE", 1, 0, 0),
        ("CARD-PAUSED-1", "PLUS", "PAUSED", 1, 0, 1),
        ("CARD-CANCELLED-1", "BASIC", "CANCELLED", 0, 0, 0),
        ("CARD-OVERDUE-1", "PREMIUM", "ACTIVE", 1, 0, 2),
        ("CARD-DUE-SOON-1", "PLUS", "ACTIVE", 0, 0, 1),
    ],
)
async def test_what_each_card_shows(
    demo_url: str, card_token: str, plan: str, status: str, items_used: int, swaps_used: int, out: int
) -> None:
    _, found = await wardrobe(demo_url, card_token)
    who = found.borrower
    assert (who.plan, who.status) == (plan, status)
    assert (who.items_used, who.swaps_used, who.items_out) == (items_used, swaps_used, out)
    assert sum(lent.loan.returned_at is None for lent in found.loans) == out
    assert len(found.loans) > out, "each has a history"


async def test_every_limit_of_plans_is_reached_by_somebody(demo_url: str) -> None:
    reached = {"items": "CARD-PREMIUM-3", "out": "CARD-PREMIUM-2", "swaps": "CARD-PLUS-2"}
    for limit, card_token in reached.items():
        plan, found = await wardrobe(demo_url, card_token)
        who = found.borrower
        assert {
            "items": who.items_used == plan.items_per_cycle,
            "out": who.items_out == plan.items_out_max,
            "swaps": who.swaps_used == plan.swaps_per_cycle,
        } == {name: name == limit for name in reached}


async def test_one_garment_is_overdue_and_one_will_soon_be_due(demo_url: str, rows: Any) -> None:
    _, late = await wardrobe(demo_url, "CARD-OVERDUE-1")
    due = sorted(lent.loan.due_at for lent in late.loans if lent.loan.returned_at is None)
    assert due[0] < NOW < due[1]
    _, soon = await wardrobe(demo_url, "CARD-DUE-SOON-1")
    [at] = [lent.loan.due_at for lent in soon.loans if lent.loan.returned_at is None]
    assert NOW < at < NOW + timedelta(days=3)
    [(overdue,)] = rows("select count(*) from loans where returned_at is null and due_at < %(now)s")
    assert 1 <= overdue <= 4


def test_a_year_of_loans_lies_before_the_demo_begins(rows: Any) -> None:
    [(count, months, first, last, swapped, stores)] = rows("""
    select count(*), count(distinct date_trunc('month', checked_out_at)), min(checked_out_at),
        max(greatest(checked_out_at, returned_at)), count(swapped_for), count(distinct store_location)
    from loans
    """)
    assert count > 250 and months >= 11 and swapped > 30 and stores == 2
    assert NOW - timedelta(days=380) < first < NOW - timedelta(days=300)
    assert NOW - timedelta(days=4) < last < NOW
    assert rows("select 1 from loans where store_location not in ('Store A', 'Store B')") == []
    assert len(rows("select 1 from loans where returned_at > due_at")) < count / 10
    assert rows("select 1 from events where created_at < %(now)s") == []


def test_loans_show_pictures_of_many_garments_and_some_have_a_gallery(rows: Any) -> None:
    [(names, galleries, unused, photos)] = rows("""
    select count(distinct original_name), count(*) filter (where position = 2),
        (select count(*) from photos where used_at is null), count(*)
    from loan_photos join photos using (program_id, photo_id)
    """)
    assert names == GARMENTS + 2 * (GARMENTS // 4) and galleries > 50 and unused == 0 and photos > 350


@pytest.mark.parametrize("until", MOMENTS)
def test_lives_keep_to_the_rules_whenever_the_demo_is_made(until: datetime) -> None:
    for subscriber in SUBSCRIBERS_OF_ALL:
        steps = life_of(subscriber, until, "Europe/London", SEED)
        assert steps == sorted(steps, key=lambda step: step.at)
        assert all(joined_at(subscriber, until) < step.at < until for step in steps)
        acts = [step.act for step in steps]
        out = [acts[: end + 1].count("take") - acts[: end + 1].count("bring") for end in range(len(acts))]
        assert min(out, default=0) >= 0 and max(out, default=0) <= 4
        lately = [act for _, act in subscriber.lately or ()]
        assert lately == acts[len(acts) - len(lately) :]


def test_a_life_does_not_depend_on_who_else_there_is() -> None:
    def lives(subscribers: list[Subscriber]) -> list[object]:
        return [life_of(subscriber, NOW, "Europe/London", SEED) for subscriber in subscribers]

    assert (
        lives(SUBSCRIBERS_OF_ALL) == lives(subscribers_of_the_demo(200, Random(SEED)))[: SUBSCRIBERS["small"]]
    )
    assert len({subscriber.shopify_customer_id for subscriber in SUBSCRIBERS_OF_ALL}) == SUBSCRIBERS["small"]
    assert SUBSCRIBERS["small"] > len(FIRST)


@pytest.mark.parametrize("garment", STOCK[:5], ids=lambda garment: garment.kind)
@pytest.mark.parametrize("view", VIEWS)
def test_a_picture_shows_a_garment_on_a_plain_ground(garment: Garment, view: Any) -> None:
    drawn = picture_of(garment, view)
    assert drawn == picture_of(garment, view), "the same one each time"
    with Image.open(io.BytesIO(drawn)) as picture:
        assert (picture.format, picture.size, picture.mode) == ("JPEG", SIZE, "RGB")
        if view == "fabric":
            return
        ground = Image.new("RGB", SIZE, garment.ground)
        differs = ImageChops.difference(picture, ground).convert("L").point(lambda level: 255 * (level > 24))
    for corner in ((0, 0, 40, 40), (560, 0, 600, 40), (0, 760, 40, 800), (560, 760, 600, 800)):
        assert ImageStat.Stat(differs.crop(corner)).sum == [0]
    [covered] = ImageStat.Stat(differs).mean
    assert 0.1 < covered / 255 < 0.7


def test_no_two_garments_look_alike() -> None:
    pictures = [picture_of(garment, "front") for garment in STOCK]
    assert len(set(pictures)) == len(STOCK)
    assert len({(garment.kind, garment.pattern, garment.cloth) for garment in STOCK}) == len(STOCK)
    assert {garment.kind for garment in STOCK} == {"dress", "jacket", "shirt", "trousers", "shoes"}
    assert len({garment.pattern for garment in STOCK}) >= 6
