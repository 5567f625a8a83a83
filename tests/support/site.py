"""Data directories with a life of their own: made once, copied for each server that is to be mistreated."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil

from regulars.base.clock import utc_now
from regulars.cli.first_program import FirstProgram, make_first_program
from regulars.db.cluster import Cluster
from regulars.db.database import Database
from regulars.db.embedded import EmbeddedPostgres
from regulars.db.migrate import migrate
from regulars.features.access import actions as access
from regulars.features.rewards import actions as rewards
from regulars.settings_secrets import generated_secret_key
from tests.support.postgres import fast_directory

COMMAND_SECONDS_MAX = 60
PROGRAMS: dict[str, dict[str, Any]] = {
    "family": {"cryptokids.refunds_per_hour": 0},
    "neighbours": {},
    "hurried": {"cryptokids.refunds_per_hour": 0, "cryptokids.hold_lifetime_seconds": 1},
}
"""The programs of a site and their settings: one without limits, one as it comes, one whose holds lapse."""


_bytecode = tempfile.TemporaryDirectory(prefix="regulars-bytecode-")


class Keys(msgspec.Struct, frozen=True):
    """What a client of one program needs: its admin key, a reward of 10 points, a template of 3."""

    admin: str
    reward_id: int
    template_id: int


class Site(msgspec.Struct, frozen=True):
    """A data directory that `regulars serve` can be started on, and what is in it."""

    directory: Path
    keys: dict[str, Keys]
    prefix: tuple[str, ...] = ()
    """What goes before a command, to run it where the directory is."""

    @property
    def cluster(self) -> Cluster:
        """Its PostgreSQL, whether it runs or not."""
        return Cluster(self.directory)

    def postgres_processes(self) -> list[psutil.Process]:
        """The running postmaster and all its children."""
        postmaster = self.cluster.postmaster()
        assert postmaster is not None, "PostgreSQL does not run"
        parent = psutil.Process(postmaster.process_id)
        return [parent, *parent.children(recursive=True)]

    @contextmanager
    def frozen_postgres(self) -> Iterator[None]:
        """PostgreSQL is there and answers nothing, as when its disk or its machine has stopped."""
        frozen: list[psutil.Process] = []
        try:
            for process in self.postgres_processes():
                process.suspend()
                frozen.append(process)
            yield
        finally:
            for process in frozen:
                process.resume()

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """A command that works on the data directory, run to its end. Settings are variables."""
        return subprocess.run(
            [*self.prefix, sys.executable, "-m", "regulars", *arguments, "--data", str(self.directory)],
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS_MAX,
            env=clean_environment(**settings),
            check=False,
        )

    def verify(self) -> None:
        """`regulars verify` finds that the books add up."""
        outcome = self.command("verify")
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr


def clean_environment(**changes: str) -> dict[str, str]:
    """The present environment without settings of ours, and with `changes`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("REGULARS_", "CK_"))}
    if kept.pop("PYTHONDONTWRITEBYTECODE", None):
        # Compiling everything anew would double the time of each start. Nothing is put beside the source.
        kept["PYTHONPYCACHEPREFIX"] = _bytecode.name
    return kept | changes


@contextmanager
def model_site() -> Iterator[Site]:
    """A site that nothing runs on, to be copied."""
    with _directory() as directory:
        with EmbeddedPostgres(directory) as embedded:
            migrate(embedded.conninfo)
            secret_key = generated_secret_key(directory)
            keys = asyncio.run(_furnish(embedded.conninfo, secret_key))
        yield Site(directory, keys)


@contextmanager
def copied_site(model: Site) -> Iterator[Site]:
    """A copy of a site, for one server to run on; whatever still runs on it at the end is stopped."""
    with _directory() as directory:
        # Under root, the files belong to PostgreSQL's own user, and so must the copies.
        subprocess.run(["cp", "-a", f"{model.directory}/.", str(directory)], check=True)
        site = Site(directory, model.keys)
        try:
            yield site
        finally:
            site.cluster.stop()


@contextmanager
def _directory() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="regulars-site-", dir=fast_directory())).resolve()
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


async def _furnish(conninfo: str, secret_key: str) -> dict[str, Keys]:
    keys = {}
    database = await Database.open(conninfo)
    async with database.transaction() as connection:
        for slug, settings in PROGRAMS.items():
            wanted = FirstProgram(slug=slug, name=slug.title(), settings=settings)
            made = await make_first_program(connection, secret_key, wanted, utc_now())
            program = next(p for p in await access.list_programs(connection) if p.slug == slug)
            reward = await rewards.create_reward(
                connection, program.program_id, name="Cinema", cost=10, now=utc_now()
            )
            template = await rewards.create_template(
                connection, program.program_id, title="Dishes", points=3, now=utc_now()
            )
            keys[slug] = Keys(made[0].key, reward.reward_id, template.template_id)
    await database.close()
    return keys
