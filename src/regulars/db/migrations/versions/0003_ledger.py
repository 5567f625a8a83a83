"""Accounts, transfers, holds, redemptions and claims."""

from regulars.db.migrations import run_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
