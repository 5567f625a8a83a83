"""All customers at once over /sync, beside psql's COPY of what the answer is made of."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

import msgspec

from regulars.bench.loyaltyhub_ground import HotelGround
from regulars.bench.measure import Measured, percentile
from regulars.bench.pgbench import run_program
from regulars.bench.report import Row
from regulars.bench.server import RunningServer, running_server
from regulars.bench.sweep import Sweep

REPETITIONS = 3
SAMPLE_SECONDS = 0.1
READ_BYTES = 2**20

REQUEST = (
    "GET /wp-json/loyalty/v1/sync HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {key}\r\nConnection: close\r\n\r\n"
)
CHUNK_FRAME = re.compile(rb"\r\n[0-9a-f]+\r\n(?:\r\n)?")
"""What stands between two chunks of an answer, and after the last one."""

# Every customer of the bench has one code and one fob, so this is a row for each.
COPY = """
copy (
    select m.number, m.name, m.email, q.value, m.staff, m.home_location_id, m.updated_at, f.value, f.label
    from members m
    left join identifiers q on q.program_id = m.program_id and q.member_id = m.member_id
        and q.kind = 'qr' and q.ended_at is null
    left join identifiers f on f.program_id = m.program_id and f.member_id = m.member_id
        and f.kind = 'rfid' and f.ended_at is null
    where m.program_id = {program_id} and m.status = 'active'
    order by m.number
) to stdout
"""


class Streamed(msgspec.Struct, frozen=True):
    """A whole answer of /sync: the customers that it says it has, and its size."""

    customers: int
    megabytes: float


async def measure_sync(ground: HotelGround, sweep: Sweep) -> tuple[list[Row], str]:
    """psql's row and the server's, in customers per second, and a note of what streaming took of memory.

    Their latencies are those of whole answers.
    """
    copy = COPY.format(program_id=ground.program_id)

    async def copied() -> None:
        await run_program("psql", "--no-psqlrc", f"--dbname={ground.conninfo}", f"--command={copy}")

    async with running_server(ground.environment) as server:

        async def synchronised() -> None:
            await _stream(server, ground)

        with sweep.console.status(f"/sync of {ground.customers:,} customers"):
            # The first of each finds nothing in memory, and is not measured.
            await copied()
            streamed, grown_megabytes = await _watched(server, ground)
            seconds: dict[Callable[[], Awaitable[None]], list[float]] = {copied: [], synchronised: []}
            for _ in range(REPETITIONS):
                for work, took in seconds.items():
                    took.append(await _seconds_of(work))
    by_copy = _measured(seconds[copied], ground.customers)
    by_sync = _measured(seconds[synchronised], ground.customers)
    rows = [Row("psql COPY TO", 1, by_copy), Row("sync, 1 worker", 1, by_sync, by_copy.rate)]
    return rows, (
        f"while the server streamed {streamed.customers:,} customers ({streamed.megabytes:,.0f} MB), "
        f"its process grew by {grown_megabytes:.0f} MB at most"
    )


async def _stream(server: RunningServer, ground: HotelGround) -> Streamed:
    """Reads an answer to its end and keeps nothing of it. Raises RuntimeError when it is not all of them."""
    address = urlsplit(server.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=READ_BYTES)
    writer.write(REQUEST.format(host=address.netloc, key=ground.key).encode())
    size, end = 0, b""
    while piece := await reader.read(READ_BYTES):
        size += len(piece)
        end = (end + piece)[-300:]
    writer.close()
    found = re.search(rb'"count":(\d+),"sync_time":"[^"]+"}$', CHUNK_FRAME.sub(b"", end))
    if found is None or int(found[1]) != ground.customers:
        raise RuntimeError(f"/sync did not send all {ground.customers:,} customers: {end!r}")
    return Streamed(int(found[1]), size / 1e6)


async def _watched(server: RunningServer, ground: HotelGround) -> tuple[Streamed, float]:
    """An answer, and by how many megabytes the server's processes were larger meanwhile than before."""
    before = largest = server.resident_megabytes()
    streaming = asyncio.create_task(_stream(server, ground))
    while not streaming.done():
        await asyncio.wait([streaming], timeout=SAMPLE_SECONDS)
        largest = max(largest, server.resident_megabytes())
    return await streaming, largest - before


async def _seconds_of(work: Callable[[], Awaitable[None]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


def _measured(seconds: list[float], customers: int) -> Measured:
    milliseconds = sorted(1000 * took for took in seconds)
    return Measured(
        customers * len(seconds) / sum(seconds), percentile(milliseconds, 0.5), percentile(milliseconds, 0.99)
    )
