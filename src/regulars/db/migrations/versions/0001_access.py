"""Programs, locations, credentials, counters and counted limits."""

from regulars.db.migrations import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
