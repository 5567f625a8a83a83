"""What the shop tells leads to one state; erasure leaves figures and no person."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.lending import actions as lending
from regulars.features.lending.model import BorrowerStatus
from regulars.features.members import actions as members
from tests.support.ledger import NOW
from tests.support.lending import Wardrobes, utc


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Wardrobes]:
    """A program that lends; whatever the test did, its loans add up afterwards."""
    shop = await Wardrobes.create(database)
    yield shop
    await shop.check()


async def test_however_many_tell_of_a_customer_one_is_enrolled(shop: Wardrobes) -> None:
    told = {"card_token": "CARD-1", "plan": "PLUS", "cycle_starts_at": utc(2026, 2, 20)}
    found = await asyncio.gather(*(shop.tell("900", **told) for _ in range(8)))
    ids = {borrower.member_id for borrower in found if borrower is not None}
    assert len(ids) == 1
    assert await shop.rows("select count(*) from members") == [(1,)]
    assert await shop.rows("select kind, value from identifiers order by kind") == [
        ("card", "CARD-1"), ("shopify", "900"),
    ]  # fmt: skip


async def test_late_news_changes_nothing_at_all(shop: Wardrobes) -> None:
    await shop.tell("900", card_token="CARD-2", plan="PLUS", cycle_starts_at=utc(2026, 2, 20))
    before = await shop.rows("select * from borrowers")
    late = await shop.tell(
        "900", card_token="CARD-1", plan="BASIC", status=BorrowerStatus.CANCELLED,
        cycle_starts_at=utc(2026, 1, 20),
    )  # fmt: skip
    assert late is None
    assert await shop.rows("select * from borrowers") == before
    assert await shop.rows("select value from identifiers where kind = 'card'") == [("CARD-2",)]


async def test_a_cycle_that_is_told_counts_what_was_taken_in_it(shop: Wardrobes) -> None:
    ann = await shop.borrower("PREMIUM", shopify_customer_id="900")
    first = await shop.checkout(ann)
    shop.clock.advance(days=3)
    await shop.checkout(ann)
    await shop.swap(ann, first.loan.loan_id)
    assert await shop.counts(ann) == (3, 1, 2)
    # Two of the three were taken since the day that the shop says the month began on.
    await shop.tell("900", cycle_starts_at=utc(2026, 3, 3))
    assert await shop.counts(ann) == (2, 1, 2)
    await shop.tell("900", cycle_starts_at=utc(2026, 3, 3), cycle_ends_at=utc(2026, 3, 30))
    assert await shop.counts(ann) == (2, 1, 2)
    assert (await shop.wardrobe(ann)).borrower.cycle_ends_at == utc(2026, 3, 30)


async def test_a_member_of_another_contract_becomes_a_borrower(shop: Wardrobes) -> None:
    async with shop.database.transaction() as connection:
        member = await members.enrol(
            connection, shop.program_id, name="Leo", identifiers=[("card", "CARD-1", None)], now=NOW
        )
    borrower = await shop.tell("900", card_token="CARD-1")
    assert borrower is not None
    assert (borrower.member_id, borrower.plan) == (member.member_id, "BASIC")


@pytest.mark.parametrize(("customer", "card"), [("901", "CARD-1"), ("900", "CARD-1")])
async def test_a_card_stays_its_owner_s(shop: Wardrobes, customer: str, card: str) -> None:
    await shop.borrower(card=card, shopify_customer_id="77")
    await shop.tell("900", card_token="CARD-9")
    with pytest.raises(Refused) as caught:
        await shop.tell(customer, card_token=card)
    assert caught.value.code == "identifier_taken"


async def test_erasure_leaves_figures_and_no_person(shop: Wardrobes) -> None:
    ann = await shop.borrower("PREMIUM", shopify_customer_id="900", store_location="Store A")
    lent = await shop.checkout(ann, [await shop.photo(ann), await shop.photo(ann)])
    back = await shop.checkout(ann)
    await shop.take_back(ann, back.loan.loan_id)
    unused = await shop.photo(ann)
    assert unused is not None
    assert await shop.erase(ann) == 4
    assert await shop.erase(ann) == 0
    assert await shop.rows("select count(*) from photos") == [(0,)]
    assert await shop.rows("select count(*) from loan_photos") == [(0,)]
    assert await shop.rows("select count(*) from identifiers") == [(0,)]
    assert await shop.rows("select items_used, items_out, status, store_location from borrowers") == [
        (2, 1, "CANCELLED", None)
    ]
    assert await shop.rows("select count(*) from loans") == [(2,)]
    async with shop.database.connection() as connection:
        found = await lending.wardrobe_of(connection, shop.program_id, ann, shop.clock(), only_open=False)
    assert found is None
    with pytest.raises(Refused) as caught:
        await shop.checkout(ann)
    assert caught.value.code == "member_not_found"
    await shop.take_back(ann, lent.loan.loan_id)


async def test_who_is_erased_elsewhere_leaves_no_photos_either(shop: Wardrobes) -> None:
    """As the other contracts erase, which know nothing of loans."""
    from regulars.features.photos import actions as photos

    ann = await shop.borrower()
    await shop.checkout(ann)
    async with shop.database.transaction() as connection:
        await members.erase(connection, shop.program_id, ann, NOW)
        assert len(await photos.forget_photos_of(connection, shop.program_id, ann)) == 1
    assert await shop.rows("select count(*) from loan_photos") == [(0,)]


async def test_checkouts_and_erasure_at_once(shop: Wardrobes) -> None:
    for _ in range(5):
        ann = await shop.borrower("PREMIUM")
        outcomes = await asyncio.gather(
            shop.checkout(ann),
            shop.checkout(ann),
            shop.erase(ann),
            shop.checkout(ann),
            return_exceptions=True,
        )
        wrong = [one for one in outcomes if isinstance(one, Exception) and not isinstance(one, Refused)]
        assert wrong == []
        left = "select count(*) from photos where owner_id = %(owner_id)s and used_at is not null"
        assert await shop.rows(left, owner_id=ann) == [(0,)]


async def test_news_of_before_enrol_nobody_who_was_forgotten(shop: Wardrobes) -> None:
    await shop.borrower("PLUS", card="CARD-1", shopify_customer_id="900")
    await shop.forget("900")
    before = await shop.rows("select * from borrowers")
    for told in ({}, {"cycle_starts_at": shop.clock()}, {"status": BorrowerStatus.ACTIVE, "card_token": "C"}):
        assert await shop.tell("900", **told) is None
    assert await shop.rows("select * from borrowers") == before
    assert await shop.rows("select count(*) from identifiers") == [(0,)]
    # Nor do they make a customer of somebody else, whose card has the number that one had.
    other = await shop.borrower(card="CARD-1")
    assert await shop.tell("900", card_token="CARD-1") is None
    assert await shop.rows("select member_id, kind from identifiers") == [(other, "card")]


async def test_whoever_was_forgotten_may_buy_again(shop: Wardrobes) -> None:
    old = await shop.borrower(shopify_customer_id="900")
    await shop.forget("900")
    forgotten_at = shop.clock()
    shop.clock.advance(days=2)
    bought = await shop.tell("900", plan="PREMIUM", cycle_starts_at=shop.clock())
    assert bought is not None and bought.member_id != old
    # From here on they are a customer as all are, but what was before stays without them.
    assert await shop.tell("900", status=BorrowerStatus.CANCELLED, cycle_starts_at=forgotten_at) is None
    after = await shop.tell("900", status=BorrowerStatus.PAUSED)
    assert after is not None and (after.member_id, after.plan) == (bought.member_id, "PREMIUM")
    await shop.forget("900")
    assert await shop.tell("900", cycle_starts_at=bought.told_cycle_at) is None


async def test_a_store_may_add_whoever_was_forgotten(shop: Wardrobes) -> None:
    await shop.forget("900")
    shop.clock.advance(hours=1)
    added = await shop.borrower("BASIC", shopify_customer_id="900")
    told = await shop.tell("900", plan="PLUS")
    assert told is not None and (told.member_id, told.plan) == (added, "PLUS")


async def test_forgetting_whom_nobody_knows_yet_counts_and_only_in_that_program(
    shop: Wardrobes, database: Database
) -> None:
    other = await Wardrobes.create(database, "other")
    told = {"card_token": "CARD-1", "cycle_starts_at": shop.clock()}
    assert await shop.forget("900") == 0
    shop.clock.advance(days=-1)
    assert await shop.forget("900") == 0
    assert await shop.tell("900", **told) is None
    assert await other.tell("900", **told) is not None


async def test_news_and_forgetting_at_once(shop: Wardrobes) -> None:
    """Whichever comes first, nobody is a member afterwards."""
    for number in range(10):
        customer, told = f"9{number}", {"card_token": f"CARD-{number}", "cycle_starts_at": utc(2026, 2, 20)}
        await asyncio.gather(*(shop.tell(customer, **told) for _ in range(3)), shop.forget(customer))
        assert await shop.tell(customer, **told) is None
    assert await shop.rows("select count(*) from identifiers") == [(0,)]
    assert await shop.rows("select count(*) from forgotten_customers") == [(10,)]
