"""Webhooks: who is told of which events, how that is signed, and what became of the telling."""

from regulars.db.migrations import run_script

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
