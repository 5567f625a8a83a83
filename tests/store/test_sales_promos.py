"""Sales that name a promo, and bonuses that come by themselves, on a real PostgreSQL."""

from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.features.promos import actions as promos
from regulars.features.promos.model import Promo, PromoTerms, Uses
from regulars.features.sales.model import LoggedSale
from tests.support.enrolment import NOW
from tests.support.promos import bonus_terms, code_terms, percent
from tests.support.sales import SalesWorld, ticket


@pytest_asyncio.fixture
async def world(database: Database) -> SalesWorld:
    """Two hotels without sales."""
    return await SalesWorld.create(database)


async def ours(world: SalesWorld, sale: LoggedSale) -> tuple[Any, ...]:
    return await world.row(
        """
        select promo_id, discount_type, wet_percent, dry_percent, wet_account, promo_objection
        """,
        sale.sale_id,
    )


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        (code_terms(), ("promo", 15, 15, "#2305", None)),
        (bonus_terms("SUMMER24"), ("discount", 10, 20, "#2303", None)),
        (code_terms(active=False), ("discount", 5, 10, "#2303", "not_active")),
        (code_terms(valid_until=NOW.replace(tzinfo=None) - timedelta(1)),
         ("discount", 5, 10, "#2303", "expired")),
        (code_terms(assigned_only=True), ("promo", 15, 15, "#2305", None)),
        (code_terms(min_spend_minor=10**6), ("promo", 15, 15, "#2305", None)),
    ],
)  # fmt: skip
async def test_a_promo_that_the_till_names_is_used_and_looked_at(
    world: SalesWorld, terms: PromoTerms, expected: tuple[Any, ...]
) -> None:
    """The till gave the discount, so the use counts whether or not our rules would have given it."""
    ann, promo = await world.customer(), await world.promo(terms)
    logged = await world.log(ticket(ann, promo_code=" summer24 "))
    assert logged == LoggedSale(logged.sale_id, False, False, False)
    assert await ours(world, logged) == (promo.promo_id, *expected)
    assert await world.row("select promo_code", logged.sale_id) == ("summer24",)
    assert await world.uses(promo, ann) == Uses(1, 1)


@pytest.mark.parametrize("code", ["NOSUCH", "X" * 100, "\u200b"])
async def test_an_unknown_code_is_kept_and_flagged(world: SalesWorld, code: str) -> None:
    ann, promo = await world.customer(), await world.promo(code_terms())
    logged = await world.log(ticket(ann, promo_code=code, ticket_id="T-1"))
    assert logged.promo_unknown and not logged.promo_overused
    assert await world.row("select promo_code, promo_unknown", logged.sale_id) == (code, True)
    assert await ours(world, logged) == (None, "discount", 5, 10, "#2303", None)
    assert await world.uses(promo, ann) == Uses(0, 0)
    again = await world.log(ticket(ann, promo_code=code, ticket_id="T-1"))
    assert again == LoggedSale(logged.sale_id, True, True, False)


@pytest.mark.parametrize("limits", [{"usage_limit": 1}, {"usage_limit_per_customer": 1}])
async def test_overuse_is_logged_and_flagged(world: SalesWorld, limits: dict[str, Any]) -> None:
    ann, promo = await world.customer(), await world.promo(code_terms(**limits))
    first = await world.log(ticket(ann, promo_code="SUMMER24"))
    second = await world.log(ticket(ann, promo_code="SUMMER24", ticket_id="T-2"))
    assert (first.promo_overused, second.promo_overused) == (False, True)
    assert await world.row("select promo_overused", first.sale_id) == (False,)
    assert await world.row("select promo_overused", second.sale_id) == (True,)
    assert await world.visits(ann) == 2
    assert await world.uses(promo, ann) == Uses(1, 1)
    again = await world.log(ticket(ann, promo_code="SUMMER24", ticket_id="T-2"))
    assert again == LoggedSale(second.sale_id, True, False, True)


async def test_a_ticket_that_comes_again_uses_nothing(world: SalesWorld) -> None:
    ann, promo = await world.customer(), await world.promo(code_terms())
    new = ticket(ann, promo_code="SUMMER24", ticket_id="T-1")
    for _ in range(5):
        await world.log(new)
    with pytest.raises(Refused, match="duplicate_ticket"):
        await world.log(ticket(ann, promo_code="SUMMER24", ticket_id="T-1", total_minor=1))
    assert await world.uses(promo, ann) == Uses(1, 1)
    assert await world.visits(ann) == 1


async def test_staff_keep_their_rates_whatever_the_promo(world: SalesWorld) -> None:
    eve, promo = await world.customer(staff=True), await world.promo(code_terms())
    await world.promo(bonus_terms())
    logged = await world.log(ticket(eve, promo_code="SUMMER24"))
    assert await ours(world, logged) == (promo.promo_id, "staff", 25, 30, "#2306", None)
    logged = await world.log(ticket(eve))
    assert await ours(world, logged) == (None, "staff", 25, 30, "#2306", None)


async def assign(world: SalesWorld, promo: Promo, member_id: Any) -> None:
    async with world.database.transaction() as connection:
        await promos.assign(connection, world.program_id, promo.promo_id, member_id, now=NOW)


async def test_a_bonus_that_identifying_gives_is_part_of_ours(world: SalesWorld) -> None:
    """Tills do not name it: it is in the rates that /identify told them."""
    ann, bob = await world.customer(), await world.customer()
    general = await world.promo(bonus_terms())
    gift = await world.promo(
        bonus_terms("GIFT", assigned_only=True, bonus_add_wet=percent(50), usage_limit_per_customer=9)
    )
    closed = await world.promo(bonus_terms("CLOSED", active=False, bonus_add_wet=percent(90)))
    for promo in (gift, closed):
        await assign(world, promo, ann.member_id)

    logged = await world.log(ticket(ann))
    assert await ours(world, logged) == (gift.promo_id, "discount", 55, 10, "#2303", None)
    logged = await world.log(ticket(bob))
    assert await ours(world, logged) == (general.promo_id, "discount", 10, 20, "#2303", None)
    for promo in (general, gift):
        assert await world.uses(promo, ann) == Uses(0, 0)


@pytest.mark.parametrize(("code", "round_trips"), [(None, 2), ("SUMMER24", 3)])
async def test_what_may_be_claimed_is_asked_along_with_the_customer(
    world: SalesWorld, monkeypatch: pytest.MonkeyPatch, code: str | None, round_trips: int
) -> None:
    ann, flush, flushes = await world.customer(), Pipeline.flush, []
    for terms in (bonus_terms(assigned_only=True), bonus_terms("B2", usage_limit=1), code_terms()):
        await world.promo(terms)

    async def counted(pipeline: Pipeline) -> None:
        flushes.append(pipeline)
        await flush(pipeline)

    monkeypatch.setattr(Pipeline, "flush", counted)
    await world.log(ticket(ann, promo_code=code))
    assert len(flushes) == round_trips
