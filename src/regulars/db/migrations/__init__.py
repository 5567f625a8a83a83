"""The schema as numbered steps, and the two things that steps do."""

from importlib.resources import files
from pathlib import Path

from alembic import op
from sqlalchemy import Connection


def run_script(revision_file: str) -> None:
    """Executes the SQL script beside a revision: `0003_ledger.sql` for `0003_ledger.py`.

    The script goes to PostgreSQL as it is, in one piece and inside the revision's transaction.
    """
    _execute(Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8"))


def run_queue_steps(*, after: str, last: str) -> None:
    """Executes the steps of the job queue's own schema (Procrastinate), from one file name to another.

    They are fixed once released, so a database migrated today equals one migrated last year.
    """
    steps = sorted(files("procrastinate.sql").joinpath("migrations").iterdir(), key=lambda step: step.name)
    for step in steps:
        if step.name.endswith(".sql") and after < step.name <= last:
            _execute(step.read_text(encoding="utf-8"))


def _execute(script: str) -> None:
    bind = op.get_bind()
    assert isinstance(bind, Connection)
    driver_connection = bind.connection.driver_connection
    assert driver_connection is not None
    # SQLAlchemy would read ":name" and "%" in the script as parameters; the driver does not.
    driver_connection.execute(script.encode())
