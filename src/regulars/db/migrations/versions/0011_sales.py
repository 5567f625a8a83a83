"""Sales that tills logged, their items, and what customers prefer."""

from regulars.db.migrations import run_script

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
