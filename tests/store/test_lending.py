"""Checkouts, swaps and returns: what they write, what they refuse and in which order, and what they tell."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio
from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.lending.model import BorrowerStatus
from regulars.features.members import actions as members
from regulars.features.photos.model import PhotoPurpose
from tests.support.ledger import NOW
from tests.support.lending import STORE, Wardrobes


@pytest_asyncio.fixture
async def shop(database: Database) -> AsyncIterator[Wardrobes]:
    """A program that lends; whatever the test did, its loans add up afterwards."""
    shop = await Wardrobes.create(database)
    yield shop
    await shop.check()


async def test_a_checkout_writes_a_loan_and_counts_it(shop: Wardrobes) -> None:
    ann = await shop.borrower()
    photo_ids = [await shop.photo(ann, name=f"{n}.png") for n in range(3)]
    lent = await shop.checkout(ann, photo_ids)
    assert (lent.loan.member_id, lent.loan.store_location) == (ann, STORE)
    assert (lent.loan.checked_out_at, lent.loan.due_at) == (NOW, NOW + timedelta(days=30))
    assert [photo.photo_id for photo in lent.photos] == photo_ids
    assert [photo.original_name for photo in lent.photos] == ["0.png", "1.png", "2.png"]
    assert (lent.photos[0].received_mime_type, lent.photos[0].received_bytes) == ("image/png", 77)
    assert await shop.counts(ann) == (1, 0, 1)
    found = await shop.wardrobe(ann, only_open=True)
    assert [one.loan for one in found.loans] == [lent.loan]
    assert [photo.photo_id for photo in found.loans[0].photos] == photo_ids
    assert {photo.used_at for photo in found.loans[0].photos} == {NOW}
    [(kind, data)] = await shop.events()
    assert kind == "loan.checked_out"
    assert data == {
        "loan_id": str(lent.loan.loan_id), "member_id": str(ann), "due_at": "2026-03-31T12:00:00Z",
    }  # fmt: skip


async def test_a_return_closes_the_loan_and_keeps_its_photos(shop: Wardrobes) -> None:
    ann = await shop.borrower()
    lent = await shop.checkout(ann)
    shop.clock.advance(days=2)
    back = await shop.take_back(ann, lent.loan.loan_id)
    assert back.loan.returned_at == shop.clock()
    assert [photo.photo_id for photo in back.photos] == [photo.photo_id for photo in lent.photos]
    # What was taken in a cycle stays taken.
    assert await shop.counts(ann) == (1, 0, 0)
    assert (await shop.wardrobe(ann, only_open=True)).loans == []
    assert [one.loan for one in (await shop.wardrobe(ann)).loans] == [back.loan]
    assert [kind for kind, _ in await shop.events()] == ["loan.checked_out", "loan.returned"]


async def test_a_swap_closes_one_loan_and_opens_another(shop: Wardrobes) -> None:
    ann = await shop.borrower()
    lent = await shop.checkout(ann)
    shop.clock.advance(days=1)
    swapped = await shop.swap(ann, lent.loan.loan_id)
    assert swapped.returned.loan.loan_id == lent.loan.loan_id
    assert swapped.returned.loan.returned_at == swapped.new.loan.checked_out_at == shop.clock()
    assert swapped.returned.loan.swapped_for == swapped.new.loan.loan_id
    assert await shop.counts(ann) == (2, 1, 1)
    assert [kind for kind, _ in await shop.events()] == ["loan.checked_out", "loan.returned", "loan.swapped"]
    assert (await shop.events())[2][1]["returned_loan_id"] == str(lent.loan.loan_id)


async def refusal(awaited: object) -> tuple[str, dict[str, object]]:
    """The code and the details of what must be refused."""
    with pytest.raises(Refused) as caught:
        await awaited  # type: ignore[misc]
    return caught.value.code, caught.value.details


async def test_what_a_checkout_refuses_in_its_order(shop: Wardrobes) -> None:
    ann, ben = await shop.borrower("BASIC"), await shop.borrower("BASIC")
    wrong = [await shop.photo(ben)]
    assert (await refusal(shop.checkout(new_id(), wrong)))[0] == "member_not_found"
    # A plan of one garment is used up, and one is out; a photo that is not Ann's comes last.
    for status, code in ((BorrowerStatus.PAUSED, "subscription_paused"),
                         (BorrowerStatus.CANCELLED, "subscription_inactive")):  # fmt: skip
        await shop.stand(ann, status)
        assert (await refusal(shop.checkout(ann, wrong)))[0] == code
    await shop.stand(ann, BorrowerStatus.ACTIVE)
    assert (await refusal(shop.checkout(ann, wrong)))[0] == "photo_not_usable"
    assert (await refusal(shop.checkout(ann, [new_id(), *wrong])))[0] == "photo_not_found"
    assert await shop.counts(ann) == (0, 0, 0)
    await shop.checkout(ann)
    assert await refusal(shop.checkout(ann, wrong)) == (
        "items_used_up", {"tier": "BASIC", "remaining": 0, "limit": 1}
    )  # fmt: skip
    shop.clock.advance(days=31)
    assert await refusal(shop.checkout(ann, wrong)) == (
        "too_many_items_out", {"tier": "BASIC", "limit": 1}
    )  # fmt: skip


async def test_what_a_swap_refuses_in_its_order(shop: Wardrobes) -> None:
    ann, basic = await shop.borrower("PLUS"), await shop.borrower("BASIC")
    mine = await shop.photo(ann)
    nothing = new_id()
    assert (await refusal(shop.swap(new_id(), nothing, [mine])))[0] == "member_not_found"
    assert await refusal(shop.swap(basic, nothing, [mine])) == (
        "swaps_used_up", {"tier": "BASIC", "remaining": 0, "limit": 0}
    )  # fmt: skip
    assert (await refusal(shop.swap(ann, nothing, [mine])))[0] == "nothing_out_to_swap"
    lent = await shop.checkout(ann)
    assert (await refusal(shop.swap(ann, nothing, [mine])))[0] == "loan_not_found"
    other = await shop.checkout(ann)
    await shop.take_back(ann, other.loan.loan_id)
    assert (await refusal(shop.swap(ann, other.loan.loan_id, [mine])))[0] == "loan_already_returned"
    used = lent.photos[0].photo_id
    assert (await refusal(shop.swap(ann, lent.loan.loan_id, [used])))[0] == "photo_not_usable"
    assert await shop.counts(ann) == (2, 0, 1)
    await shop.stand(ann, BorrowerStatus.PAUSED)
    assert (await refusal(shop.swap(ann, lent.loan.loan_id, [mine])))[0] == "subscription_paused"


async def test_swaps_end_with_the_garments_of_the_cycle(shop: Wardrobes) -> None:
    mini = {"items_per_cycle": 1, "swaps_per_cycle": 3, "items_out_max": 1}
    shop.program = replace(shop.program, settings={"lending.plans": {"MINI": mini}})
    ann = await shop.borrower("MINI")
    lent = await shop.checkout(ann)
    assert await refusal(shop.swap(ann, lent.loan.loan_id)) == ("no_item_left_for_swap", {"tier": "MINI"})


@pytest.mark.parametrize("kind", ["another member's", "used", "nobody's", "a reward's", "twice"])
async def test_photos_that_cannot_be_lent_with(shop: Wardrobes, kind: str) -> None:
    ann, ben = await shop.borrower(), await shop.borrower()
    photo_ids: dict[str, list[UUID]] = {
        "another member's": [await shop.photo(ben)],
        "used": [(await shop.checkout(ann)).photos[0].photo_id],
        "nobody's": [await shop.photo(None)],
        "a reward's": [await shop.photo(ann, PhotoPurpose.REWARD)],
        "twice": [await shop.photo(ann)] * 2,
    }
    before = await shop.counts(ann)
    right = await shop.photo(ann)
    assert (await refusal(shop.checkout(ann, [right, *photo_ids[kind]])))[0] == "photo_not_usable"
    assert await shop.counts(ann) == before
    # Nothing of the refused attempt is left: the right photo may still be used.
    assert (await shop.checkout(ann, [right])).photos[0].photo_id == right


async def test_a_return_that_is_none(shop: Wardrobes) -> None:
    ann, ben = await shop.borrower(), await shop.borrower()
    lent = await shop.checkout(ann)
    for member_id, loan_id in ((ann, new_id()), (ben, lent.loan.loan_id), (new_id(), lent.loan.loan_id)):
        assert (await refusal(shop.take_back(member_id, loan_id)))[0] == "loan_not_found"
    await shop.take_back(ann, lent.loan.loan_id)
    assert (await refusal(shop.take_back(ann, lent.loan.loan_id)))[0] == "loan_already_returned"
    assert await shop.counts(ann) == (1, 0, 0)


@pytest.mark.parametrize("status", [BorrowerStatus.PAUSED, BorrowerStatus.CANCELLED])
async def test_what_is_out_may_come_back_however_the_subscription_stands(
    shop: Wardrobes, status: BorrowerStatus
) -> None:
    ann = await shop.borrower()
    lent = await shop.checkout(ann)
    await shop.stand(ann, status)
    await shop.take_back(ann, lent.loan.loan_id)
    assert await shop.counts(ann) == (1, 0, 0)


async def test_a_new_cycle_is_read_without_being_written_and_then_written(shop: Wardrobes) -> None:
    ann = await shop.borrower()
    lent = await shop.checkout(ann)
    await shop.swap(ann, lent.loan.loan_id)
    shop.clock.advance(days=400)
    assert await shop.counts(ann) == (0, 0, 1)
    stored = "select items_used, cycle_starts_at from borrowers where member_id = %(member_id)s"
    assert await shop.rows(stored, member_id=ann) == [(2, NOW)]
    borrower = (await shop.wardrobe(ann)).borrower
    await shop.checkout(ann)
    assert await shop.rows(stored, member_id=ann) == [(1, borrower.cycle_starts_at)]


async def test_a_member_who_is_inactive_altogether_borrows_nothing(shop: Wardrobes) -> None:
    ann = await shop.borrower()
    lent = await shop.checkout(ann)
    async with shop.database.transaction() as connection:
        await members.set_active(connection, shop.program_id, ann, False, NOW)
    assert (await refusal(shop.checkout(ann)))[0] == "subscription_inactive"
    await shop.take_back(ann, lent.loan.loan_id)


async def test_another_program_sees_nothing(shop: Wardrobes) -> None:
    others = await Wardrobes.create(shop.database, "others")
    ann = await shop.borrower()
    lent = await shop.checkout(ann)
    assert (await refusal(others.checkout(ann)))[0] == "member_not_found"
    assert (await refusal(others.take_back(ann, lent.loan.loan_id)))[0] == "loan_not_found"
    theirs = await others.borrower()
    mine = await shop.photo(ann)
    assert (await refusal(others.checkout(theirs, [mine])))[0] == "photo_not_found"
