"""What holds of every standing, whatever the hotels have set."""

from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from regulars.features.tiers.model import Scheme, Tier, TierBook, TierRule
from regulars.features.tiers.rules import staff_standing, standing
from regulars.features.tiers.rules_setting import checked_scheme

HOTELS = (1, 2, 3)
percents = st.decimals(0, 100, places=2, allow_nan=False, allow_infinity=False)
visit_counts = st.integers(0, 60)
hotels = st.sampled_from(HOTELS)
homes = st.none() | hotels


@st.composite
def schemes(draw: st.DrawFn, tiers: tuple[Tier, ...], location_id: int, rising: bool) -> Scheme:
    """A scheme that a hotel may set, with a rule for the lowest tier and for some above it."""
    ruled = [tiers[0], *(tier for tier in tiers[1:] if draw(st.booleans()))]
    count = len(ruled)
    thresholds = [0, *sorted(draw(st.sets(st.integers(1, 50), min_size=count - 1, max_size=count - 1)))]
    wet, dry = (draw(st.lists(percents, min_size=count, max_size=count)) for _ in range(2))
    if rising:
        wet, dry = sorted(wet), sorted(dry)
    rules = [
        TierRule(tier.tier_id, visits_min, *rates)
        for tier, visits_min, *rates in zip(ruled, thresholds, wet, dry, strict=True)
    ]
    staff_wet, staff_dry, period_days = draw(percents), draw(percents), draw(st.integers(1, 3650))
    shuffled = tuple(draw(st.permutations(rules)))
    return checked_scheme(tiers, Scheme(location_id, period_days, shuffled, staff_wet, staff_dry))


@st.composite
def books(draw: st.DrawFn, rising: bool = False) -> TierBook:
    """A program of one to five tiers, some of whose hotels have set a scheme."""
    count = draw(st.integers(1, 5))
    # The ids say nothing about the order.
    tier_ids = draw(st.permutations(range(1, count + 1)))
    tiers = tuple(Tier(tier_id, f"Tier {n}", n) for n, tier_id in enumerate(tier_ids, start=1))
    set_up = [location_id for location_id in HOTELS if draw(st.booleans())]
    return TierBook(tiers, {one: draw(schemes(tiers, one, rising)) for one in set_up})


def rank(book: TierBook, name: str) -> int:
    return [tier.name for tier in book.tiers].index(name)


@given(books(), hotels, homes)
def test_more_visits_never_lower_the_tier(book: TierBook, visiting_id: int, home_id: int | None) -> None:
    ranks = [rank(book, standing(visits, book, visiting_id, home_id).tier) for visits in range(55)]
    assert ranks == sorted(ranks)


@given(books(rising=True), hotels, homes)
def test_where_rates_rise_more_visits_never_lower_a_rate(
    book: TierBook, visiting_id: int, home_id: int | None
) -> None:
    results = [standing(visits, book, visiting_id, home_id) for visits in range(55)]
    for fewer, more in pairwise(results):
        assert fewer.wet_percent <= more.wet_percent
        assert fewer.dry_percent <= more.dry_percent


@given(books(), visit_counts, hotels, homes)
def test_discounts_are_percentages(
    book: TierBook, visits: int, visiting_id: int, home_id: int | None
) -> None:
    for result in (standing(visits, book, visiting_id, home_id), staff_standing(book, visiting_id)):
        assert 0 <= result.wet_percent <= 100
        assert 0 <= result.dry_percent <= 100


@given(books(), visit_counts, hotels, homes)
def test_the_next_tier_is_above_and_not_yet_reached(
    book: TierBook, visits: int, visiting_id: int, home_id: int | None
) -> None:
    result = standing(visits, book, visiting_id, home_id)
    following = result.next_tier
    if following is not None:
        assert following.visits_to_go > 0
        assert following.visits_required == visits + following.visits_to_go
        assert rank(book, following.name) > rank(book, result.tier)
        arrived = standing(following.visits_required, book, visiting_id, home_id)
        assert rank(book, arrived.tier) >= rank(book, following.name)


@given(books(), visit_counts, hotels, hotels)
def test_a_home_lifts_and_never_lowers_and_leaves_the_rates_to_the_visiting_hotel(
    book: TierBook, visits: int, visiting_id: int, home_id: int
) -> None:
    result = standing(visits, book, visiting_id, home_id)
    alone = [standing(visits, book, one, None).tier for one in (visiting_id, home_id)]
    assert rank(book, result.tier) == max(rank(book, tier) for tier in alone)
    # The visiting hotel gives its rates at some number of visits.
    given_there = [standing(count, book, visiting_id, None) for count in range(55)]
    rates = {(one.wet_percent, one.dry_percent) for one in given_there}
    assert (result.wet_percent, result.dry_percent) in rates
    assert result.period_days == given_there[0].period_days


@given(percents)
def test_a_percentage_is_stored_with_two_decimals(percent: Decimal) -> None:
    tiers = (Tier(1, "Member", 1),)
    rule = TierRule(1, 0, percent.normalize(), percent)
    checked = checked_scheme(tiers, Scheme(1, 28, (rule,), percent, percent))
    assert checked.rules[0].wet_percent == percent
    assert str(checked.rules[0].wet_percent) == f"{percent:.2f}"
