"""What the terms of a promo may be."""

from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.refusals import Refused
from regulars.features.promos.model import PromoChanges, PromoTerms
from regulars.features.promos.rules_terms import checked_expiry, checked_terms, clean_code
from tests.support.promos import bonus_terms, code_terms

NOON = datetime(2026, 6, 3, 12)
NAN, INFINITE = Decimal("nan"), Decimal("inf")


@pytest.mark.parametrize(
    ("terms", "kept"),
    [
        (code_terms(" summer24 "), {"code": "SUMMER24"}),
        (code_terms("happy hour"), {"code": "HAPPY HOUR"}),
        (code_terms("10%off!"), {"code": "10%OFF!"}),
        (code_terms("straße"), {"code": "STRASSE"}),
        (code_terms("x" * 64), {"code": "X" * 64}),
        (code_terms(name="  Summer  "), {"name": "Summer"}),
        (code_terms(name="n" * 200), {"name": "n" * 200}),
        (code_terms(description=" two\nlines "), {"description": "two\nlines"}),
        (code_terms(description="  "), {"description": None}),
        (code_terms(valid_from=NOON, valid_until=NOON), {"valid_from": NOON, "valid_until": NOON}),
        (code_terms(valid_until=NOON.replace(microsecond=5)), {"valid_until": NOON}),
        (code_terms(time_from=time(22), time_until=time(2)), {"time_from": time(22), "time_until": time(2)}),
        (code_terms(time_from=time(9, 0, 0, 5)), {"time_from": time(9)}),
        (code_terms(weekdays=frozenset(range(1, 8))), {"weekdays": frozenset(range(1, 8))}),
        (code_terms(min_spend_minor=10**12), {"min_spend_minor": 10**12}),
        (code_terms(wet_percent=Decimal(100), dry_percent=Decimal(0)), {"dry_percent": Decimal(0)}),
        (code_terms(wet_percent=Decimal("12.500")), {"wet_percent": Decimal("12.50")}),
        (code_terms(wet_percent=Decimal("1E+1")), {"wet_percent": Decimal(10)}),
        (code_terms(usage_limit=1, usage_limit_per_customer=2**31 - 1), {"usage_limit": 1}),
        (bonus_terms(bonus_multiplier=Decimal("1.01")), {"bonus_multiplier": Decimal("1.01")}),
        (bonus_terms(bonus_multiplier=Decimal(100)), {"bonus_multiplier": Decimal(100)}),
        (bonus_terms(bonus_multiplier=Decimal(0), bonus_add_wet=Decimal(5)), {"bonus_add_wet": Decimal(5)}),
        (
            bonus_terms(bonus_multiplier=Decimal(1), bonus_add_dry=Decimal("0.01")),
            {"requires_membership": True},
        ),
    ],
)
def test_what_is_kept(terms: PromoTerms, kept: dict[str, Any]) -> None:
    checked = checked_terms(terms)
    assert {field: getattr(checked, field) for field in kept} == kept
    assert checked_terms(checked) == checked


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("kind", ["promo_code", "gift", None]),
        ("code", ["", "  ", "x" * 65, "ß" * 33, "A\nB", "A\0B", "A\ud800", "A\u200bB"]),
        ("name", ["", " ", "n" * 201, "a\nb", "a\0b"]),
        ("description", ["d" * 2001, "a\0b", "a\ud800b"]),
        ("active", [1, None]),
        ("requires_membership", [0, "yes"]),
        ("assigned_only", [None]),
        ("valid_from", [NOON.replace(tzinfo=UTC), "2026-06-03"]),
        ("valid_until", [NOON.replace(tzinfo=UTC), NOON.date()]),
        ("time_from", [time(9, tzinfo=UTC), "09:00"]),
        ("time_until", [time(9, tzinfo=UTC), 9]),
        ("weekdays", [frozenset({0}), frozenset({8}), frozenset({1.0}), frozenset({True}), [1], {1}]),
        ("min_spend_minor", [-1, 10**12 + 1, 10.0, True, None]),
        ("wet_percent", [Decimal("-0.01"), Decimal("100.01"), Decimal("1.001"), NAN, -INFINITE, 15, 15.0]),
        ("dry_percent", [Decimal(101), INFINITE, Decimal("sNaN"), Decimal("1e-999999"), True, None]),
        ("usage_limit", [0, -1, 2**31, 1.0, True]),
        ("usage_limit_per_customer", [0, -1, 2**31, "1"]),
        ("location_ids", [frozenset({0}), frozenset({2**31}), frozenset({"1"}), frozenset({True}), [1]]),
        ("bonus_multiplier", [Decimal(2)]),
        ("bonus_add_wet", [Decimal(5)]),
        ("bonus_add_dry", [Decimal(5)]),
    ],
)
def test_what_a_promo_code_refuses(field: str, values: list[Any]) -> None:
    for value in values:
        terms = msgspec.structs.replace(code_terms(), **{field: value})
        assert refused_field(terms) == field, repr(value)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        # Below 1 it would lower the rates; at 1 or 0, with nothing added, it would do nothing.
        (
            "bonus_multiplier",
            [Decimal("0.5"), Decimal("0.99"), Decimal(1), Decimal(0), Decimal("100.01"), Decimal(-2)],
        ),
        ("bonus_add_wet", [Decimal(-5), Decimal("100.01"), Decimal("0.001"), NAN]),
        ("bonus_add_dry", [Decimal(-5), Decimal(101), 5]),
        ("wet_percent", [Decimal(5)]),
        ("dry_percent", [Decimal(5)]),
    ],
)
def test_what_a_bonus_refuses(field: str, values: list[Any]) -> None:
    for value in values:
        terms = msgspec.structs.replace(bonus_terms(), **{field: value})
        assert refused_field(terms) == field, repr(value)


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        (code_terms(valid_from=NOON, valid_until=NOON.replace(hour=11)), "valid_until"),
        (code_terms(time_from=time(18), time_until=time(18)), "time_until"),
        (code_terms(wet_percent=Decimal(0), dry_percent=Decimal(0)), "wet_percent"),
        (bonus_terms(bonus_multiplier=Decimal("0.5"), bonus_add_wet=Decimal(5)), "bonus_multiplier"),
        (code_terms("", name="", min_spend_minor=-1), "code"),
        (code_terms(name="", min_spend_minor=-1), "name"),
    ],
)
def test_what_does_not_go_together(terms: PromoTerms, field: str) -> None:
    assert refused_field(terms) == field


def refused_field(terms: PromoTerms) -> Any:
    with pytest.raises(Refused) as refused:
        checked_terms(terms)
    assert refused.value.code == "invalid_promo"
    return refused.value.details["field"]


@given(st.text(max_size=70))
def test_a_code_has_one_spelling(raw: str) -> None:
    code = clean_code(raw)
    if code is not None:
        assert clean_code(code) == code == clean_code(f" {code} ")
        assert clean_code(code.lower()) is not None


@pytest.mark.parametrize(
    ("typed", "stored"), [("Café", "CAFÉ"), ("cafe\u0301", "CAFÉ"), ("summer24", "SUMMER24")]
)
def test_spellings_that_are_one(typed: str, stored: str) -> None:
    assert clean_code(typed) == clean_code(stored) == stored


def test_an_assignment_ends_on_the_hotels_clock() -> None:
    assert checked_expiry(None) is None
    assert checked_expiry(NOON.replace(microsecond=7)) == NOON
    with pytest.raises(Refused) as refused:
        checked_expiry(NOON.replace(tzinfo=UTC))
    assert (refused.value.code, refused.value.details) == ("invalid_promo", {"field": "expires_at"})


def test_every_term_but_the_kind_can_be_changed() -> None:
    assert {"kind", *PromoChanges.__struct_fields__} == set(PromoTerms.__struct_fields__)
