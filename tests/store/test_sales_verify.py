"""`verify` finds nothing where sales, uses and preferences agree, and each fault that is planted."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest

from regulars.db.database import Connection, Database, server_conninfo
from regulars.db.invariants import SHOWN_MAX
from regulars.features.ledger.actions import Finding
from regulars.features.sales import verify
from regulars.features.sales.model import SaleItem, StockType
from regulars.features.sales.verify import CHECKS
from tests.support.postgres import PostgresServer
from tests.support.promos import bonus_terms, code_terms, percent
from tests.support.sales import FISH, GUINNESS, SalesWorld, ticket

USES, OF_CUSTOMER, ITEMS, TASTE, DISCOUNTS = CHECKS

PLANTED: list[tuple[str, str]] = [
    ("update promo_uses set uses = uses + 1 where uses_max is null", USES),
    ("update promo_uses set overuses = overuses - 1 where overuses > 0", USES),
    ("delete from promo_uses where uses > 0", USES),
    ("update sales set promo_overused = false where promo_overused", USES),
    ("update sales set promo_overused = false where promo_overused", OF_CUSTOMER),
    ("update sales set promo_id = null, promo_overused = false where promo_overused", USES),
    ("update promo_member_uses set uses = uses + 1 where uses_max is null", OF_CUSTOMER),
    ("delete from promo_member_uses", OF_CUSTOMER),
    ("delete from sale_items where position = 1", ITEMS),
    ("delete from sale_items where position = 1", TASTE),
    ("update sale_items set position = position + 100 where position = 3", ITEMS),
    ("update sale_items set quantity = quantity + 1 where product_name = 'Guinness'", TASTE),
    ("update preferences set sale_count = sale_count + 1", TASTE),
    ("update preferences set quantity = quantity + 0.001", TASTE),
    ("delete from preferences", TASTE),
    ("update sales set wet_discount_minor = wet_discount_minor - 1 where wet_discount_minor > 0", DISCOUNTS),
    ("update sales set dry_percent = dry_percent + 1", DISCOUNTS),
    ("update sales set dry_discount_minor = null where dry_discount_minor is not null", DISCOUNTS),
]
MANY = "update sales set dry_percent = dry_percent + 1 where dry_minor = 2750"


async def fill(world: SalesWorld) -> None:
    """Sales with promos that were used, overused, unknown and given without asking, and their repetitions."""
    ann, bob, eve = (await world.customer(), await world.customer(), await world.customer(staff=True))
    await world.promo(code_terms())
    await world.promo(code_terms("ONCE", usage_limit=1))
    await world.promo(code_terms("EACH", usage_limit_per_customer=1))
    await world.promo(code_terms("OFF", active=False))
    await world.promo(bonus_terms(bonus_multiplier=percent("1.37")))
    nothing = SaleItem("", Decimal(1), StockType.DRY)
    taken_back = SaleItem("Crisps", Decimal(0), StockType.DRY)
    lines = (GUINNESS, FISH, GUINNESS, nothing, taken_back)
    for code in (None, "SUMMER24", "once", "EACH", "OFF", "UNKNOWN"):
        for member in (ann, bob, ann, eve):
            new = ticket(member, promo_code=code, items=lines, wet_minor=333, dry_minor=None)
            await world.log(new, world.number_four)
        for _ in range(3):
            await world.log(ticket(ann, promo_code=code, ticket_id=f"T-{code}"))
    await world.visit(bob, 2 * SHOWN_MAX)


@pytest.fixture(scope="module")
def books(postgres: PostgresServer) -> Iterator[str]:
    """Sales that agree with all that follows from them."""

    async def prepare() -> None:
        database = await Database.open(url)
        await fill(await SalesWorld.create(database))
        await fill(await SalesWorld.create(database, "others"))
        await database.close()

    with postgres.migrated_database() as url:
        asyncio.run(prepare())
        yield url


async def found(books: str, *faults: str) -> list[Finding]:
    """What `verify` says with faults planted, which are undone afterwards."""
    async with await Connection.connect(books) as connection:
        for fault in faults:
            cursor = await connection.execute(fault.encode())
            assert cursor.rowcount > 0, "the fault was not planted"
        findings = await verify.check(connection)
        await connection.rollback()
    return findings


async def test_what_agrees_has_no_findings(books: str, database: Database) -> None:
    assert await found(books) == []
    async with await Connection.connect(server_conninfo(books), autocommit=True) as connection:
        assert await verify.verify(connection) == []
    async with database.connection() as connection:
        assert await verify.verify(connection) == [], "nothing was sold"


@pytest.mark.parametrize(("fault", "invariant"), PLANTED)
async def test_a_planted_fault_is_found(books: str, fault: str, invariant: str) -> None:
    findings = await found(books, fault)

    assert invariant in {finding.invariant for finding in findings}
    assert {finding.program_id for finding in findings} <= {1, 2}
    assert all(finding.detail for finding in findings)


def test_every_check_is_tried() -> None:
    assert {invariant for _, invariant in PLANTED} == set(CHECKS)


async def test_findings_are_bounded(books: str) -> None:
    findings = [finding for finding in await found(books, MANY) if finding.invariant == DISCOUNTS]

    assert len(findings) == SHOWN_MAX
