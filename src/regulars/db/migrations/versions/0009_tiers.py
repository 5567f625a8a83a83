"""Where members belong and who of them is staff; tiers, and what they give at each hotel."""

from regulars.db.migrations import run_script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
