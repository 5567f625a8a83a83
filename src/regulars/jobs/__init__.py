"""Work that nobody waits for: the queue, the worker that runs it, and what it does.

The modules with tasks are imported here, because a worker runs what it has heard of.
"""

from regulars.jobs import lending, memberships, referrals, sales, upkeep
from regulars.jobs.webhooks import delivering
from regulars.jobs.worker import Tools, defer_in, in_chunks, newest_heartbeat, queue, working

__all__ = [
    "Tools",
    "defer_in",
    "delivering",
    "in_chunks",
    "lending",
    "memberships",
    "newest_heartbeat",
    "queue",
    "referrals",
    "sales",
    "upkeep",
    "working",
]
