"""How often each verb was called, how often it failed and why."""

from regulars.db.migrations import run_script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
