"""Members, their identifiers, and the origins of requests."""

from regulars.db.migrations import run_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Applies the script beside this file."""
    run_script(__file__)
