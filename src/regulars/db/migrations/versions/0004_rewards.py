"""Rewards and earn templates."""

from regulars.db.migrations import run_script

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
