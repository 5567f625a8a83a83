"""What comes out of the decoding process: upright, clean, in the right colours and sizes."""

import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image

from regulars.base.refusals import Refused
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits
from tests.support.pictures import (
    BLUE,
    COMMENT_CANARY,
    GPS_CANARY,
    GREEN,
    RED,
    YELLOW,
    blue_for_red_profile,
    corners,
    decoded,
    encoded,
    photo_with_everything,
    png_with_text,
    quarters,
)


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[PhotoDecoder]:
    opened = PhotoDecoder(PhotoLimits())
    yield opened
    opened.close()


async def refusal(decoder: PhotoDecoder, received: bytes) -> str:
    with pytest.raises(Refused) as refused:
        await decoder.decode(received)
    return refused.value.code


@pytest.mark.parametrize(
    ("kind", "mode", "extension"),
    [
        ("JPEG", "RGB", "jpg"),
        ("JPEG", "L", "jpg"),
        ("JPEG", "CMYK", "jpg"),
        ("PNG", "RGB", "jpg"),
        ("PNG", "RGBA", "jpg"),
        ("PNG", "P", "jpg"),
        ("PNG", "1", "jpg"),
        ("PNG", "LA", "jpg"),
        ("WEBP", "RGB", "jpg"),
        ("GIF", "P", "jpg"),
    ],
)
async def test_every_kind_becomes_a_plain_picture(
    decoder: PhotoDecoder, kind: str, mode: str, extension: str
) -> None:
    photo = await decoder.decode(encoded(quarters().convert(mode), kind))
    assert (photo.extension, photo.width, photo.height) == (extension, 64, 48)
    for file in (photo.full, photo.thumbnail):
        image = decoded(file)
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (64, 48))
    if mode not in ("L", "1", "LA"):
        assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW]


async def test_grey_of_16_bits_keeps_its_shades(decoder: PhotoDecoder) -> None:
    photo = await decoder.decode(encoded(Image.new("I;16", (8, 8), 0x8000), "PNG"))
    shade = decoded(photo.full).convert("L").getpixel((4, 4))
    assert isinstance(shade, int | float) and abs(shade - 128) <= 2


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
async def test_what_one_can_see_through_stays_so(decoder: PhotoDecoder, kind: str) -> None:
    picture = quarters().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 32, 24))
    photo = await decoder.decode(encoded(picture, kind))
    assert photo.extension == "webp"
    for file in (photo.full, photo.thumbnail):
        image = decoded(file)
        assert (image.format, image.mode) == ("WEBP", "RGBA")
        assert image.getpixel((8, 8))[3] == 0  # type: ignore[index]
        assert image.getpixel((56, 40))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, [RED, GREEN, BLUE, YELLOW]),
        (2, [GREEN, RED, YELLOW, BLUE]),
        (3, [YELLOW, BLUE, GREEN, RED]),
        (4, [BLUE, YELLOW, RED, GREEN]),
        (5, [RED, BLUE, GREEN, YELLOW]),
        (6, [BLUE, RED, YELLOW, GREEN]),
        (7, [YELLOW, GREEN, BLUE, RED]),
        (8, [GREEN, YELLOW, RED, BLUE]),
    ],
)
async def test_photos_are_turned_upright(
    decoder: PhotoDecoder, orientation: int, expected: list[tuple[int, int, int]]
) -> None:
    photo = await decoder.decode(photo_with_everything(orientation))
    turned = orientation >= 5
    assert (photo.width, photo.height) == ((48, 64) if turned else (64, 48))
    assert corners(decoded(photo.full)) == expected
    assert corners(decoded(photo.thumbnail)) == expected


@pytest.mark.parametrize("received", [photo_with_everything(), png_with_text()], ids=["jpeg", "png"])
async def test_no_metadata_is_left(decoder: PhotoDecoder, received: bytes) -> None:
    before = decoded(received)
    assert before.getexif() and COMMENT_CANARY.encode() in received and GPS_CANARY.encode() in received
    photo = await decoder.decode(received)
    for file in (photo.full, photo.thumbnail):
        image = decoded(file)
        assert not image.getexif() and not image.getexif().get_ifd(0x8825)
        assert set(image.info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "progressive",
            "progression",
        }
        for trace in (
            b"canary",
            b"Exif",
            b"GPS",
            b"ICC_PROFILE",
            b"http://ns.adobe.com",
            GPS_CANARY.encode(),
        ):
            assert trace not in file


async def test_colours_of_a_profile_become_those_of_the_web(decoder: PhotoDecoder) -> None:
    received = encoded(quarters(), "JPEG", icc_profile=blue_for_red_profile(), quality=95)
    photo = await decoder.decode(received)
    assert corners(decoded(photo.full))[0] == BLUE


@pytest.mark.parametrize("profile", [b"", b"not a profile", b"\0" * 128, blue_for_red_profile()[:200]])
async def test_a_broken_profile_is_passed_over(decoder: PhotoDecoder, profile: bytes) -> None:
    photo = await decoder.decode(encoded(quarters(), "JPEG", icc_profile=profile))
    assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW]


async def test_broken_exif_is_passed_over(decoder: PhotoDecoder) -> None:
    for exif in (b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff"):
        photo = await decoder.decode(encoded(quarters(), "JPEG", exif=exif))
        assert photo.width == 64


@pytest.mark.parametrize(
    ("size", "full", "thumbnail"),
    [
        ((4000, 3000), (2048, 1536), (600, 450)),
        ((3000, 4000), (1536, 2048), (450, 600)),
        ((2048, 2048), (2048, 2048), (600, 600)),
        ((700, 300), (700, 300), (600, 257)),
        ((5, 3), (5, 3), (5, 3)),
        ((1, 1), (1, 1), (1, 1)),
        ((20_000, 2), (2048, 1), (600, 1)),
    ],
)
async def test_sizes(
    decoder: PhotoDecoder, size: tuple[int, int], full: tuple[int, int], thumbnail: tuple[int, int]
) -> None:
    photo = await decoder.decode(encoded(Image.new("RGB", size, RED), "PNG"))
    assert (photo.width, photo.height) == full == decoded(photo.full).size
    assert decoded(photo.thumbnail).size == thumbnail


async def test_only_the_first_of_many_frames_is_looked_at(decoder: PhotoDecoder) -> None:
    frames = [Image.new("P", (300, 300), index % 256) for index in range(2000)]
    for kind in ("GIF", "WEBP", "PNG"):
        received = encoded(
            quarters(300, 300), kind, save_all=True, append_images=frames if kind == "GIF" else frames[:50]
        )
        started = time.monotonic()
        photo = await decoder.decode(received)
        assert time.monotonic() - started < 5
        assert corners(decoded(photo.full)) == [RED, GREEN, BLUE, YELLOW]
