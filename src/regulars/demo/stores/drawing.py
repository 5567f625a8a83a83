"""Draws garments as a camera above the counter would show them: on a plain ground, with a soft shadow."""

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from regulars.demo.stores.fabrics import fabric, mixed
from regulars.demo.stores.garments import Garment, View
from regulars.demo.stores.shapes import (
    SHAPES,
    SHEET,
    SHOE,
    SHOE_LINES,
    SHOE_PLACES,
    SOLE,
    Path,
    Point,
    mirrored,
    points_of,
)

if TYPE_CHECKING:
    from PIL.Image import Image

SCALE = 2
SIZE = (round(SHEET[0] * SCALE), round(SHEET[1] * SCALE))
"""Of a picture, in pixels."""
_FINE = 2
"""Edges are drawn so many times finer, and made smaller."""
_PITCH, _CLOSE_PITCH = 24.0, 78.0
_BLACK, _WHITE = (0, 0, 0), (255, 255, 255)
_JPEG_QUALITY = 90


def picture_of(garment: Garment, view: View) -> bytes:
    """A JPEG of 600 by 800 pixels, always the same one."""
    image = _close_up(garment) if view == "fabric" else _whole(garment, view)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_JPEG_QUALITY)
    return file.getvalue()


def _whole(garment: Garment, view: View) -> "Image":
    if garment.kind == "shoes":
        return _pair(garment, is_turned=view == "back")
    shape = SHAPES[garment.kind]
    outlines = [mirrored(half) for half in shape.cloth]
    if view == "back":
        outlines += [mirrored(half) for half in shape.back_cloth]
    cloth = _area(outlines)
    image = _laid_out(garment, cloth)
    dark = mixed(garment.cloth, _BLACK, 0.5)
    if view == "front":
        trim = _area([points_of(path) for path in shape.trim])
        image.paste(mixed(garment.cloth, _BLACK, 0.18), mask=trim)
        image.paste(dark, mask=_lines(shape.trim, 1.2))
    image.paste(dark, mask=_lines(shape.front if view == "front" else shape.back, 1.3))
    if view == "front":
        image.paste(mixed(garment.accent, _WHITE, 0.35), mask=_knobs(shape.knobs, 4.2))
        image.paste(dark, mask=_knobs(shape.knobs, 1.1))
    return image


def _pair(garment: Garment, *, is_turned: bool) -> "Image":
    """Two shoes, one before the other."""
    from PIL import ImageOps

    image = None
    for dx, dy in SHOE_PLACES:
        upper, sole = _moved(points_of(SHOE), dx, dy), _moved(points_of(SOLE), dx, dy)
        image = _laid_out(garment, _area([upper, sole]), ground=image)
        image.paste(mixed(garment.accent, _BLACK, 0.25), mask=_area([sole]))
        lines = [_moved(points_of(path), dx, dy) for path in SHOE_LINES]
        image.paste(mixed(garment.cloth, _BLACK, 0.5), mask=_strokes(lines, 1.5))
    assert image is not None
    return ImageOps.mirror(image) if is_turned else image


def _close_up(garment: Garment) -> "Image":
    """The cloth from nearby, with the label that says which article it is."""
    from PIL import ImageDraw

    image = fabric(garment.pattern, SIZE, garment.cloth, garment.accent, _CLOSE_PITCH, str(garment.number))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((340, 620, 560, 740), radius=10, fill=(250, 248, 242), outline=(120, 116, 108))
    draw.text((366, 640), "REJOES", fill=(60, 58, 54), font_size=34)
    draw.text((366, 688), f"{garment.kind} {garment.number:02}", fill=(110, 104, 96), font_size=28)
    return image


def _laid_out(garment: Garment, cloth: "Image", ground: "Image | None" = None) -> "Image":
    """The cloth on the ground, with a shadow beside it and darker towards its edges."""
    from PIL import Image, ImageChops, ImageFilter

    image = Image.new("RGB", SIZE, garment.ground) if ground is None else ground
    soft = cloth.filter(ImageFilter.BoxBlur(9))
    shadow = ImageChops.offset(soft, 7, 11).point(lambda level: level * 0.32)
    image.paste(mixed(garment.ground, _BLACK, 0.75), mask=shadow)
    sheet = fabric(garment.pattern, SIZE, garment.cloth, garment.accent, _PITCH, str(garment.number))
    shade = ImageChops.invert(soft).point(lambda level: level * 0.75)
    sheet.paste(mixed(garment.cloth, _BLACK, 0.65), mask=shade)
    image.paste(sheet, mask=cloth)
    return image


def _area(outlines: Iterable[Sequence[Point]]) -> "Image":
    """A mask of what lies within the outlines."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (SIZE[0] * _FINE, SIZE[1] * _FINE))
    draw = ImageDraw.Draw(mask)
    for outline in outlines:
        draw.polygon(_placed(outline), fill=255)
    return mask.reduce(_FINE)


def _lines(paths: Iterable[Path], width: float) -> "Image":
    return _strokes([points_of(path) for path in paths], width)


def _strokes(lines: Iterable[Sequence[Point]], width: float) -> "Image":
    """A mask of lines, so wide on the sheet."""
    from PIL import Image, ImageDraw

    mask = Image.new("L", (SIZE[0] * _FINE, SIZE[1] * _FINE))
    draw = ImageDraw.Draw(mask)
    for line in lines:
        draw.line(_placed(line), fill=170, width=round(width * SCALE * _FINE), joint="curve")
    return mask.reduce(_FINE)


def _knobs(places: Iterable[Point], radius: float) -> "Image":
    from PIL import Image, ImageDraw

    mask = Image.new("L", (SIZE[0] * _FINE, SIZE[1] * _FINE))
    draw = ImageDraw.Draw(mask)
    for x, y in _placed(list(places)):
        reach = radius * SCALE * _FINE
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), fill=255)
    return mask.reduce(_FINE)


def _placed(points: Sequence[Point]) -> list[Point]:
    """The points where the fine sheet has them."""
    scale = SCALE * _FINE
    return [((x + SHEET[0] / 2) * scale, y * scale) for x, y in points]


def _moved(points: Sequence[Point], dx: float, dy: float) -> list[Point]:
    return [(x + dx, y + dy) for x, y in points]
