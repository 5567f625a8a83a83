"""The outlines of garments and the lines on them, on a sheet of 300 by 400 that is centred on x = 0.

A path begins at a point; each step after it is a point, or a pair of points: where a curve is drawn to, and
where. Outlines are given by their right half, from top to bottom, and mirrored.
"""

import msgspec

Point = tuple[float, float]
Step = Point | tuple[Point, Point]
Path = tuple[Step, ...]

SHEET: Point = (300, 400)
_CURVE_STEPS = 14


class Shape(msgspec.Struct, frozen=True):
    """A garment: what is cloth, what is trim, and the lines, knobs and folds on the front and on the back."""

    cloth: tuple[Path, ...]
    trim: tuple[Path, ...] = ()
    front: tuple[Path, ...] = ()
    back: tuple[Path, ...] = ()
    knobs: tuple[Point, ...] = ()
    back_cloth: tuple[Path, ...] = ()


def points_of(path: Path) -> list[Point]:
    """The path with its curves as short straight lines."""
    points: list[Point] = [_point(path[0])]
    for step in path[1:]:
        if isinstance(step[0], tuple):
            points += _curve(points[-1], step[0], _point(step[1]))
        else:
            points.append(_point(step))
    return points


def mirrored(half: Path) -> list[Point]:
    """The whole outline of which this is the right half."""
    right = points_of(half)
    return right + [(-x, y) for x, y in reversed(right)]


def _point(step: object) -> Point:
    assert isinstance(step, tuple) and len(step) == 2 and not isinstance(step[0], tuple)
    return step[0], step[1]


def _curve(start: Point, towards: Point, end: Point) -> list[Point]:
    return [_between(start, towards, end, step / _CURVE_STEPS) for step in range(1, _CURVE_STEPS + 1)]


def _between(start: Point, towards: Point, end: Point, part: float) -> Point:
    weights = ((1 - part) ** 2, 2 * part * (1 - part), part**2)
    points = (start, towards, end)
    x = sum(weight * point[0] for weight, point in zip(weights, points, strict=True))
    y = sum(weight * point[1] for weight, point in zip(weights, points, strict=True))
    return x, y


DRESS = Shape(
    cloth=(
        (
            (0, 92), ((22, 88), (27, 44)), (41, 42), ((38, 84), (52, 104)), ((44, 132), (34, 168)),
            ((50, 230), (96, 346)), ((50, 366), (0, 368)),
        ),
    ),
    front=(
        ((-34, 168), ((0, 178), (34, 168))),
        ((-12, 174), ((-22, 260), (-40, 360))),
        ((14, 174), ((20, 250), (28, 362))),
        ((-4, 176), ((-4, 280), (-8, 366))),
        ((40, 112), (27, 122)), ((-40, 112), (-27, 122)),
    ),
    back=(((0, 66), (0, 210)), ((-34, 168), ((0, 178), (34, 168))), ((24, 180), ((36, 270), (52, 356)))),
    back_cloth=(((0, 62), ((18, 62), (26, 46)), (30, 100), (0, 100)),),
)  # fmt: skip
JACKET = Shape(
    cloth=(
        (
            (0, 62), (20, 52), ((50, 58), (72, 72)), ((92, 84), (98, 132)), (112, 282),
            ((100, 292), (84, 288)), (70, 158), ((66, 220), (72, 318)), ((40, 328), (0, 326)),
        ),
    ),
    trim=(
        ((0, 168), (-14, 120), (-40, 92), (-24, 52), (-12, 56), (0, 128)),
        ((0, 168), (14, 120), (40, 92), (24, 52), (12, 56), (0, 128)),
    ),
    front=(
        ((0, 168), (2, 326)), ((70, 158), ((66, 120), (72, 84))), ((-70, 158), ((-66, 120), (-72, 84))),
        ((24, 246), (58, 242), (58, 256), (24, 260), (24, 246)),
        ((-24, 246), (-58, 242), (-58, 256), (-24, 260), (-24, 246)), ((28, 140), (52, 134)),
        ((86, 270), (108, 264)), ((-86, 270), (-108, 264)),
    ),
    back=(
        ((0, 60), (0, 326)), ((70, 158), ((66, 120), (72, 84))), ((-70, 158), ((-66, 120), (-72, 84))),
        ((-24, 54), ((0, 74), (24, 54))), ((86, 270), (108, 264)), ((-86, 270), (-108, 264)),
    ),
    knobs=((-8, 188), (-8, 222), (102, 254), (-102, 254)),
    back_cloth=(((0, 46), (20, 50), (28, 70), (0, 80)),),
)  # fmt: skip
SHIRT = Shape(
    cloth=(
        (
            (0, 78), (22, 54), ((54, 60), (76, 74)), ((104, 100), (122, 168)), (88, 184), (74, 140),
            ((70, 220), (74, 320)), ((40, 340), (0, 330)),
        ),
    ),
    trim=(
        ((0, 82), (-24, 56), (-34, 72), (-20, 104), (0, 82)),
        ((0, 82), (24, 56), (34, 72), (20, 104), (0, 82)),
    ),
    front=(
        ((-7, 88), (-7, 330)), ((7, 88), (7, 330)), ((74, 140), ((70, 112), (74, 78))),
        ((-74, 140), ((-70, 112), (-74, 78))),
        ((28, 140), (58, 140), (58, 172), (43, 180), (28, 172), (28, 140)),
        ((118, 154), (84, 170)), ((-118, 154), (-84, 170)),
    ),
    back=(
        ((-72, 104), ((0, 122), (72, 104))), ((74, 140), ((70, 112), (74, 78))),
        ((-74, 140), ((-70, 112), (-74, 78))), ((0, 113), (0, 328)), ((-24, 56), ((0, 72), (24, 56))),
    ),
    knobs=((0, 112), (0, 154), (0, 196), (0, 238), (0, 280)),
    back_cloth=(((0, 46), ((18, 48), (24, 58)), (26, 84), (0, 100)),),
)  # fmt: skip
TROUSERS = Shape(
    cloth=(
        (
            (0, 40), (52, 40), ((58, 90), (66, 140)), ((74, 250), (66, 364)), (26, 366),
            ((22, 250), (2, 156)), (0, 154),
        ),
    ),
    trim=(((-53, 38), (53, 38), (54, 54), (-54, 54), (-53, 38)),),
    front=(
        ((0, 54), (0, 154)), ((0, 130), ((14, 124), (14, 56))), ((30, 56), ((38, 84), (60, 92))),
        ((-30, 56), ((-38, 84), (-60, 92))), ((46, 170), (47, 362)), ((-46, 170), (-47, 362)),
        ((0, 40), (0, 54)),
    ),
    back=(
        ((0, 54), (0, 154)), ((16, 84), (46, 80), (46, 118), (31, 126), (17, 120), (16, 84)),
        ((-16, 84), (-46, 80), (-46, 118), (-31, 126), (-17, 120), (-16, 84)), ((-24, 54), (0, 66), (24, 54)),
    ),
    knobs=((0, 47),),
)  # fmt: skip
SHAPES = {"dress": DRESS, "jacket": JACKET, "shirt": SHIRT, "trousers": TROUSERS}

SHOE: Path = (
    (-92, 196), ((-96, 172), (-84, 132)), ((-62, 144), (-40, 132)), ((-8, 168), (28, 182)),
    ((76, 188), (96, 214)), ((104, 226), (102, 236)), (-92, 236),
)  # fmt: skip
SOLE: Path = (
    (-96, 234), (104, 234), ((108, 250), (96, 254)), (20, 254), (-26, 250), (-42, 258), (-42, 274), (-94, 274)
)  # fmt: skip
SHOE_LINES: tuple[Path, ...] = (
    ((-84, 132), ((-62, 148), (-40, 134))), ((28, 182), ((22, 212), (44, 234))), ((-72, 146), (-64, 234)),
    ((-34, 146), (-12, 168)), ((-26, 138), (-8, 176)), ((-12, 152), (8, 184)),
    ((-18, 186), ((2, 206), (34, 208))),
)  # fmt: skip
SHOE_PLACES: tuple[Point, ...] = ((-26, -42), (18, 52))
"""How far each shoe of a pair is moved."""
