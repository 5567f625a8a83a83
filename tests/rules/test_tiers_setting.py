"""What a program may set: names of tiers, and schemes."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.features.tiers.model import Scheme, Tier, TierRule
from regulars.features.tiers.rules import DEFAULT_RULES, DEFAULT_TIERS, default_scheme
from regulars.features.tiers.rules_setting import checked_names, checked_scheme

SCHEME = default_scheme(DEFAULT_TIERS, 1)
MEMBER, LOYALTY, REGULAR = DEFAULT_RULES


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"period_days": 0}, "period_days"),
        ({"period_days": -28}, "period_days"),
        ({"period_days": 3651}, "period_days"),
        ({"period_days": 10**40}, "period_days"),
        ({"period_days": True}, "period_days"),
        ({"period_days": 28.0}, "period_days"),
        ({"staff_wet_percent": Decimal("-0.01")}, "staff_wet_percent"),
        ({"staff_dry_percent": Decimal("100.01")}, "staff_dry_percent"),
        ({"rules": ()}, "tier_id"),
        ({"rules": (LOYALTY, REGULAR)}, "tier_id"),
        ({"rules": (MEMBER, MEMBER)}, "tier_id"),
        ({"rules": (MEMBER, LOYALTY, LOYALTY)}, "tier_id"),
        ({"rules": (MEMBER, replace(LOYALTY, tier_id=4))}, "tier_id"),
        ({"rules": (replace(MEMBER, visits_min=1), LOYALTY)}, "visits_min"),
        ({"rules": (replace(MEMBER, visits_min=-1), LOYALTY)}, "visits_min"),
        ({"rules": (MEMBER, replace(LOYALTY, visits_min=0))}, "visits_min"),
        ({"rules": (MEMBER, LOYALTY, replace(REGULAR, visits_min=4))}, "visits_min"),
        ({"rules": (MEMBER, LOYALTY, replace(REGULAR, visits_min=3))}, "visits_min"),
        ({"rules": (MEMBER, replace(LOYALTY, visits_min=100_001))}, "visits_min"),
        ({"rules": (MEMBER, replace(LOYALTY, visits_min=True))}, "visits_min"),
    ],
)
def test_what_no_scheme_may_say(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refusal:
        checked_scheme(DEFAULT_TIERS, replace(SCHEME, **changes))
    assert (refusal.value.code, refusal.value.details) == ("invalid_scheme", {"field": field})


@pytest.mark.parametrize("field", ["wet_percent", "dry_percent"])
@pytest.mark.parametrize(
    "percent",
    ["-0.01", "-1", "-0", "100.01", "101", "1E+30", "1E+999999", "5.001", "1E-9", "NaN", "sNaN", "Infinity"],
)
def test_what_is_no_percentage(percent: str, field: str) -> None:
    rules = (MEMBER, replace(LOYALTY, **{field: Decimal(percent)}))
    with pytest.raises(Refused) as refusal:
        checked_scheme(DEFAULT_TIERS, replace(SCHEME, rules=rules))
    assert refusal.value.details == {"field": field}
    with pytest.raises(Refused) as refusal:
        checked_scheme(DEFAULT_TIERS, replace(SCHEME, **{f"staff_{field}": Decimal(percent)}))
    assert refusal.value.details == {"field": f"staff_{field}"}


@pytest.mark.parametrize("percent", ["0", "0.00", "0.01", "99.99", "100", "1E+2", "5.10000"])
def test_what_is_a_percentage(percent: str) -> None:
    rule = replace(MEMBER, wet_percent=Decimal(percent), dry_percent=Decimal(percent))
    checked = checked_scheme(DEFAULT_TIERS, replace(SCHEME, rules=(rule,)))
    assert checked.rules[0].wet_percent == Decimal(percent)


@pytest.mark.parametrize("period_days", [1, 28, 3650])
def test_rules_are_brought_into_the_order_of_their_tiers(period_days: int) -> None:
    scheme = replace(SCHEME, period_days=period_days, rules=(REGULAR, MEMBER, LOYALTY))
    checked = checked_scheme(DEFAULT_TIERS, scheme)
    assert [rule.tier_id for rule in checked.rules] == [1, 2, 3]
    assert checked.period_days == period_days


def test_not_the_ids_but_the_positions_of_tiers_say_which_is_lowest() -> None:
    tiers = (Tier(9, "Low", 1), Tier(4, "High", 2))
    rules = (TierRule(4, 3, Decimal(9), Decimal(9)), TierRule(9, 0, Decimal(1), Decimal(1)))
    checked = checked_scheme(tiers, Scheme(1, 28, rules, Decimal(0), Decimal(0)))
    assert [rule.tier_id for rule in checked.rules] == [9, 4]


def test_a_program_without_tiers_sets_no_scheme() -> None:
    with pytest.raises(Refused, match="invalid_scheme"):
        checked_scheme((), SCHEME)


@pytest.mark.parametrize(
    ("names", "code"),
    [
        (["Gold", "gold"], "name_taken"),
        (["LOYALTY"], "name_taken"),
        ([" staff "], "name_taken"),
        ([""], "invalid_name"),
        (["  "], "invalid_name"),
        (["x" * 51], "invalid_name"),
        (["two\nlines"], "invalid_name"),
        (["nul\0"], "invalid_name"),
        (["half \ud83d of a pair"], "invalid_name"),
        ([f"Tier {number}" for number in range(18)], "too_many_tiers"),
    ],
)
def test_what_no_tier_is_called(names: list[str], code: str) -> None:
    with pytest.raises(Refused) as refusal:
        checked_names(DEFAULT_TIERS, names)
    assert refusal.value.code == code


def test_names_are_trimmed() -> None:
    assert checked_names(DEFAULT_TIERS, [" Gold ", "x" * 50]) == ("Gold", "x" * 50)
    assert checked_names((), [f"Tier {number}" for number in range(20)])[-1] == "Tier 19"
