"""Colours of a venue's cards: read, and judged by how well text can be read on them. Pure."""

import re

Color = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

WHITE: Color = (255, 255, 255)
BLACK: Color = (17, 17, 17)

CONTRAST_MIN = 3.0
"""Of large text, by the Web Content Accessibility Guidelines 2.2 (1.4.3)."""

_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)


def to_color(text: str, otherwise: Color) -> Color:
    """The colour that is written as "#rgb" or "#rrggbb", in whatever case."""
    found = _HEX.fullmatch(text.strip())
    if found is None:
        return otherwise
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def contrast(one: Color, other: Color) -> float:
    """How well one stands out from the other, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def readable_on(background: Color) -> Color:
    """White or black, whichever can be read better."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, background))


def accent_on(background: Color, accent: Color) -> Color:
    """The accent if it can be read, else what can."""
    return accent if contrast(accent, background) >= CONTRAST_MIN else readable_on(background)


def to_css(color: Color) -> str:
    """The colour as Apple writes it: "rgb(1, 2, 3)"."""
    return f"rgb({color[0]}, {color[1]}, {color[2]})"


def to_hex(color: Color) -> str:
    """The colour as Google writes it: "#010203"."""
    return f"#{bytes(color).hex()}"


def _luminance(color: Color) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (component / 255 for component in color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
