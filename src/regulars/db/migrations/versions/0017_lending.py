"""Lending: borrowers, loans and their photos; what is told to others; answers that are given again."""

from regulars.db.migrations import run_script

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
