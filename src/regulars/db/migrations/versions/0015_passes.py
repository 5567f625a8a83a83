"""Wallet passes, what the phones have still to be told of them, and which phones want to know."""

from regulars.db.migrations import run_script

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
