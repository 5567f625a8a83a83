"""Decoders of several processes: so many at once between them, whichever process was sent the photos."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from regulars.features.photos.decoder_slots import DecoderSlots

SECONDS_MAX = 10


class Work:
    """What goes on until it is told to end, and how much of it there was at once."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self.may_end = threading.Event()
        self._changed = threading.Condition()

    def __call__(self) -> bytes:
        with self._changed:
            self.running += 1
            self.most = max(self.most, self.running)
            self._changed.notify_all()
        assert self.may_end.wait(SECONDS_MAX)
        with self._changed:
            self.running -= 1
        return b"done"

    def until_running(self, number: int) -> None:
        """Returns when so many run at once."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.running == number, SECONDS_MAX)


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.may_end.set()


def ended(futures: list["Future[bytes]"]) -> bool:
    return all(future.result(SECONDS_MAX) == b"done" for future in futures)


def test_all_slots_are_there_for_whoever_has_work(tmp_path: Path, work: Work) -> None:
    """One that has all the photos uses every slot, and leaves some to another one that comes later."""
    first, second = (DecoderSlots(2, tmp_path / "slots") for _ in range(2))
    futures = [first.submit(work) for _ in range(3)]
    work.until_running(2)
    futures += [second.submit(work) for _ in range(3)]
    work.may_end.set()
    assert ended(futures)
    assert work.most == 2
    first.close()
    second.close()


def test_without_a_directory_each_counts_for_itself(work: Work) -> None:
    first, second = (DecoderSlots(2) for _ in range(2))
    futures = [slots.submit(work) for slots in (first, second) for _ in range(3)]
    work.until_running(4)
    work.may_end.set()
    assert ended(futures)
    assert work.most == 4
    first.close()
    second.close()


def test_where_nothing_can_be_written_each_counts_for_itself(tmp_path: Path, work: Work) -> None:
    (tmp_path / "file").write_text("")
    slots = DecoderSlots(1, tmp_path / "file" / "slots")
    work.may_end.set()
    assert slots.submit(work).result(SECONDS_MAX) == b"done"
    slots.close()


def test_first_come_first_served() -> None:
    slots, served = DecoderSlots(1), []
    futures = [slots.submit(lambda number=number: bytes([number])) for number in range(20)]  # type: ignore[misc]
    for future in futures:
        future.add_done_callback(lambda done: served.append(done.result()))
    futures[-1].result(SECONDS_MAX)
    slots.close()
    assert [future.result() for future in futures] == [bytes([number]) for number in range(20)]


def test_what_fails_is_told_and_leaves_the_slot_to_others(tmp_path: Path) -> None:
    slots = DecoderSlots(1, tmp_path)

    def fail() -> bytes:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        slots.submit(fail).result(SECONDS_MAX)
    assert slots.submit(lambda: b"done").result(SECONDS_MAX) == b"done"
    slots.close()


def test_closing_cancels_what_waits_and_lets_go_of_the_slots(tmp_path: Path, work: Work) -> None:
    first, second = (DecoderSlots(1, tmp_path) for _ in range(2))
    running = first.submit(work)
    work.until_running(1)
    waiting, elsewhere = first.submit(work), second.submit(work)
    first.close()
    second.close()
    assert waiting.cancelled() and elsewhere.cancelled()
    work.may_end.set()
    assert ended([running])
    third = DecoderSlots(1, tmp_path)
    assert third.submit(lambda: b"done").result(SECONDS_MAX) == b"done"
    third.close()


async def test_a_process_that_is_killed_gives_its_slot_back(tmp_path: Path) -> None:
    holds = (
        "import sys, time; from pathlib import Path\n"
        "from regulars.features.photos.decoder_slots import DecoderSlots\n"
        "def hold():\n    print('holding', flush=True); time.sleep(600)\n"
        f"DecoderSlots(1, Path({str(tmp_path)!r})).submit(hold).result()\n"
    )
    slots = DecoderSlots(1, tmp_path)
    with subprocess.Popen([sys.executable, "-c", holds], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"holding\n"
        waiting = asyncio.wrap_future(slots.submit(lambda: b"done"))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await asyncio.shield(waiting)
        other.kill()
    started_at = time.monotonic()
    assert await waiting == b"done"
    assert time.monotonic() - started_at < SECONDS_MAX
    slots.close()
