"""What an account owes, and the transfers that take back what was given."""

from regulars.db.migrations import run_script

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
