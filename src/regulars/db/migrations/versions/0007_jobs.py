"""The tables of the job queue, as far as they can be made in one transaction.

The next step uses values that this one adds to an enum; before version 17, PostgreSQL allows that
only once they have been committed.
"""

from regulars.db.migrations import run_queue_steps

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Applies the queue's own steps up to the one that adds the values."""
    run_queue_steps(after="", last="02.06.00_01_add_cancel_states.sql")
