"""What is told of loans by itself."""

from procrastinate import JobContext

from regulars.features.lending.actions import tell_due
from regulars.jobs.worker import again, queue, tools_of


@queue.periodic(cron="13 * * * *")
@queue.task(name="tell_due_loans", lock="tell_due_loans", pass_context=True, retry=again)
async def tell_due_loans(context: JobContext, timestamp: int) -> None:
    """Tells of loans that will soon be due and of those that are overdue, each once, every hour."""
    tools = tools_of(context)
    await tell_due(tools.database, tools.clock)
