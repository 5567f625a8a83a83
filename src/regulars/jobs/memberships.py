"""What members with a card and a membership get by themselves."""

from procrastinate import JobContext

from regulars.features.kiosk.actions import face_of
from regulars.features.memberships.actions import grant_due
from regulars.features.passes.actions import deliver_due
from regulars.features.passes.model import CardFace, Pass
from regulars.jobs.worker import Tools, again, queue, tools_of

UPDATES_AT_ONCE = 50
ROUNDS_MAX = 20
"""So many rounds of updates one job does; the next minute goes on, and other jobs get their turn."""


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
    reader = _FaceReader(tools)
    for _ in range(ROUNDS_MAX):
        delivery = await deliver_due(
            tools.database, tools.carriers, reader.face_of, tools.clock, UPDATES_AT_ONCE
        )
        if delivery.processed < UPDATES_AT_ONCE:
            return


class _FaceReader:
    """Reads what a card shows at the moment, on a connection of its own."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def face_of(self, card: Pass) -> CardFace | None:
        async with self._tools.database.connection() as connection:
            return await face_of(connection, card, self._tools.public_url, self._tools.clock())
