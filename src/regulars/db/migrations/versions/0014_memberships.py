"""Memberships that are paid through Stripe, what they were granted for, and what had to come back."""

from regulars.db.migrations import run_script

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
