"""Photos: what is known of the files in the photo store."""

from regulars.db.migrations import run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
