"""Decoders that misbehave: what they do stays with them, whether they are forked or started."""

import asyncio
import json
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from regulars.base.refusals import Refused
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits, PhotosUnavailable
from tests.support.decoders import until_gone
from tests.support.pictures import encoded, quarters

Decoder = Callable[..., PhotoDecoder]
PRELUDE = "import json, sys, os, time\nlimits = json.loads(sys.argv[1])\nsys.stdin.buffer.read()\n"


@pytest.fixture(params=["forked", "started"])
def decoder_that(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Decoder]:
    """Makes a decoder whose program does what it is told."""
    made: list[PhotoDecoder] = []

    def make(does: str, limits: PhotoLimits | None = None) -> PhotoDecoder:
        program = tmp_path / "program.py"
        program.write_text(PRELUDE + does)
        made.append(PhotoDecoder(limits or PhotoLimits(), program=program, forks=request.param == "forked"))
        return made[-1]

    yield make
    for decoder in made:
        decoder.close()


async def refusal(decoder: PhotoDecoder, received: bytes) -> str:
    with pytest.raises(Refused) as refused:
        await decoder.decode(received)
    return refused.value.code


async def test_the_limits_of_the_system_end_a_decoder_that_misbehaves(
    decoder_that: Decoder, tmp_path: Path
) -> None:
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
        decoder = decoder_that(restrained + misbehaviour, limits)
        assert await refusal(decoder, picture) == "photo_damaged"
    assert not (tmp_path / "written").exists() or (tmp_path / "written").stat().st_size == 0


async def test_a_hanging_decode_is_ended_and_holds_up_nobody_else(
    decoder_that: Decoder, tmp_path: Path
) -> None:
    limits = PhotoLimits(decoder_wall_seconds=1)
    pids = tmp_path / "pids"
    decoder = decoder_that(f"open({str(pids)!r}, 'w').write(str(os.getpid())); time.sleep(600)", limits)
    hanging = asyncio.create_task(decoder.decode(encoded(quarters(), "PNG")))
    laps, longest, started = 0, 0.0, time.monotonic()
    while not hanging.done():
        lap = time.monotonic()
        await asyncio.sleep(0.005)
        laps, longest = laps + 1, max(longest, time.monotonic() - lap)
    with pytest.raises(PhotosUnavailable):
        await hanging
    assert time.monotonic() - started < 5 and laps > 50 and longest < 0.5
    until_gone([int(pids.read_text())])


async def test_secrets_are_not_passed_on(
    decoder_that: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGULARS_SECRET_KEY", "canary")
    answer = (
        "told = 'canary' in str(dict(os.environ))\n"
        "print(json.dumps({'refusal': 'photo_damaged' if told else 'photo_too_many_pixels'}))"
    )
    decoder = decoder_that(answer)
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_too_many_pixels"


async def test_few_are_decoded_at_once_and_few_may_wait(decoder_that: Decoder, tmp_path: Path) -> None:
    limits = PhotoLimits(decoders=2, waiting_max=3, decoder_wall_seconds=30)
    running = tmp_path / "running"
    running.mkdir()
    does = (
        f"mine = os.path.join({str(running)!r}, str(os.getpid())); open(mine, 'w').close()\n"
        f"seen = len(os.listdir({str(running)!r})); time.sleep(0.2); os.unlink(mine)\n"
        f"open({str(tmp_path / 'seen')!r}, 'a').write(f'{{seen}} ')\n"
        "print(json.dumps({'refusal': 'photo_damaged'}))"
    )
    decoder = decoder_that(does, limits)
    outcomes = await asyncio.gather(
        *(decoder.decode(encoded(quarters(), "PNG")) for _ in range(12)), return_exceptions=True
    )
    refused = [outcome.code for outcome in outcomes if isinstance(outcome, Refused)]
    assert refused == ["photo_damaged"] * 5
    assert set((tmp_path / "seen").read_text().split()) <= {"1", "2"}
    assert sum(isinstance(outcome, PhotosUnavailable) for outcome in outcomes) == 7
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"


async def test_one_who_leaves_still_counts_until_the_work_is_done(
    decoder_that: Decoder, tmp_path: Path
) -> None:
    decoder = decoder_that(
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
async def test_what_a_decoder_answers_is_not_believed(
    decoder_that: Decoder, tmp_path: Path, answer: bytes
) -> None:
    decoder = decoder_that(f"sys.stdout.buffer.write({answer!r})")
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"


async def test_a_decoder_that_is_killed_is_a_damaged_photo(decoder_that: Decoder, tmp_path: Path) -> None:
    decoder = decoder_that(f"os.kill(os.getpid(), {int(signal.SIGSEGV)})")
    assert await refusal(decoder, encoded(quarters(), "PNG")) == "photo_damaged"


async def test_a_stopping_server_ends_what_is_being_decoded(decoder_that: Decoder, tmp_path: Path) -> None:
    decoder = decoder_that("time.sleep(600)")
    work = asyncio.create_task(decoder.decode(encoded(quarters(), "PNG")))
    await asyncio.sleep(0.3)
    decoder.close()
    async with asyncio.timeout(3):
        with pytest.raises(PhotosUnavailable):
            await work
    with pytest.raises(PhotosUnavailable):
        await decoder.decode(encoded(quarters(), "PNG"))
