"""The job queue as Procrastinate 3.4 to 3.10 know it, and our grants.

When a newer Procrastinate brings more steps, a test says so; a new revision then applies them.
"""

from regulars.db.migrations import run_queue_steps, run_script

revision = "0008"
down_revision = "0007"

LAST_STEP = "03.04.00_50_post_add_retry_failed_job_procedure.sql"


def upgrade() -> None:
    """Applies the rest of the queue's own steps, then our grants."""
    run_queue_steps(after="02.06.00_01_add_cancel_states.sql", last=LAST_STEP)
    run_script(__file__)
