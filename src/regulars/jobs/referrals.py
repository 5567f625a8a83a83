"""What owners of RIDs get by themselves, and what is forgotten."""

from procrastinate import JobContext

from regulars.features.referrals.actions import forget_clicks, forget_sightings, mature_due, note_spent
from regulars.jobs.worker import CHUNK, again, in_chunks, queue, tools_of


@queue.periodic(cron="* * * * *")
@queue.task(name="mature_rewards", lock="mature_rewards", pass_context=True)
async def mature_rewards(context: JobContext, timestamp: int) -> None:
    """Gives owners the rewards whose hold is over, every minute."""
    tools = tools_of(context)
    await mature_due(tools.database, tools.clock)


@queue.periodic(cron="*/5 * * * *")
@queue.task(name="note_spent_rewards", lock="note_spent_rewards", pass_context=True)
async def note_spent_rewards(context: JobContext, timestamp: int) -> None:
    """Notes which rewards were spent, every five minutes."""
    tools = tools_of(context)
    await note_spent(tools.database, tools.clock)


@queue.periodic(cron="47 3 * * *")
@queue.task(name="forget_sightings", lock="forget_sightings", pass_context=True, retry=again)
async def forget_old_sightings(context: JobContext, timestamp: int) -> None:
    """Forgets when devices last clicked and who was seen where, every night."""
    tools = tools_of(context)

    async def clicks() -> int:
        async with tools.database.connection() as connection:
            return await forget_clicks(connection, tools.clock(), CHUNK)

    async def sightings() -> int:
        async with tools.database.connection() as connection:
            return await forget_sightings(connection, tools.clock(), CHUNK)

    await in_chunks(clicks)
    await in_chunks(sightings)
