"""Whatever colours a venue has, its pages can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.contracts.sessions.colors import (
    DARK_SURFACE,
    INK,
    LIGHT_SURFACE,
    SHAPE_CONTRAST_MIN,
    TEXT_CONTRAST_MIN,
    WHITE,
    contrast,
    normal,
    readable,
    text_on,
    theme_of,
)

COLORS = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@given(COLORS, COLORS)
def test_every_text_and_every_bar_stands_out(primary: str, accent: str) -> None:
    theme = theme_of(primary, accent)
    assert contrast(theme.on_primary, theme.primary) >= TEXT_CONTRAST_MIN
    assert contrast(theme.on_primary, theme.primary_deep) >= TEXT_CONTRAST_MIN
    assert contrast(theme.on_accent, theme.accent) >= TEXT_CONTRAST_MIN
    assert contrast(theme.accent_on_primary, theme.primary) >= SHAPE_CONTRAST_MIN
    for link, bar, surface in (
        (theme.link_light, theme.bar_light, LIGHT_SURFACE),
        (theme.link_dark, theme.bar_dark, DARK_SURFACE),
    ):
        assert contrast(link, surface) >= TEXT_CONTRAST_MIN
        assert contrast(bar, surface) >= SHAPE_CONTRAST_MIN


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # The figures of WCAG's own examples.
    [
        ("#ffffff", "#000000", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#123", "#123", 1),
    ],
)
def test_contrast(one: str, other: str, ratio: float) -> None:
    first, second = normal(one), normal(other)
    assert first is not None and second is not None
    assert contrast(first, second) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ("#ABC", "#aabbcc"), ("#aabbcc", "#aabbcc"), ("#AABBCC", "#aabbcc"), ("aabbcc", None),
        ("#aabb", None), ("#aabbccdd", None), ("", None), ("red", None), ("#ggg", None),
        ("#aabbcc\n", None), ("#١٢٣", None),
        ("#fff;}body{display:none", None),
    ],
)  # fmt: skip
def test_what_is_a_color(color: str, expected: str | None) -> None:
    assert normal(color) == expected


def test_text_and_shades() -> None:
    assert (text_on("#000000"), text_on("#ffe14d"), text_on("#1f3a5f")) == (WHITE, INK, WHITE)
    assert readable("#0b6b3a", WHITE, TEXT_CONTRAST_MIN) == "#0b6b3a"
    assert theme_of("nonsense", "").primary == INK
