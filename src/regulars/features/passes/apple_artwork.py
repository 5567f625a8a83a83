"""The images of a pass, drawn in the venue's colours: a disc with the first letter of its name,
or with a star.

Drawn, because pictures from elsewhere would have to be fetched from addresses that a venue's manager typed,
while a customer waits; the text beside the logo says the whole name.
"""

import io
import math
from functools import lru_cache
from hashlib import sha1
from unicodedata import normalize

from msgspec import Struct
from PIL import Image, ImageDraw, ImageFont

from regulars.features.passes.apple_archive import Packed, pack
from regulars.features.passes.rules_colors import Color, readable_on

ICON_SIDE = 29
LOGO_SIDE = 50
SCALES = {1: "", 2: "@2x", 3: "@3x"}
_OVERSAMPLING = 4


class Artwork(Struct, frozen=True):
    """PNG files by their names, the digests that the manifest lists, and how the bundle begins with them."""

    files: dict[str, bytes]
    digests: dict[str, str]
    packed: Packed


def digest_of(data: bytes) -> str:
    """The SHA-1 that the format asks for; what protects the pass is the signature over the manifest."""
    return sha1(data, usedforsecurity=False).hexdigest()


@lru_cache(maxsize=256)
def artwork_of(brand_name: str, background: Color, accent: Color) -> Artwork:
    """The images of the bundle: icon and logo in three resolutions.

    The icon stands on the phone's lock screen and fills its square, the logo lies on the card's background.
    """
    letter = _initial(brand_name)
    images = {}
    for scale, suffix in SCALES.items():
        images[f"icon{suffix}.png"] = _drawn(letter, ICON_SIDE * scale, background, accent)
        images[f"logo{suffix}.png"] = _drawn(letter, LOGO_SIDE * scale, None, accent)
    digests = {name: digest_of(data) for name, data in images.items()}
    return Artwork(images, digests, pack(images))


def _initial(brand_name: str) -> str | None:
    """The first letter or digit without accents; None for one that the font, which is Latin, cannot draw."""
    first = next((character for character in brand_name if character.isalnum()), "")
    plain = normalize("NFKD", first)[:1].upper()
    return plain if plain.isascii() and plain.isalnum() else None


def _drawn(letter: str | None, side: int, background: Color | None, disc: Color) -> bytes:
    """The picture as a PNG file; without a background it is transparent around the disc."""
    large = side * _OVERSAMPLING
    image = Image.new("RGBA", (large, large), (*background, 255) if background is not None else (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    margin = large // 12 if background is not None else 0
    draw.ellipse((margin, margin, large - 1 - margin, large - 1 - margin), fill=(*disc, 255))
    ink = (*readable_on(disc), 255)
    if letter is not None:
        font = ImageFont.load_default(size=large * 0.55)
        draw.text((large / 2, large / 2), letter, font=font, anchor="mm", fill=ink)
    else:
        draw.polygon(_star(large / 2, large * 0.27), fill=ink)
    file = io.BytesIO()
    image.resize((side, side), Image.Resampling.LANCZOS).save(file, "PNG", optimize=True)
    return file.getvalue()


def _star(center: float, radius: float) -> list[tuple[float, float]]:
    """The ten corners of a star with five points, one of them up."""
    corners = []
    for corner in range(10):
        distance = radius if corner % 2 == 0 else radius * 0.4
        angle = math.pi * (corner / 5 - 0.5)
        corners.append((center + distance * math.cos(angle), center + distance * math.sin(angle)))
    return corners
