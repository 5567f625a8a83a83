"""A venue's colours, made readable: what text to put on them, and shades of them that show on a page.

Ratios are those of WCAG 2.2: text needs 4.5 to 1 against what it stands on, a bar or a border 3 to 1.
"""

import re

from msgspec import Struct

TEXT_CONTRAST_MIN = 4.5
SHAPE_CONTRAST_MIN = 3.0
WHITE, INK, BLACK = "#ffffff", "#10141a", "#000000"
LIGHT_SURFACE, DARK_SURFACE = "#ffffff", "#171b22"

_COLOR = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)
_STEPS = 20

Channels = tuple[int, int, int]


class Theme(Struct, frozen=True):
    """The colours of a page. Those that end in `_light` and `_dark` are for the two modes of a browser."""

    primary: str
    primary_deep: str
    on_primary: str
    accent: str
    on_accent: str
    accent_on_primary: str
    link_light: str
    link_dark: str
    bar_light: str
    bar_dark: str


def theme_of(primary: str, accent: str) -> Theme:
    """The theme of two colours in hex; what is no colour counts as ink."""
    first, second = normal(primary) or INK, normal(accent) or INK
    deep = mixed(first, BLACK, 0.28)
    on_first = text_on(first)
    if on_first != WHITE:
        # Dark text would be lost on a darker shade, so the gradient goes towards the light.
        deep = mixed(first, WHITE, 0.28)
    return Theme(
        primary=first,
        primary_deep=deep,
        on_primary=on_first,
        accent=second,
        on_accent=text_on(second),
        accent_on_primary=readable(second, first, SHAPE_CONTRAST_MIN),
        link_light=readable(second, LIGHT_SURFACE, TEXT_CONTRAST_MIN),
        link_dark=readable(second, DARK_SURFACE, TEXT_CONTRAST_MIN),
        bar_light=readable(second, LIGHT_SURFACE, SHAPE_CONTRAST_MIN),
        bar_dark=readable(second, DARK_SURFACE, SHAPE_CONTRAST_MIN),
    )


def normal(color: str) -> str | None:
    """The colour as # and six small hexadecimal digits, or None when it is none."""
    if not _COLOR.fullmatch(color):
        return None
    digits = color[1:].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))


def text_on(background: str) -> str:
    """White or ink, whichever can be read better; black where neither can, as then it always can."""
    best = max((WHITE, INK), key=lambda color: contrast(color, background))
    return best if contrast(best, background) >= TEXT_CONTRAST_MIN else BLACK


def readable(color: str, background: str, contrast_min: float) -> str:
    """The colour, or the nearest shade of it that stands out from the background by this ratio."""
    target = BLACK if luminance(background) > 0.18 else WHITE
    for step in range(_STEPS + 1):
        shade = mixed(color, target, step / _STEPS)
        if contrast(shade, background) >= contrast_min:
            return shade
    return text_on(background)


def contrast(one: str, other: str) -> float:
    """How far two colours are apart, from 1 to 21."""
    brighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (brighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    """How bright a colour is, from 0 to 1 (WCAG 2.2, relative luminance)."""
    red, green, blue = (_linear(channel / 255) for channel in _channels(color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def mixed(color: str, other: str, share: float) -> str:
    """The colour with a share (0 to 1) of another one."""
    pairs = zip(_channels(color), _channels(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * share):02x}" for one, two in pairs)


def _channels(color: str) -> Channels:
    value = int(color[1:], 16)
    return value >> 16, value >> 8 & 255, value & 255


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
