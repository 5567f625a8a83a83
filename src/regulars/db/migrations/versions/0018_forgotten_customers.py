"""Customers whom the shop had forgotten, so that late news do not bring them back."""

from regulars.db.migrations import run_script

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
