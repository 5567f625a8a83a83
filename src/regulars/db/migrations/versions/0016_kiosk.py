"""Carts, the rewards held for them, and the orders that were paid at kiosks."""

from regulars.db.migrations import run_script

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
