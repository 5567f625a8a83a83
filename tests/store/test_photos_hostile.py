"""Hostile files: refused, or made anew without what was hostile about them."""

import os
import struct
import time
import zlib
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits
from tests.support.pictures import (
    bomb,
    encoded,
    photo_with_everything,
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


def png(chunks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)))
    return b"".join(parts)


def png_that_says(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    return png([(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)), *more])


@pytest.mark.parametrize(
    ("received", "code"),
    [
        (b"", "photo_type_unsupported"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "photo_type_unsupported",
        ),
        (b"<html><body>photo.jpg</body></html>", "photo_type_unsupported"),
        (encoded(quarters(), "BMP"), "photo_type_unsupported"),
        (encoded(quarters(), "TIFF"), "photo_type_unsupported"),
        (b"\xff\xd8\xff<html><script>alert(1)</script>", "photo_damaged"),
        (b"GIF89a<script>alert(1)</script>", "photo_damaged"),
        (b"\x89PNG\r\n\x1a\n<svg/>", "photo_damaged"),
        (b"RIFF\xff\xff\xff\xffWEBP", "photo_damaged"),
        (b"\xff\xd8\xff" + os.urandom(5000), "photo_damaged"),
        (encoded(quarters(640, 480), "JPEG")[:-2000], "photo_damaged"),
        (encoded(quarters(640, 480), "PNG")[:-300], "photo_damaged"),
        (encoded(quarters(640, 480), "WEBP")[:-100], "photo_damaged"),
        (encoded(quarters(640, 480), "GIF")[:-500], "photo_damaged"),
        (bomb(), "photo_too_many_pixels"),
        (png_that_says(2**31 - 1, 2**31 - 1, (b"IDAT", b"x")), "photo_too_many_pixels"),
        (png_that_says(7072, 7072, (b"IDAT", b"x")), "photo_too_many_pixels"),
        (png_that_says(7000, 7000, (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")), "photo_damaged"),
        (png_that_says(0, 0, (b"IEND", b"")), "photo_damaged"),
        (
            png_that_says(
                8,
                8,
                (b"zTXt", b"bomb\0\0" + zlib.compress(b"\0" * 100_000_000, 9)),
                (b"IDAT", zlib.compress(b"\0" * 8 * 33)),
                (b"IEND", b""),
            ),
            "photo_damaged",
        ),
        (b"GIF89a" + struct.pack("<HHBBB", 65535, 65535, 0, 0, 0) + b";", "photo_damaged"),
        (b"\xff\xd8\xff" + b"\0" * (10 * 1024 * 1024), "photo_too_large"),
    ],
    ids=range(22),
)
async def test_hostile_files_are_refused(decoder: PhotoDecoder, received: bytes, code: str) -> None:
    started = time.monotonic()
    assert await refusal(decoder, received) == code
    assert time.monotonic() - started < 5


async def test_every_beginning_of_a_photo_is_refused_or_read(decoder: PhotoDecoder) -> None:
    whole = photo_with_everything()
    for length in range(3, len(whole) - 2, len(whole) // 12):
        assert await refusal(decoder, whole[:length]) == "photo_damaged"


async def test_a_polyglot_leaves_its_other_half_behind(decoder: PhotoDecoder) -> None:
    script = b"<script>alert(document.cookie)</script>"
    for received in (
        encoded(quarters(), "JPEG") + script + b"PK\x03\x04",
        encoded(quarters(), "PNG") + script,
        encoded(quarters(), "JPEG", comment=script),
        encoded(quarters(), "GIF", comment=script),
    ):
        photo = await decoder.decode(received)
        assert script not in photo.full + photo.thumbnail and b"PK\x03\x04" not in photo.full
        assert photo.full.startswith(b"\xff\xd8\xff") and photo.full.endswith(b"\xff\xd9")
