"""Referrals: products, the links that recommend them, clicks, conversions with their rewards, and flags."""

from regulars.db.migrations import run_script

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
