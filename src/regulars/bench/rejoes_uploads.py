"""Uploads of photos: what Pillow alone takes, what the decoder adds to it, and what a server makes of it.

`measure_uploads` needs no server. `measure_uploads_over_http` asks one that is running, and measures what
happens to everybody else meanwhile.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count

import httpx2
import msgspec
import psutil

from regulars.bench.load import measure_load
from regulars.bench.measure import Measured, percentile
from regulars.bench.rejoes_pictures import measure_pillow
from regulars.bench.report import Row
from regulars.features.photos.decoder import PhotoDecoder
from regulars.features.photos.model import PhotoLimits

ROUNDS = 3
SAMPLED_SECONDS = 0.1
WARM_UP_SECONDS = 3
UPLOAD_SECONDS_MAX = 120
OTHER_CLIENTS = 4
OTHER_PAUSE_MILLISECONDS = 20
"""Between two requests of one of the others: some 200 requests a second, which leave the server time."""

LEGEND = (
    "Pillow alone: the same work on the same photo, in one process for each core that does nothing else",
    "decoder: the same photo through the server's decoder, one process for each photo; ratio to Pillow alone",
)


class Uploads(msgspec.Struct, frozen=True):
    """Uploads as a server is sent them: complete bodies, taken in turn."""

    url: str
    headers: dict[str, str]
    bodies: Sequence[bytes]


class Others(msgspec.Struct, frozen=True):
    """What everybody else asks for meanwhile: an address, and wrk's Lua that says how."""

    url: str
    load: str


def loan_photos(url: str, key: str, member_ids: Sequence[str], picture: bytes) -> Uploads:
    """Uploads of the picture to the Rejoes contract below `url`, for each of the members in turn.

    The program has to allow as many unused photos (`photos.unused_per_member`, `photos.unused_per_program`).
    """
    boundary = "regulars-bench"
    part = f'--{boundary}\r\nContent-Disposition: form-data; name="'
    bodies = [
        f'{part}memberId"\r\n\r\n{member_id}\r\n'.encode()
        + f'{part}photo"; filename="photo.jpg"\r\nContent-Type: image/jpeg\r\n\r\n'.encode()
        + picture
        + f"\r\n--{boundary}--\r\n".encode()
        for member_id in member_ids
    ]
    headers = {"X-API-Key": key, "Content-Type": f"multipart/form-data; boundary={boundary}"}
    return Uploads(f"{url}/uploads/loan-photo", headers, bodies)


async def measure_uploads(
    picture: bytes, *, cores: int, seconds: float, rounds: int = ROUNDS
) -> tuple[list[Row], list[str]]:
    """The rows for Pillow alone and for the decoder, and notes on them.

    The two take turns, `rounds` times `seconds` each, because machines do not stay equally fast.
    """
    alone: list[Measured] = []
    decoded: list[Measured] = []
    peak_megabytes = 0.0
    for _ in range(rounds):
        alone.append(await asyncio.to_thread(measure_pillow, picture, cores, seconds))
        measured, megabytes = await _measure_decoder(picture, cores, seconds)
        decoded.append(measured)
        peak_megabytes = max(peak_megabytes, megabytes)
    yardstick = _mean(alone)
    rows = [
        Row(f"Pillow alone, {cores} cores", cores, yardstick),
        Row(f"decoder, {cores} at once", cores, _mean(decoded), yardstick.rate),
    ]
    return rows, [*LEGEND, f"decoders and what they are forked from took {peak_megabytes:,.0f} MB at most"]


async def measure_uploads_over_http(
    uploads: Uploads, others: Others, *, clients: int, seconds: int, yardstick_rate: float
) -> tuple[list[Row], list[str]]:
    """The rows for uploads, held against Pillow's rate, and for others, without each other and together.

    First both get warm: what is slow only once would count among the slowest of whichever came first.
    """

    async def asked(seconds: int) -> Measured:
        return await measure_load(others.url, others.load, clients=OTHER_CLIENTS, seconds=seconds)

    async with _watching() as megabytes, _uploading(uploads, clients):
        await asked(WARM_UP_SECONDS)
    quiet = await asked(seconds)
    async with _uploading(uploads, clients) as counted:
        await asyncio.sleep(seconds)
    alone = counted.measured()
    async with _uploading(uploads, clients) as counted:
        beside = await asked(seconds)
    rows = [
        Row("uploads over HTTP", clients, alone, yardstick_rate),
        Row("uploads, beside others", clients, counted.measured(), yardstick_rate),
        Row("others, no uploads", OTHER_CLIENTS, quiet),
        Row("others, during uploads", OTHER_CLIENTS, beside, quiet.rate),
    ]
    times = beside.p99_milliseconds / quiet.p99_milliseconds
    return rows, [
        f"the 99th percentile of others was {times:.1f} times as long during uploads as without",
        f"the server, its decoders and the load took {max(megabytes):,.0f} MB at most",
    ]


def paced(load: str) -> str:
    """wrk's Lua for a load whose clients pause between two requests, as people do."""
    return f"{load}\nfunction delay()\n    return {OTHER_PAUSE_MILLISECONDS}\nend\n"


class _Counted:
    """How long each of many things took, from the first begin to the last end."""

    def __init__(self) -> None:
        self._milliseconds: list[float] = []
        self._failures = 0
        self._started_at = time.perf_counter()

    def add(self, began_at: float, *, ok: bool = True) -> None:
        """One more, which ends now."""
        self._milliseconds.append((time.perf_counter() - began_at) * 1000)
        self._failures += not ok

    def measured(self) -> Measured:
        """What they come to."""
        ascending = sorted(self._milliseconds)
        rate = (len(ascending) - self._failures) / (time.perf_counter() - self._started_at)
        return Measured(rate, percentile(ascending, 0.5), percentile(ascending, 0.99), self._failures)


async def _measure_decoder(picture: bytes, cores: int, seconds: float) -> tuple[Measured, float]:
    """Photos per second, with one waiting at all times, and the most memory that decoders took together."""
    decoder = PhotoDecoder(PhotoLimits(decoders=cores))
    await asyncio.gather(*(decoder.decode(picture) for _ in range(cores)))
    counted = _Counted()
    ends_at = time.perf_counter() + seconds

    async def lane() -> None:
        while (began_at := time.perf_counter()) < ends_at:
            await decoder.decode(picture)
            counted.add(began_at)

    async with _watching() as peak:
        await asyncio.gather(*(lane() for _ in range(cores + 1)))
    measured = counted.measured()
    decoder.close()
    return measured, max(peak)


@asynccontextmanager
async def _uploading(uploads: Uploads, clients: int) -> AsyncIterator[_Counted]:
    """Uploads without a pause while the block runs; those under way are finished."""
    numbers, stopped = count(), asyncio.Event()
    async with httpx2.AsyncClient(timeout=UPLOAD_SECONDS_MAX) as client:
        counted = _Counted()

        async def lane() -> None:
            while not stopped.is_set():
                body = uploads.bodies[next(numbers) % len(uploads.bodies)]
                began_at = time.perf_counter()
                answer = await client.post(uploads.url, content=body, headers=uploads.headers)
                counted.add(began_at, ok=answer.is_success)

        lanes = [asyncio.create_task(lane()) for _ in range(clients)]
        try:
            yield counted
        finally:
            stopped.set()
            await asyncio.gather(*lanes)


@asynccontextmanager
async def _watching() -> AsyncIterator[list[float]]:
    """The memory of all processes below this one, looked at again and again, in megabytes."""
    seen = [0.0]

    async def look() -> None:
        while True:
            seen.append(await asyncio.to_thread(_megabytes_below))
            await asyncio.sleep(SAMPLED_SECONDS)

    looking = asyncio.create_task(look())
    yield seen
    looking.cancel()


def _megabytes_below() -> float:
    taken = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            taken += process.memory_info().rss / 1e6
        except psutil.NoSuchProcess:
            continue
    return taken


def _mean(rounds: Sequence[Measured]) -> Measured:
    """All rounds as one, each as long as the others."""
    return Measured(
        sum(measured.rate for measured in rounds) / len(rounds),
        sum(measured.median_milliseconds for measured in rounds) / len(rounds),
        max(measured.p99_milliseconds for measured in rounds),
        sum(measured.failures for measured in rounds),
    )
