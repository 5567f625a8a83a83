"""How customers stand at a hotel: the worked examples of the notes, and what the notes leave open."""

from decimal import Decimal

import pytest

from regulars.features.tiers.model import NextTier, Scheme, Standing, Tier, TierBook, TierRule
from regulars.features.tiers.rules import default_scheme, scheme_at, staff_standing, standing

MEMBER, LOYALTY, REGULAR = TIERS = (Tier(1, "Member", 1), Tier(2, "Loyalty", 2), Tier(3, "Regular", 3))
HIGH_STREET, NUMBER_FOUR, UNSET = 1, 2, 3


def scheme(
    location_id: int, *rules: tuple[int, int, int, int], staff: tuple[int, int], period_days: int = 28
) -> Scheme:
    """A scheme from (tier, visits, wet, dry) rows, as the notes' table has them."""
    return Scheme(
        location_id,
        period_days,
        tuple(TierRule(tier_id, visits, Decimal(wet), Decimal(dry)) for tier_id, visits, wet, dry in rules),
        *(Decimal(percent) for percent in staff),
    )


BOOK = TierBook(
    TIERS,
    {
        HIGH_STREET: scheme(HIGH_STREET, (1, 0, 5, 10), (2, 4, 8, 15), (3, 8, 12, 20), staff=(25, 30)),
        NUMBER_FOUR: scheme(NUMBER_FOUR, (1, 0, 5, 10), (2, 2, 10, 20), (3, 4, 15, 25), staff=(30, 35)),
    },
)


def shown(result: Standing) -> tuple[str, int, int, tuple[str, int, int] | None]:
    """The tier, its rates and what comes next."""
    following = result.next_tier
    return (
        result.tier,
        int(result.wet_percent),
        int(result.dry_percent),
        None if following is None else (following.name, following.visits_required, following.visits_to_go),
    )


@pytest.mark.parametrize(
    ("visits", "visiting_id", "home_id", "expected"),
    [
        # The notes' table, on each side of each threshold.
        (0, HIGH_STREET, HIGH_STREET, ("Member", 5, 10, ("Loyalty", 4, 4))),
        (1, HIGH_STREET, HIGH_STREET, ("Member", 5, 10, ("Loyalty", 4, 3))),
        (3, HIGH_STREET, HIGH_STREET, ("Member", 5, 10, ("Loyalty", 4, 1))),
        (4, HIGH_STREET, HIGH_STREET, ("Loyalty", 8, 15, ("Regular", 8, 4))),
        (5, HIGH_STREET, HIGH_STREET, ("Loyalty", 8, 15, ("Regular", 8, 3))),
        (6, HIGH_STREET, HIGH_STREET, ("Loyalty", 8, 15, ("Regular", 8, 2))),
        (7, HIGH_STREET, HIGH_STREET, ("Loyalty", 8, 15, ("Regular", 8, 1))),
        (8, HIGH_STREET, HIGH_STREET, ("Regular", 12, 20, None)),
        (9, HIGH_STREET, HIGH_STREET, ("Regular", 12, 20, None)),
        (0, NUMBER_FOUR, NUMBER_FOUR, ("Member", 5, 10, ("Loyalty", 2, 2))),
        (1, NUMBER_FOUR, NUMBER_FOUR, ("Member", 5, 10, ("Loyalty", 2, 1))),
        (2, NUMBER_FOUR, NUMBER_FOUR, ("Loyalty", 10, 20, ("Regular", 4, 2))),
        (3, NUMBER_FOUR, NUMBER_FOUR, ("Loyalty", 10, 20, ("Regular", 4, 1))),
        (4, NUMBER_FOUR, NUMBER_FOUR, ("Regular", 15, 25, None)),
        (5, NUMBER_FOUR, NUMBER_FOUR, ("Regular", 15, 25, None)),
        # The notes' example: the home hotel lifts the tier, the visiting one gives its rates. The next
        # tier is the one above, not Loyalty, which the visiting hotel alone would give next.
        (3, HIGH_STREET, NUMBER_FOUR, ("Loyalty", 8, 15, ("Regular", 8, 5))),
        (1, HIGH_STREET, NUMBER_FOUR, ("Member", 5, 10, ("Loyalty", 4, 3))),
        (2, HIGH_STREET, NUMBER_FOUR, ("Loyalty", 8, 15, ("Regular", 8, 6))),
        # Lifted to the top: nothing comes next, although the visiting hotel's threshold is far away.
        (4, HIGH_STREET, NUMBER_FOUR, ("Regular", 12, 20, None)),
        (7, HIGH_STREET, NUMBER_FOUR, ("Regular", 12, 20, None)),
        # The reverse: the visiting hotel is the easier one, so the home hotel takes nothing away.
        (1, NUMBER_FOUR, HIGH_STREET, ("Member", 5, 10, ("Loyalty", 2, 1))),
        (2, NUMBER_FOUR, HIGH_STREET, ("Loyalty", 10, 20, ("Regular", 4, 2))),
        (4, NUMBER_FOUR, HIGH_STREET, ("Regular", 15, 25, None)),
        # Without a home the visiting hotel decides alone.
        (3, HIGH_STREET, None, ("Member", 5, 10, ("Loyalty", 4, 1))),
        (3, NUMBER_FOUR, None, ("Loyalty", 10, 20, ("Regular", 4, 1))),
        # A hotel without a scheme has High Street's figures, visited and as a home.
        (3, UNSET, None, ("Member", 5, 10, ("Loyalty", 4, 1))),
        (4, UNSET, UNSET, ("Loyalty", 8, 15, ("Regular", 8, 4))),
        (8, UNSET, None, ("Regular", 12, 20, None)),
        (3, UNSET, NUMBER_FOUR, ("Loyalty", 8, 15, ("Regular", 8, 5))),
        (3, NUMBER_FOUR, UNSET, ("Loyalty", 10, 20, ("Regular", 4, 1))),
    ],
)
def test_how_a_customer_stands(
    visits: int, visiting_id: int, home_id: int | None, expected: tuple[object, ...]
) -> None:
    result = standing(visits, BOOK, visiting_id, home_id)
    assert shown(result) == expected
    assert (result.visits, result.period_days, result.staff) == (visits, 28, False)


@pytest.mark.parametrize(
    ("visits", "expected"),
    [
        (4, ("Member", 5, 10, ("Loyalty", 6, 2))),
        (6, ("Loyalty", 7, 14, None)),
    ],
)
def test_a_strict_hotel_is_helped_by_no_home_at_all(visits: int, expected: tuple[object, ...]) -> None:
    book = TierBook(TIERS, {1: scheme(1, (1, 0, 5, 10), (2, 6, 7, 14), staff=(0, 0))})
    assert shown(standing(visits, book, 1, None)) == expected


def test_a_home_without_a_scheme_lifts_by_the_default_one() -> None:
    book = TierBook(TIERS, {1: scheme(1, (1, 0, 5, 10), (2, 6, 7, 14), staff=(0, 0))})
    assert shown(standing(4, book, 1, UNSET)) == ("Loyalty", 7, 14, None)


@pytest.mark.parametrize(
    ("visits", "home_id", "expected"),
    [
        # The hotel has no rule for Loyalty: its own visits lead past it.
        (0, None, ("Member", 5, 10, ("Regular", 8, 8))),
        (7, None, ("Member", 5, 10, ("Regular", 8, 1))),
        (8, None, ("Regular", 12, 20, None)),
        # Lifted to Loyalty by the home hotel: its name, and the rates of the tier below.
        (3, NUMBER_FOUR, ("Loyalty", 5, 10, ("Regular", 8, 5))),
    ],
)
def test_a_tier_without_a_rule_at_the_hotel(
    visits: int, home_id: int | None, expected: tuple[object, ...]
) -> None:
    gap = scheme(UNSET, (1, 0, 5, 10), (3, 8, 12, 20), staff=(0, 0))
    book = TierBook(TIERS, {**BOOK.schemes, UNSET: gap})
    assert shown(standing(visits, book, UNSET, home_id)) == expected


def test_the_period_is_the_visiting_hotels() -> None:
    weekly = scheme(UNSET, (1, 0, 5, 10), staff=(0, 0), period_days=7)
    book = TierBook(TIERS, {**BOOK.schemes, UNSET: weekly})
    assert standing(3, book, UNSET, HIGH_STREET).period_days == 7
    assert standing(3, book, HIGH_STREET, UNSET).period_days == 28
    assert scheme_at(book, UNSET).period_days == 7


def test_a_program_that_has_set_nothing_has_the_default_tiers() -> None:
    empty = TierBook((), {})
    assert standing(4, empty, 9, None) == Standing(
        tier="Loyalty",
        staff=False,
        wet_percent=Decimal(8),
        dry_percent=Decimal(15),
        visits=4,
        period_days=28,
        next_tier=NextTier("Regular", 8, 4),
    )
    assert staff_standing(empty, 9).wet_percent == Decimal(25)


@pytest.mark.parametrize(
    ("names", "visits", "expected"),
    [
        (["Guest"], 50, ("Guest", 5, 10, None)),
        (["Guest", "Friend"], 3, ("Guest", 5, 10, ("Friend", 4, 1))),
        (["Guest", "Friend"], 50, ("Friend", 8, 15, None)),
        (["A", "B", "C", "D"], 50, ("C", 12, 20, None)),
    ],
)
def test_default_figures_fall_to_the_lowest_three_tiers(
    names: list[str], visits: int, expected: tuple[object, ...]
) -> None:
    tiers = tuple(Tier(10 + position, name, position) for position, name in enumerate(names, start=1))
    assert shown(standing(visits, TierBook(tiers, {}), 1, None)) == expected
    assert len(default_scheme(tiers, 1).rules) == min(len(names), 3)


@pytest.mark.parametrize(
    ("visiting_id", "wet", "dry"), [(HIGH_STREET, 25, 30), (NUMBER_FOUR, 30, 35), (UNSET, 25, 30)]
)
def test_staff_have_the_visiting_hotels_staff_rates(visiting_id: int, wet: int, dry: int) -> None:
    assert staff_standing(BOOK, visiting_id) == Standing(
        tier="Staff",
        staff=True,
        wet_percent=Decimal(wet),
        dry_percent=Decimal(dry),
        visits=0,
        period_days=0,
        next_tier=None,
    )
