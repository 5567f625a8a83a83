"""One forked process for each photo: none meets what another one left, and none outlives its server."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.features.photos import decoder_forked, nursery
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits, PhotosUnavailable
from tests.support.decoders import below, until_gone
from tests.support.pictures import encoded, quarters
from tests.support.server_process import until_dead

PICTURE = encoded(quarters(), "PNG")
ANSWER = (
    'print(json.dumps({"extension": "jpg", "width": 1, "height": 1, "lengths": [1, 1]}))\n'
    'print("ab", end="")\n'
)
REMEMBERS = (
    "import builtins, json, os, sys\n"
    "sys.stdin.buffer.read()\n"
    "with open({log!r}, 'a') as log: log.write(f'{{os.getpid()}} {{hasattr(builtins, \"seen\")}}\\n')\n"
    "builtins.seen = True\n"
)


@pytest_asyncio.fixture
async def decoder() -> AsyncIterator[PhotoDecoder]:
    opened = PhotoDecoder(PhotoLimits(), forks=True)
    yield opened
    opened.close()


def nursery_of(decoder: PhotoDecoder) -> psutil.Process:
    """The one process that a decoder keeps between photos."""
    # A decoder is forked from it and looks the same until it ends.
    ours = [process for process in below() if process.ppid() == os.getpid()]
    [process] = [process for process in ours if "nursery.py" in " ".join(process.cmdline())]
    return process


def program(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "program.py"
    path.write_text(text)
    return path


async def test_every_photo_has_a_process_of_its_own(tmp_path: Path) -> None:
    log = tmp_path / "log"
    decoder = PhotoDecoder(
        PhotoLimits(), program=program(tmp_path, REMEMBERS.format(log=str(log)) + ANSWER), forks=True
    )
    for _ in range(5):
        assert (await decoder.decode(PICTURE)).full == b"a"
    lines = [line.split() for line in log.read_text().splitlines()]
    assert len({pid for pid, _ in lines}) == 5 and {seen for _, seen in lines} == {"False"}
    until_gone([int(pid) for pid, _ in lines])
    decoder.close()


async def test_nothing_is_left_between_photos(decoder: PhotoDecoder) -> None:
    await decoder.decode(PICTURE)
    nursery, mine = nursery_of(decoder), psutil.Process()
    descriptors, open_files = mine.num_fds(), nursery.num_fds()
    for _ in range(20):
        await decoder.decode(PICTURE)
    until_gone([child.pid for child in nursery.children()])
    assert (mine.num_fds(), nursery.num_fds()) == (descriptors, open_files)
    assert nursery_of(decoder) == nursery


async def test_closing_ends_everything(decoder: PhotoDecoder) -> None:
    await decoder.decode(PICTURE)
    nursery = nursery_of(decoder)
    decoder.close()
    until_gone([nursery.pid])
    with pytest.raises(PhotosUnavailable):
        await decoder.decode(PICTURE)


async def test_it_is_forked_from_another_process_when_the_first_one_is_gone(decoder: PhotoDecoder) -> None:
    await decoder.decode(PICTURE)
    first = nursery_of(decoder)
    first.kill()
    for _ in range(3):
        assert (await decoder.decode(PICTURE)).width == 64
    until_gone([first.pid])
    assert nursery_of(decoder).pid != first.pid


async def test_after_a_photo_that_ended_its_decoder_the_next_ones_are_not_alike(tmp_path: Path) -> None:
    """Whoever guesses where things lie in memory, and guesses wrong, has to begin anew."""
    text = "import os, sys\nif sys.stdin.buffer.read()[-1] == 0: os.kill(os.getpid(), 11)\nimport json\n"
    decoder = PhotoDecoder(PhotoLimits(), program=program(tmp_path, text + ANSWER), forks=True)
    await decoder.decode(PICTURE)
    first = nursery_of(decoder)
    with pytest.raises(Refused, match="photo_damaged"):
        await decoder.decode(PICTURE + b"\0")
    await decoder.decode(PICTURE)
    assert nursery_of(decoder).pid != first.pid
    decoder.close()


async def test_none_is_forked_from_for_long(decoder: PhotoDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are decoding when it is replaced go on."""
    monkeypatch.setattr(decoder_forked, "FORKS_MAX", 3)
    seen: set[int] = set()
    for _ in range(4):
        photos = await asyncio.gather(*(decoder.decode(PICTURE) for _ in range(4)))
        assert {photo.width for photo in photos} == {64}
        seen.update(process.pid for process in below() if "nursery.py" in " ".join(process.cmdline()))
    assert len(seen) > 1
    until_gone([pid for pid in seen if pid not in {process.pid for process in below()}])


async def test_an_answer_without_end_is_cut_short(tmp_path: Path) -> None:
    text = "import sys\nsys.stdin.buffer.read()\nwhile True: sys.stdout.buffer.write(bytes(100_000))\n"
    decoder = PhotoDecoder(
        PhotoLimits(answer_bytes_max=2_000_000), program=program(tmp_path, text), forks=True
    )
    before = psutil.Process().memory_info().rss
    with pytest.raises(Refused, match="photo_damaged"):
        await decoder.decode(PICTURE)
    assert psutil.Process().memory_info().rss - before < 50_000_000
    until_gone([child.pid for child in nursery_of(decoder).children()])
    decoder.close()


async def test_a_decoder_that_answers_before_it_has_read(tmp_path: Path) -> None:
    """As one does that is killed, or has seen enough: nobody waits until it has been sent everything."""
    decoder = PhotoDecoder(PhotoLimits(), program=program(tmp_path, "import json\n" + ANSWER), forks=True)
    async with asyncio.timeout(10):
        with suppress(Refused):
            assert (await decoder.decode(PICTURE + bytes(8_000_000))).full == b"a"
        assert (await decoder.decode(PICTURE)).full == b"a"
    decoder.close()


async def test_a_server_that_is_killed_takes_its_decoders_along(tmp_path: Path) -> None:
    text = "import time, sys\nsys.stdin.buffer.read()\nopen({started!r}, 'w').close()\ntime.sleep(600)\n"
    started = tmp_path / "started"
    path = program(tmp_path, text.format(started=str(started)))
    server = subprocess.Popen([sys.executable, "-m", "tests.support.decoders", str(path)])
    deadline = time.monotonic() + 20
    while not started.exists():
        assert time.monotonic() < deadline and server.poll() is None
        await asyncio.sleep(0.01)
    processes = below(server.pid)
    assert len(processes) == 2
    server.kill()
    server.wait()
    until_dead(processes)


async def test_requests_go_before_photos(tmp_path: Path) -> None:
    """A decoder and its session are nicer than the server, and the first to go when memory runs out."""
    source = Path(decoder_forked.__file__).with_name("decoding.py")
    text = (
        "import importlib.util, json, os, sys\n"
        f"spec = importlib.util.spec_from_file_location('decoding', {str(source)!r})\n"
        "decoding = importlib.util.module_from_spec(spec); spec.loader.exec_module(decoding)\n"
        "sys.stdin.buffer.read(); decoding.restrain(json.loads(sys.argv[1]))\n"
        "score = int(open('/proc/self/oom_score_adj').read())\n"
        "known = os.path.exists('/proc/self/autogroup')\n"
        "session = open('/proc/self/autogroup').read() if known else ' nice 15'\n"
        "lengths = [len(session), 1]\n"
        "head = {'extension': 'jpg', 'width': os.nice(0), 'height': score, 'lengths': lengths}\n"
        "print(json.dumps(head)); print(session, end='b')\n"
    )
    decoder = PhotoDecoder(PhotoLimits(), program=program(tmp_path, text), forks=True)
    found = await decoder.decode(PICTURE)
    assert found.width == min(19, os.nice(0) + 19)
    assert found.height >= 500
    assert found.full.split()[-2:] == [b"nice", b"15"]
    decoder.close()


def test_who_may_not_say_so_at_this_moment_says_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Linux lets one ordinary user say within a tenth of a second how nice a session is."""
    said: list[str] = []
    answers: list[type[OSError] | None] = [BlockingIOError, BlockingIOError, None]

    def write(path: Path, text: str) -> int:
        said.append(f"{path} {text}")
        if (error := answers.pop(0)) is not None:
            raise error
        return len(text)

    monkeypatch.setattr(Path, "write_text", write)
    nursery.let_others_go_first()
    assert said == [f"/proc/self/autogroup {nursery.SESSION_NICE}"] * 3
    answers.append(PermissionError)
    nursery.let_others_go_first()
    assert len(said) == 4, "where it cannot be said at all, nobody waits"
