"""Which of Stripe's events were taken in, and the order in which Stripe was asked."""

from regulars.db.migrations import run_script

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
