"""Hostile photos, and decoders that misbehave: both stay in the decoding process."""

import asyncio
import json
import os
import signal
import struct
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits, PhotosUnavailable
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


PRELUDE = "import json, sys, os, time\nlimits = json.loads(sys.argv[1])\nsys.stdin.buffer.read()\n"


def decoder_that(tmp_path: Path, does: str, limits: PhotoLimits | None = None) -> PhotoDecoder:
    program = tmp_path / "program.py"
    program.write_text(PRELUDE + does)
    return PhotoDecoder(limits or PhotoLimits(), program=program)


async def test_the_limits_of_the_system_end_a_decoder_that_misbehaves(tmp_path: Path) -> None:
    restrained = (
        "import importlib.util\n"
        "spec = importlib.util.spec_from_file_location('decoding', {path!r})\n"
        "decoding = importlib.util.module_from_spec(spec); spec.loader.exec_module(decoding)\n"
        "decoding.restrain(limits)\n"
    ).format(path=str(Path(__file__).parents[2] / "src/regulars/features/photos/decoding.py"))
    picture = encoded(quarters(), "PNG")
    limits = PhotoLimits(decoder_cpu_seconds=1, decoder_memory_bytes=300 * 1024 * 1024)
    for misbehaviour in (
        "while True: pass",
        "b'x' * (400 * 1024 * 1024)",
        f"open({str(tmp_path / 'written')!r}, 'wb').write(b'x'); os.sync()",
    ):
        decoder = decoder_that(tmp_path, restrained + misbehaviour, limits)
        assert await refusal(decoder, picture) == "photo_damaged"
        decoder.close()
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


async def test_a_hanging_decode_is_ended_and_holds_up_nobody_else(tmp_path: Path) -> None:
    limits = PhotoLimits(decoder_wall_seconds=1)
    pids = tmp_path / "pids"
    decoder = decoder_that(
        tmp_path, f"open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(600)", limits
    )
    hanging = asyncio.create_task(decoder.decode(encoded(quarters(), "PNG")))
    laps, longest, started = 0, 0.0, time.monotonic()
    while not hanging.done():
        lap = time.monotonic()
        await asyncio.sleep(0.005)
        laps, longest = laps + 1, max(longest, time.monotonic() - lap)
    with pytest.raises(PhotosUnavailable):
        await hanging
    assert time.monotonic() - started < 5 and laps > 50 and longest < 0.5
    with pytest.raises(ProcessLookupError):
        os.kill(int(pids.read_text()), 0)
    decoder.close()


async def test_secrets_are_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGULARS_SECRET_KEY", "canary")
    answer = (
        "told = 'canary' in str(dict(os.environ))\n"
        "print(json.dumps({'refusal': 'photo_damaged' if told else 'photo_too_many_pixels'}))"
    )
    decoder = decoder_that(tmp_path, answer)
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_too_many_pixels"
    decoder.close()


async def test_few_are_decoded_at_once_and_few_may_wait(tmp_path: Path) -> None:
    limits = PhotoLimits(decoders=2, waiting_max=3, decoder_wall_seconds=30)
    running = tmp_path / "running"
    running.mkdir()
    does = (
        f"mine = os.path.join({str(running)!r}, str(os.getpid())); open(mine, 'w').close()\n"
        f"seen = len(os.listdir({str(running)!r})); time.sleep(0.2); os.unlink(mine)\n"
        f"open({str(tmp_path / 'seen')!r}, 'a').write(f'{{seen}} ')\n"
        "print(json.dumps({'refusal': 'photo_damaged'}))"
    )
    decoder = decoder_that(tmp_path, does, limits)
    outcomes = await asyncio.gather(
        *(decoder.decode(encoded(quarters(), "PNG")) for _ in range(12)), return_exceptions=True
    )
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refused)]
    assert refused == ["photo_damaged"] * 5
    assert set((tmp_path / "seen").read_text().split()) <= {"1", "2"}
    assert sum(isinstance(outcome, PhotosUnavailable) for outcome in outcomes) == 7
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"
    decoder.close()


async def test_one_who_leaves_still_counts_until_the_work_is_done(tmp_path: Path) -> None:
    decoder = decoder_that(
        tmp_path,
        "time.sleep(0.5)\nprint(json.dumps({'refusal': 'photo_damaged'}))",
        PhotoLimits(decoders=1, waiting_max=0),
    )
    impatient = asyncio.create_task(decoder.decode(encoded(quarters(), "PNG")))
    await asyncio.sleep(0.05)
    impatient.cancel()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    with pytest.raises(PhotosUnavailable):
        await decoder.decode(encoded(quarters(), "PNG"))
    await asyncio.sleep(1)
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"
    decoder.close()


HEAD = {"extension": "jpg", "width": 1, "height": 1, "lengths": [1, 1]}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"[]\nab",
        b"{}\nab",
        json.dumps({"refusal": "anything"}).encode(),
        json.dumps(HEAD).encode(),
        json.dumps(HEAD).encode() + b"\nabc",
        json.dumps(HEAD | {"lengths": [-1, 3]}).encode() + b"\nab",
        json.dumps(HEAD | {"extension": "html"}).encode() + b"\nab",
        json.dumps(HEAD | {"extension": "../x"}).encode() + b"\nab",
        json.dumps(HEAD | {"width": -1}).encode() + b"\nab",
    ],
)
async def test_what_a_decoder_answers_is_not_believed(tmp_path: Path, answer: bytes) -> None:
    decoder = decoder_that(tmp_path, f"sys.stdout.buffer.write({answer!r})")
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"
    decoder.close()


async def test_a_decoder_that_is_killed_is_a_damaged_photo(tmp_path: Path) -> None:
    decoder = decoder_that(tmp_path, f"os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"
    decoder.close()


async def test_a_stopping_server_ends_what_is_being_decoded(tmp_path: Path) -> None:
    decoder = decoder_that(tmp_path, "time.sleep(600)")
    work = asyncio.create_task(decoder.decode(encoded(quarters(), "PNG")))
    await asyncio.sleep(0.3)
    decoder.close()
    async with asyncio.timeout(3):
        with pytest.raises(PhotosUnavailable):
            await work
    with pytest.raises(PhotosUnavailable):
        await decoder.decode(encoded(quarters(), "PNG"))
