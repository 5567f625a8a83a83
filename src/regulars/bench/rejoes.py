"""`regulars bench rejoes`: garments taken along and brought back beside pgbench, uploads beside Pillow."""

import os
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from regulars.bench.rejoes_ground import StoreGround, prepare_stores
from regulars.bench.rejoes_pictures import photo_of_12_megapixels
from regulars.bench.rejoes_requests import checkout, others, take_back
from regulars.bench.rejoes_uploads import (
    OTHER_CLIENTS,
    loan_photos,
    measure_uploads,
    measure_uploads_over_http,
)
from regulars.bench.report import Row
from regulars.bench.scratch import scratch_database
from regulars.bench.server import running_server
from regulars.bench.sessions_yardstick import prepare_yardstick
from regulars.bench.sweep import Sweep
from regulars.db.database import Database, server_conninfo
from regulars.db.invariants import one_moment
from regulars.features.lending import verify as lending

VERIFYING_SECONDS_MAX = 3600
RATE_MAX = 6_000
"""Nobody asks more often in a second, so that photos and open loans last for the whole run."""

LEGEND = (
    "pgbench: the same reads and writes on the same tables, a prepared statement each, one transaction, "
    "after a number was taken from a sequence\n"
    "checkout: POST /loans/checkout, each with a photo and an idempotency key of its own\n"
    "return: POST /loans/return of a garment that is out, each with a key of its own\n"
    "borrowers: {borrowers:,}, who brought back {loans:,} garments in a year and have {open_each:,} out\n"
    "uploads over HTTP: POST /uploads/loan-photo, a JPEG of 12 megapixels, {upload_workers} workers; "
    "ratio to Pillow alone, which has all cores for itself\n"
    "others: GET /members/by-card, {other_clients} clients that pause between two requests"
)


class Sizes(msgspec.Struct, frozen=True):
    """How much data is measured on."""

    borrowers: int = 100_000
    loans: int = 500_000


async def run(conninfo: str, sweep: Sweep, sizes: Sizes) -> tuple[list[Row], list[str]]:
    """The rows of the table and the notes below it, from one run on a scratch database of that server."""
    open_each = -(-needed_by(sweep) // sizes.borrowers)
    with TemporaryDirectory() as directory:
        async with scratch_database(conninfo) as scratch:
            with sweep.console.status(f"filling in {sizes.borrowers:,} borrowers and their loans"):
                ground = await prepare_stores(
                    scratch,
                    Path(directory),
                    borrowers=sizes.borrowers,
                    loans=sizes.loans,
                    open_each=open_each,
                )
            await prepare_yardstick(scratch)
            requests = [checkout(ground), take_back(ground)]
            rows = await sweep.beside_pgbench(requests, server_conninfo(scratch), ground.environment)
            uploaded, notes = await _measure_uploads(ground, sweep)
            notes.append(await _verified_note(ground, sweep))
    told = msgspec.structs.asdict(sizes) | {
        "open_each": open_each,
        "upload_workers": max(sweep.workers),
        "other_clients": OTHER_CLIENTS,
    }
    return [*rows, *uploaded], [*LEGEND.format(**told).splitlines(), sweep.note, *notes]


def needed_by(sweep: Sweep) -> int:
    """How many photos, and open loans, a run may use up: half of them pgbench's, half the server's."""
    seconds = sweep.seconds * sweep.turns * len(sweep.clients)
    served = (seconds + sweep.warm_up_seconds) * len(sweep.workers)
    return 2 * max(seconds, served) * RATE_MAX


async def _measure_uploads(ground: StoreGround, sweep: Sweep) -> tuple[list[Row], list[str]]:
    """The rows for uploads of a telephone's photo, and for everybody else meanwhile."""
    cores = os.cpu_count() or 1
    picture = photo_of_12_megapixels()
    with sweep.console.status("Pillow and decoders"):
        alone, notes = await measure_uploads(picture, cores=cores, seconds=sweep.seconds)
    photos_kept = {"REGULARS_DATA_DIRECTORY": str(ground.directory)}
    async with running_server(ground.environment | photos_kept, workers=max(sweep.workers)) as server:
        uploads = loan_photos(server.url, ground.key, ground.some_member_ids, picture)
        with sweep.console.status("uploads over HTTP"):
            served, more = await measure_uploads_over_http(
                uploads,
                others(ground, server.url),
                clients=2 * cores,
                seconds=sweep.seconds,
                yardstick_rate=alone[0].measured.rate,
            )
    return [*alone, *served], [*notes, *more]


async def _verified_note(ground: StoreGround, sweep: Sweep) -> str:
    """How many faults are in the loans, those of pgbench among them."""
    patient = await Database.open(ground.conninfo, statement_timeout_seconds=VERIFYING_SECONDS_MAX)
    with sweep.console.status("verifying loans"):
        async with patient.connection() as connection, one_moment(connection):
            found: Sequence[object] = await lending.check(connection)
    await patient.close()
    return f"loans verified after the run: {len(found)} findings" + "".join(f"; {one}" for one in found[:3])
