"""What tier others were told that a member has at a hotel, where somebody is told of tiers."""

from regulars.db.migrations import run_script

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
