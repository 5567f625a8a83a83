"""What may stand in the reward catalogue, and what done templates are worth."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.base.refusals import Refused
from regulars.features.rewards.model import EarnTemplate, PricedTemplate, RewardChanges, TemplateChanges
from regulars.features.rewards.rules import checked_reward, checked_template, is_safe_url
from regulars.features.rewards.rules_pricing import price_templates

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LARGEST = 2**53 - 1


@pytest.mark.parametrize(
    ("given_fields", "kept"),
    [
        ({"name": "  Cinema  "}, {"name": "Cinema"}),
        ({"name": "x" * 200}, {"name": "x" * 200}),
        ({"name": "🎬" * 200}, {"name": "🎬" * 200}),
        ({"cost": 0}, {"cost": 0}),
        ({"cost": LARGEST}, {"cost": LARGEST}),
        ({"description": "   "}, {"description": None}),
        ({"description": None}, {"description": None}),
        ({"description": "two\nlines "}, {"description": "two\nlines"}),
        ({"image_url": ""}, {"image_url": None}),
        ({"image_url": " /photos/a.jpg "}, {"image_url": "/photos/a.jpg"}),
        ({"youtube_url": "https://youtu.be/x?t=1"}, {"youtube_url": "https://youtu.be/x?t=1"}),
        ({"active": False}, {"active": False}),
    ],
)
def test_a_reward_keeps_what_is_fit(given_fields: dict[str, Any], kept: dict[str, Any]) -> None:
    assert checked_reward(RewardChanges(**given_fields)) == RewardChanges(**kept)


@pytest.mark.parametrize(
    ("given_fields", "code"),
    [
        ({}, "no_fields"),
        ({"name": ""}, "invalid_name"),
        ({"name": " \t\n "}, "invalid_name"),
        ({"name": "x" * 201}, "invalid_name"),
        ({"name": "a\0b"}, "invalid_name"),
        ({"name": "a\ud800"}, "invalid_name"),
        ({"cost": -1}, "invalid_cost"),
        ({"cost": LARGEST + 1}, "invalid_cost"),
        ({"cost": 10**5000}, "invalid_cost"),
        ({"cost": True}, "invalid_cost"),
        ({"cost": 1.0}, "invalid_cost"),
        ({"cost": "1"}, "invalid_cost"),
        ({"description": "x" * 2001}, "invalid_description"),
        ({"description": "\0"}, "invalid_description"),
        ({"image_url": "javascript:alert(1)"}, "invalid_url"),
        ({"youtube_url": "//evil.example"}, "invalid_url"),
        ({"name": "", "cost": -1}, "invalid_name"),
    ],
)
def test_a_reward_refuses_what_is_not(given_fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_reward(RewardChanges(**given_fields))
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("given_fields", "code"),
    [
        ({}, "no_fields"),
        ({"title": ""}, "invalid_title"),
        ({"title": "x" * 201}, "invalid_title"),
        ({"points": 0}, "invalid_points"),
        ({"points": -5}, "invalid_points"),
        ({"points": LARGEST + 1}, "invalid_points"),
        ({"points": False}, "invalid_points"),
        ({"sort_order": 2**31}, "invalid_sort_order"),
        ({"sort_order": True}, "invalid_sort_order"),
        ({"youtube_url": "ftp://example.org/a"}, "invalid_url"),
        ({"description": "x" * 2001}, "invalid_description"),
    ],
)
def test_a_template_refuses_what_is_unfit(given_fields: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        checked_template(TemplateChanges(**given_fields))
    assert refused.value.code == code


def test_a_template_keeps_the_rest() -> None:
    changes = TemplateChanges(title=" Dishes ", points=LARGEST, sort_order=-3, active=True)
    kept = TemplateChanges(title="Dishes", points=LARGEST, sort_order=-3, active=True)
    assert checked_template(changes) == kept


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.org", True),
        ("http://example.org:8080/a?b=c#d", True),
        ("HTTPS://EXAMPLE.ORG/A", True),
        ("https://[::1]/a", True),
        ("/photos/1.jpg", True),
        ("/", True),
        ("", False),
        ("photos/1.jpg", False),
        ("//example.org", False),
        ("/\\example.org", False),
        ("https:\\\\example.org", False),
        ("https://", False),
        ("https:///a", False),
        ("https://user:secret@example.org", False),
        ("https://example.org:port", False),
        ("https://[::1", False),
        ("javascript:alert(1)", False),
        ("java\nscript:alert(1)", False),
        ("/a\tb", False),
        ("https://example.org/a b", False),
        ("data:image/png;base64,AAAA", False),
        ("vbscript:x", False),
        ("https://example.org/" + "a" * 2048, False),
        ("\x00/a", False),
    ],
)
def test_which_addresses_a_page_may_show(url: str, safe: bool) -> None:
    assert is_safe_url(url) is safe


def template(template_id: int, points: int, *, active: bool = True) -> EarnTemplate:
    return EarnTemplate(
        program_id=1,
        template_id=template_id,
        title=f"Chore {template_id}",
        points=points,
        description=None,
        youtube_url=None,
        active=active,
        sort_order=0,
        created_at=NOW,
        updated_at=NOW,
    )


TEMPLATES = {
    1: template(1, 5),
    2: template(2, 7),
    3: template(3, 9, active=False),
    4: template(4, LARGEST),
    **{number: template(number, 1) for number in range(100, 200)},
}


@pytest.mark.parametrize(
    ("counts", "total"),
    [
        ([(1, 1)], 5),
        ([(1, 3), (2, 1)], 22),
        ([(2, 1), (1, 1), (2, 2)], 26),
        ([(4, 1)], LARGEST),
        ([(1, 1000)], 5000),
        ([(number, 1) for number in range(100, 150)], 50),
    ],
)
def test_prices_add_up(counts: list[tuple[int, int]], total: int) -> None:
    assert price_templates(TEMPLATES, counts).total == total


def test_a_price_lists_what_it_was_added_up_from() -> None:
    assert price_templates(TEMPLATES, [(2, 1), (1, 1), (2, 2)]).templates == (
        PricedTemplate(2, "Chore 2", 7, 3),
        PricedTemplate(1, "Chore 1", 5, 1),
    )


@pytest.mark.parametrize(
    ("counts", "code"),
    [
        ([], "invalid_templates"),
        ([(1, 0)], "invalid_templates"),
        ([(1, -1)], "invalid_templates"),
        ([(1, 1001)], "invalid_templates"),
        ([(1, 600), (1, 600)], "invalid_templates"),
        ([(1, True)], "invalid_templates"),
        ([(1, 1.5)], "invalid_templates"),
        ([("1", 1)], "invalid_templates"),
        ([(True, 1)], "invalid_templates"),
        ([(number, 1) for number in range(100, 151)], "invalid_templates"),
        ([(4, 1), (1, 1)], "invalid_templates"),
        ([(4, 2)], "invalid_templates"),
        ([(99, 1)], "TEMPLATE_MISSING"),
        ([(3, 1)], "TEMPLATE_MISSING"),
        ([(1, 1), (99, 1)], "TEMPLATE_MISSING"),
        ([(10**30, 1)], "TEMPLATE_MISSING"),
        ([(99, 0)], "invalid_templates"),
    ],
)
def test_prices_refuse_what_cannot_be_priced(counts: list[Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        price_templates(TEMPLATES, counts)
    assert refused.value.code == code


@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, 10)), min_size=1, max_size=40))
def test_the_total_is_the_sum_of_its_lines(counts: list[tuple[int, int]]) -> None:
    pricing = price_templates(TEMPLATES, counts)
    assert pricing.total == sum(TEMPLATES[number].points * count for number, count in counts)
    assert pricing.total == sum(line.points * line.count for line in pricing.templates)
