"""What is told of members' tiers by itself."""

from procrastinate import JobContext

from regulars.features.sales.actions import tell_tiers
from regulars.jobs.worker import queue, tools_of


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="tell_tiers", lock="tell_tiers", pass_context=True)
async def tell_changed_tiers(context: JobContext, timestamp: int) -> None:
    """Tells of members whose tier is another one since visits left the period, every five minutes."""
    tools = tools_of(context)
    await tell_tiers(tools.database, tools.clock)
