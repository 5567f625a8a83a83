"""What hangs in the demo's stores, and how each garment is to be drawn."""

from random import Random
from typing import Literal

import msgspec

Kind = Literal["dress", "jacket", "shirt", "trousers", "shoes"]
Pattern = Literal["plain", "stripes", "breton", "dots", "check", "herringbone", "flowers"]
View = Literal["front", "back", "fabric"]
Colour = tuple[int, int, int]

VIEWS: tuple[View, ...] = ("front", "back", "fabric")

_PATTERNS: dict[Kind, tuple[Pattern, ...]] = {
    "dress": ("flowers", "dots", "plain", "breton", "check"),
    "jacket": ("herringbone", "plain", "check", "plain"),
    "shirt": ("stripes", "plain", "breton", "check", "dots"),
    "trousers": ("plain", "stripes", "herringbone", "check"),
    "shoes": ("plain", "plain"),
}
_CLOTHS: tuple[tuple[Colour, Colour], ...] = (
    ((38, 70, 112), (236, 231, 219)), ((178, 58, 52), (250, 232, 210)), ((58, 104, 78), (233, 214, 160)),
    ((232, 200, 118), (120, 70, 40)), ((92, 72, 128), (226, 210, 240)), ((226, 222, 212), (60, 70, 92)),
    ((44, 46, 54), (150, 152, 160)), ((206, 122, 96), (255, 243, 226)), ((120, 168, 184), (24, 60, 88)),
    ((132, 96, 66), (212, 184, 148)), ((214, 150, 170), (124, 34, 66)), ((104, 116, 88), (232, 226, 196)),
)  # fmt: skip
"""The colour of a cloth, and the one that its pattern has."""

_GROUNDS: tuple[Colour, ...] = ((240, 237, 231), (229, 234, 236), (238, 231, 226), (232, 235, 227))


class Garment(msgspec.Struct, frozen=True):
    """One article. `number` is its place in the stock, from 1; the ground is what it is photographed on."""

    number: int
    kind: Kind
    pattern: Pattern
    cloth: Colour
    accent: Colour
    ground: Colour

    def file_name(self, view: View) -> str:
        """What the camera at the counter calls a picture of it."""
        return f"{self.kind}-{self.number:02}-{view}.jpg"


def stock(count: int, seed: int) -> list[Garment]:
    """So many different garments, of every kind in turn; the same ones for the same seed."""
    random = Random(f"{seed}/stock")
    kinds = tuple(_PATTERNS)
    garments = []
    for place in range(count):
        kind = kinds[place % len(kinds)]
        patterns = _PATTERNS[kind]
        round_ = place // len(kinds)
        # Each kind begins elsewhere among the cloths, so that neighbours do not look alike.
        cloth, accent = _CLOTHS[(round_ * 5 + kinds.index(kind) * 3) % len(_CLOTHS)]
        garments.append(
            Garment(
                number=place + 1,
                kind=kind,
                pattern=patterns[round_ % len(patterns)],
                cloth=cloth,
                accent=accent,
                ground=random.choice(_GROUNDS),
            )
        )
    return garments
