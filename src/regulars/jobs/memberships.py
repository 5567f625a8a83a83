"""What members with a card and a membership get by themselves."""

from datetime import timedelta

from procrastinate import JobContext

from regulars.features.access.caches import LocationCache, ProgramCache
from regulars.features.kiosk.actions import face_reader
from regulars.features.memberships.actions import grant_due
from regulars.features.passes.actions import deliver_all
from regulars.jobs.worker import again, queue, tools_of

TELLING_MAX = timedelta(seconds=45)
"""So long one job goes on telling phones; the next minute goes on, and other jobs get their turn."""


@queue.periodic(cron="0 2 * * *")
@queue.task(name="grant_rewards", lock="grant_rewards", pass_context=True, retry=again)
async def grant_rewards(context: JobContext, timestamp: int) -> None:
    """Gives the rewards of paid membership periods, daily at 02:00 UTC, where no invoice has given them."""
    tools = tools_of(context)
    await grant_due(tools.database, tools.clock)


@queue.periodic(cron="* * * * *")
@queue.task(name="update_passes", lock="update_passes", pass_context=True)
async def update_passes(context: JobContext, timestamp: int) -> None:
    """Tells phones of the wallet passes that have changed, every minute."""
    tools = tools_of(context)
    programs, locations = ProgramCache(tools.database), LocationCache(tools.database)
    face_of = face_reader(tools.database, programs, locations, tools.public_url, tools.clock)
    await deliver_all(tools.database, tools.carriers, face_of, tools.clock, TELLING_MAX)
