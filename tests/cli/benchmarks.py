"""A benchmark that is run to its end, and the table that it made."""

import re
import subprocess
from pathlib import Path

import psycopg

from tests.cli.processes import COMMAND, environment

RUN_SECONDS_MAX = 240


def measured(what: str, database_url: str, data: Path, table: Path, *arguments: str) -> str:
    """What `regulars bench` wrote to `table`, once it has ended well and left no database behind."""
    done = subprocess.run(
        [*COMMAND, "bench", what, "--data", str(data), "--markdown", str(table), *arguments],
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS_MAX,
        env=environment(
            REGULARS_DATABASE_URL=database_url, REGULARS_SECRET_KEY="a secret key of 32 characters...."
        ),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with psycopg.connect(database_url) as connection:
        left = connection.execute("select datname from pg_database where datname like 'regulars_bench_%'")
        assert left.fetchall() == []
    return table.read_text()


def rows_of(table: str) -> list[list[str]]:
    """The cells of a Markdown table, without its heading."""
    lines = re.findall(r"^\| (.*) \|$", table, re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines[1:]]
