"""Cloth to cut garments from: a rectangle with the pattern in its colours."""

import math
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from regulars.demo.stores.garments import Colour, Pattern

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

Size = tuple[int, int]


def fabric(pattern: Pattern, size: Size, cloth: Colour, accent: Colour, pitch: float, seed: str) -> "Image":
    """The cloth; `pitch` is how far apart the parts of its pattern are, in pixels."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", size, cloth)
    draw = ImageDraw.Draw(image)
    _PATTERNS[pattern](draw, size, cloth, accent, pitch, Random(seed))
    return image


def mixed(one: Colour, other: Colour, part: float) -> Colour:
    """A colour between the two; 0 is the first one."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _plain(
    draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random
) -> None:
    """A weave that is only just to be seen."""
    thread = mixed(cloth, (255, 255, 255), 0.06)
    for y in range(0, size[1], max(3, round(pitch / 8))):
        draw.line((0, y, size[0], y), fill=thread)


def _stripes(
    draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random
) -> None:
    step = pitch * 0.7
    for number in range(int(size[0] / step) + 1):
        draw.rectangle((number * step, 0, number * step + step * 0.28, size[1]), fill=accent)


def _breton(
    draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random
) -> None:
    for number in range(int(size[1] / pitch) + 1):
        draw.rectangle((0, number * pitch, size[0], number * pitch + pitch * 0.42), fill=accent)


def _dots(draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random) -> None:
    radius = pitch * 0.2
    for row in range(int(size[1] / pitch) + 2):
        for column in range(int(size[0] / pitch) + 2):
            x, y = (column + row % 2 / 2) * pitch, row * pitch
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=accent)


def _check(
    draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random
) -> None:
    """Bands that cross, darkest where they do, and a thin line between them."""
    half, crossing = mixed(cloth, accent, 0.4), mixed(cloth, accent, 0.8)
    columns = [number * pitch * 1.4 for number in range(int(size[0] / pitch / 1.4) + 1)]
    rows = [number * pitch * 1.4 for number in range(int(size[1] / pitch / 1.4) + 1)]
    wide = pitch * 0.55
    for x in columns:
        draw.rectangle((x, 0, x + wide, size[1]), fill=half)
    for y in rows:
        draw.rectangle((0, y, size[0], y + wide), fill=half)
    for x in columns:
        for y in rows:
            draw.rectangle((x, y, x + wide, y + wide), fill=crossing)
        draw.line((x + pitch, 0, x + pitch, size[1]), fill=crossing)
    for y in rows:
        draw.line((0, y + pitch, size[0], y + pitch), fill=crossing)


def _herringbone(
    draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random
) -> None:
    thread, step, wide = mixed(cloth, accent, 0.45), pitch / 3, pitch * 0.8
    for column in range(int(size[0] / wide) + 1):
        left, rise = column * wide, wide if column % 2 else -wide
        for row in range(-3, int(size[1] / step) + 4):
            y = row * step
            draw.line((left, y, left + wide, y + rise), fill=thread, width=max(1, round(pitch / 12)))


def _flowers(
    draw: "ImageDraw", size: Size, cloth: Colour, accent: Colour, pitch: float, random: Random
) -> None:
    """Blossoms with five petals, here and there, and a leaf beside each."""
    leaf, heart = mixed((70, 120, 80), cloth, 0.25), (240, 196, 84)
    for row in range(int(size[1] / pitch / 1.5) + 2):
        for column in range(int(size[0] / pitch / 1.5) + 2):
            x = (column + row % 2 / 2 + random.uniform(-0.2, 0.2)) * pitch * 1.5
            y = (row + random.uniform(-0.2, 0.2)) * pitch * 1.5
            turn, petal = random.uniform(0, 2 * math.pi), pitch * random.uniform(0.2, 0.28)
            _blob(draw, x + 2.1 * petal * math.cos(turn), y + 2.1 * petal * math.sin(turn), petal * 0.7, leaf)
            for number in range(5):
                angle = turn + number * 2 * math.pi / 5
                _blob(draw, x + petal * math.cos(angle), y + petal * math.sin(angle), petal * 0.75, accent)
            _blob(draw, x, y, petal * 0.5, heart)


def _blob(draw: "ImageDraw", x: float, y: float, radius: float, colour: Colour) -> None:
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


_PATTERNS: dict[Pattern, Callable[["ImageDraw", Size, Colour, Colour, float, Random], None]] = {
    "plain": _plain,
    "stripes": _stripes,
    "breton": _breton,
    "dots": _dots,
    "check": _check,
    "herringbone": _herringbone,
    "flowers": _flowers,
}
