"""Promos, their assignments and their uses."""

from regulars.db.migrations import run_script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
