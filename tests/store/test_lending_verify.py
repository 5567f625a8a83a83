"""`verify` finds nothing where borrowers, loans and photos agree, and each fault that is planted."""

import psycopg
import pytest

from regulars.db.database import Database
from regulars.db.invariants import SHOWN_MAX
from regulars.features.lending import verify
from regulars.features.lending.verify import CHECKS
from tests.support.lending import Wardrobes

OUT, PHOTOS, OWNERS, ONCE, SWAPS, COUNTS = CHECKS
UNGUARDED = """
alter table loans disable trigger user;
alter table loans drop constraint loans_program_id_swapped_for_fkey;
"""
"""What would refuse some of the faults."""

ONE_FOR_ALL = """
alter table loan_photos drop constraint a_photo_is_one_loans;
update loan_photos set photo_id = (select min(photo_id::text)::uuid from loan_photos)
"""
BELOW_ZERO = """
alter table borrowers drop constraint counts_are_not_negative;
update borrowers set items_out = -1
"""

PLANTED = [
    ("update borrowers set items_out = items_out + 1", OUT),
    ("update loans set returned_at = due_at where returned_at is null", OUT),
    ("delete from loan_photos where position = 1", PHOTOS),
    ("update photos set used_at = null", OWNERS),
    ("update photos set owner_id = gen_random_uuid()", OWNERS),
    ("update photos set purpose = 'reward'", OWNERS),
    (ONE_FOR_ALL, ONCE),
    ("update loans set swapped_for = gen_random_uuid() where swapped_for is not null", SWAPS),
    ("update loans set returned_at = due_at where swapped_for is not null", SWAPS),
    ("update borrowers set swaps_used = items_used + 1", COUNTS),
    (BELOW_ZERO, COUNTS),
]  # fmt: skip


async def fill(shop: Wardrobes) -> None:
    """Members who have borrowed, swapped and brought back; one who was erased."""
    for _ in range(3):
        ann = await shop.borrower("PREMIUM")
        lent = await shop.checkout(ann, [await shop.photo(ann), await shop.photo(ann)])
        await shop.swap(ann, lent.loan.loan_id)
        back = await shop.checkout(ann)
        await shop.take_back(ann, back.loan.loan_id)
    gone = await shop.borrower()
    await shop.checkout(gone)
    await shop.erase(gone)


@pytest.mark.parametrize(("fault", "invariant"), PLANTED)
async def test_a_fault_is_found(database: Database, database_url: str, fault: str, invariant: str) -> None:
    shop = await Wardrobes.create(database)
    await fill(shop)
    await shop.check()
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as owner:
        await owner.execute((UNGUARDED + fault).encode())
    async with database.connection() as connection:
        findings = await verify.verify(connection)
    assert invariant in {finding.invariant for finding in findings}
    assert {finding.program_id for finding in findings} == {shop.program_id}
    assert len(findings) <= SHOWN_MAX * len(CHECKS)


@pytest.mark.parametrize(
    "change",
    [
        "update loans set returned_at = null where returned_at is not null",
        "update loans set due_at = due_at + interval '1 day'",
        "update loans set store_location = 'elsewhere'",
        "delete from loans",
        "delete from loan_photos",
        "update loan_photos set position = 7",
        "delete from borrowers",
        "update events set type = 'loan.lost'",
        "delete from events",
    ],
)
async def test_the_server_cannot_rewrite_history(database: Database, change: str) -> None:
    shop = await Wardrobes.create(database)
    await fill(shop)
    with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityConstraintViolation)):
        async with database.connection() as connection:
            await connection.execute(change.encode())
    await shop.check()
