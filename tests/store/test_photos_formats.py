"""The odd corners of formats: what is meant well is shown as it was meant, what is a bomb does not go off."""

import struct
import time
import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image

from regulars.base.refusals import Refused
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import DecodedPhoto, PhotoLimits
from tests.support.picture_files import (
    exif_of,
    jpeg_segments,
    jpeg_with,
    png_file,
    scans_again_and_again,
)
from tests.support.pictures import BLUE, GREEN, RED, YELLOW, corners, decoded, encoded, quarters

SECONDS_MAX = 10.0
ZEROS = zlib.compress(bytes(100_000_000), 9)
"""A hundred kilobytes that become a hundred megabytes."""


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[PhotoDecoder]:
    opened = PhotoDecoder(PhotoLimits())
    yield opened
    opened.close()


async def outcome(decoder: PhotoDecoder, received: bytes) -> DecodedPhoto | str:
    """The photo, or why it was refused; in any case soon."""
    started = time.monotonic()
    try:
        return await decoder.decode(received)
    except Refused as refused:
        return refused.code
    finally:
        assert time.monotonic() - started < SECONDS_MAX


@pytest.mark.parametrize(
    ("chunk", "body"),
    [
        (b"iCCP", b"bomb\0\0" + ZEROS),
        (b"zTXt", b"bomb\0\0" + ZEROS),
        (b"iTXt", b"bomb\0\1\0\0\0" + ZEROS),
    ],
)
async def test_bombs_in_the_chunks_of_a_png(decoder: PhotoDecoder, chunk: bytes, body: bytes) -> None:
    assert await outcome(decoder, png_file(quarters(), (chunk, body))) == "photo_damaged"


async def test_very_many_small_texts_are_too_much_as_well(decoder: PhotoDecoder) -> None:
    text = (b"zTXt", b"bomb\0\0" + zlib.compress(bytes(900_000), 9))
    assert await outcome(decoder, png_file(quarters(), *[text] * 500)) == "photo_damaged"


@pytest.mark.parametrize(
    "exif",
    [
        exif_of([(0x0112, 3, 1, 3)] * 60_000),
        exif_of([(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0x0112, 3, 1, 3)]),
        exif_of([(0x010F, 2, 0x7FFFFFFF, 8), (0x0112, 3, 1, 3)]),
        exif_of([(0x9286, 7, 0xFFFFFFFF, 0xFFFFFFFF), (0x0112, 3, 1, 3)]),
        b"II*\0\x08\0\0\0\xff\xff" + bytes(5_000_000),
    ],
    ids=["sixty thousand entries", "going in circles", "endless text", "out of the file", "zeros"],
)
async def test_exif_that_is_no_good(decoder: PhotoDecoder, exif: bytes) -> None:
    """A photo is worth more than what is said about it, so it is shown, and nothing of that is kept."""
    photo = await outcome(decoder, png_file(quarters(), (b"eXIf", exif)))
    assert isinstance(photo, DecodedPhoto)
    assert sorted(corners(decoded(photo.full))) == sorted([RED, GREEN, BLUE, YELLOW])
    assert b"Exif" not in photo.full


async def test_megabytes_of_profile_and_comments(decoder: PhotoDecoder) -> None:
    parts = [
        jpeg_segments(0xE2, b"ICC_PROFILE\0", bytes(8_000_000), numbered=True),
        jpeg_segments(0xE1, b"http://ns.adobe.com/xap/1.0/\0", bytes(500_000)),
        jpeg_segments(0xFE, b"", bytes(500_000)),
        jpeg_segments(0xED, b"Photoshop 3.0\0" + b"8BIM" * 5000, b""),
    ]
    photo = await outcome(decoder, jpeg_with(encoded(quarters(), "JPEG"), b"".join(parts)))
    assert isinstance(photo, DecodedPhoto)
    assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW]
    assert len(photo.full) < 10_000


async def test_a_photo_of_very_many_scans_is_given_up(decoder: PhotoDecoder) -> None:
    """A progressive JPEG of a megabyte whose every scan goes over twelve million pixels once more."""
    restrained = PhotoDecoder(PhotoLimits(decoder_cpu_seconds=2))
    received = scans_again_and_again(encoded(Image.new("RGB", (4000, 3000)), "JPEG", progressive=True), 2000)
    assert len(received) < PhotoLimits().received_bytes_max
    assert await outcome(restrained, received) == "photo_damaged"
    restrained.close()


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("GIF", "P"), ("WEBP", "RGBA")]
)
async def test_the_largest_photo_of_each_kind_is_taken(decoder: PhotoDecoder, kind: str, mode: str) -> None:
    """Within the memory that a decoder has. See-through, because that takes most."""
    picture = quarters(7070, 7070).convert(mode)
    if mode == "RGBA":
        picture.putalpha(200)
    options = (
        {"quality": 50, "method": 0} if kind == "WEBP" else {"compress_level": 1} if kind == "PNG" else {}
    )
    received = encoded(picture, kind, **options)
    assert len(received) < PhotoLimits().received_bytes_max
    photo = await decoder.decode(received)
    assert 1920 <= photo.width == photo.height <= 2048
    assert decoded(photo.full).size == (photo.width, photo.height)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((4000, 3000), (2000, 1500)),
        ((3024, 4032), (1512, 2016)),
        ((3840, 2160), (1920, 1080)),
        ((3838, 2160), (2048, 1153)),
        ((8000, 6000), (2000, 1500)),
        ((2100, 1400), (2048, 1365)),
        ((1900, 1200), (1900, 1200)),
    ],
)
async def test_a_jpeg_is_decoded_smaller_where_that_is_nearly_large_enough(
    decoder: PhotoDecoder, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    photo = await decoder.decode(encoded(quarters(*size), "JPEG"))
    assert (photo.width, photo.height) == expected
    assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW] == corners(decoded(photo.thumbnail))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize(("orientation", "first"), [(1, RED), (3, YELLOW), (6, BLUE), (8, GREEN)])
async def test_other_formats_are_turned_upright_too(
    decoder: PhotoDecoder, kind: str, orientation: int, first: tuple[int, int, int]
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = await decoder.decode(encoded(quarters(), kind, exif=exif))
    assert (photo.width, photo.height) == ((48, 64) if orientation >= 6 else (64, 48))
    assert corners(decoded(photo.full))[0] == first


@pytest.mark.parametrize("orientation", [0, 9, 255, 65_535])
async def test_a_photo_that_was_held_in_no_known_way(decoder: PhotoDecoder, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo = await decoder.decode(encoded(quarters(), "JPEG", exif=exif))
    assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW]


async def test_what_else_is_wrong_with_exif_does_not_keep_a_photo_from_being_turned(
    decoder: PhotoDecoder,
) -> None:
    exif = exif_of([(0x0112, 3, 1, 3), (0x8825, 4, 1, 0x7FFFFFFF), (0x010F, 99, 9, 9)])
    photo = await decoder.decode(png_file(quarters(), (b"eXIf", exif)))
    assert corners(decoded(photo.full)) == [YELLOW, BLUE, GREEN, RED]


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (6, 4), (4, 2), (0, 1)])
async def test_16_bits_a_channel(decoder: PhotoDecoder, colour_type: int, channels: int) -> None:
    """Half of white in every channel, half to be seen through where there is that."""
    row = b"\0" + struct.pack(f">{channels}H", *[0x8000] * channels) * 16
    header = struct.pack(">IIBBBBB", 16, 16, 16, colour_type, 0, 0, 0)
    photo = await decoder.decode(png_file(None, (b"IHDR", header), (b"IDAT", zlib.compress(row * 16))))
    picture = decoded(photo.full)
    assert photo.extension == ("webp" if colour_type in (4, 6) else "jpg")
    shade = picture.convert("RGBA").getpixel((8, 8))
    assert isinstance(shade, tuple) and all(abs(value - 128) <= 2 for value in shade[:3])
    assert (abs(shade[3] - 128) <= 2) == (photo.extension == "webp")


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def alpha_at(picture: Image.Image, point: tuple[int, int]) -> int:
    shade = picture.convert("RGBA").getpixel(point)
    assert isinstance(shade, tuple)
    return int(shade[3])


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
async def test_a_palette_with_a_colour_to_see_through(decoder: PhotoDecoder, kind: str) -> None:
    picture = quarters().quantize(4)
    photo = await decoder.decode(encoded(picture, kind, transparency=picture.getpixel((1, 1))))
    shown = decoded(photo.full)
    assert (photo.extension, shown.mode) == ("webp", "RGBA")
    assert [alpha_at(shown, point) for point in ((4, 4), (60, 4), (4, 44), (60, 44))] == [0, 255, 255, 255]


async def test_a_palette_of_which_each_colour_is_seen_through_differently(decoder: PhotoDecoder) -> None:
    picture = quarters().quantize(4)
    received = encoded(picture, "PNG", transparency=bytes([40, 120, 200, 255]))
    photo = await decoder.decode(received)
    points = [(x, y) for y in (8, 40) for x in (8, 56)]
    expected = [alpha_at(decoded(received), point) for point in points]
    assert sorted(expected) == [40, 120, 200, 255]
    assert [alpha_at(decoded(photo.full), point) for point in points] == pytest.approx(expected, abs=3)


async def test_of_several_pictures_in_one_jpeg_the_first_is_shown(decoder: PhotoDecoder) -> None:
    """As telephones make them: with a preview, or with another one for bright screens."""
    received = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (640, 480), BLUE)])
    photo = await decoder.decode(received)
    assert (photo.width, photo.height) == (64, 48)
    assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW]
    assert b"MPF" not in photo.full


async def test_a_jpeg_that_is_a_page_as_well(decoder: PhotoDecoder) -> None:
    """The page stands where browsers that guess would find it, right at the beginning."""
    page = b"<html><script>alert(document.domain)</script></html><!--"
    received = jpeg_with(encoded(quarters(), "JPEG"), jpeg_segments(0xFE, b"", page))
    assert received.index(page) < 20
    photo = await decoder.decode(received)
    assert b"<html" not in photo.full + photo.thumbnail


async def test_what_follows_the_picture_is_dropped(decoder: PhotoDecoder) -> None:
    archive = b"PK\x03\x04" + b"evil.exe" * 100_000
    for kind in ("JPEG", "PNG", "GIF", "WEBP"):
        photo = await decoder.decode(encoded(quarters(), kind) + archive)
        assert b"evil" not in photo.full + photo.thumbnail
