"""What `regulars webhooks replay` does."""

from pathlib import Path
from uuid import UUID

from regulars.base.clock import utc_now
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.parsing import duration_of, unreadable
from regulars.cli.session import OpenProgram, open_program
from regulars.features.webhooks import endpoints, log
from regulars.features.webhooks.log import REPLAYED_MAX


async def replay(
    number: int, event: str | None, since: str | None, dry_run: bool, slug: str | None, data: Path | None
) -> None:
    """Tells one event again, or what the endpoint has not got, and says what that is."""
    if (event is None) == (since is None):
        raise CommandFailed("give the id of an event, or --since to tell what was not got", ExitCode.USAGE)
    async with open_program(data, slug, dry_run=dry_run) as opened:
        endpoint = await endpoints.get_endpoint(opened.connection, opened.program_id, number)
        if event is not None:
            said = await _replay_event(opened, number, event_id_of(event))
        else:
            said = await _replay_since(opened, number, since or "")
    print(said)
    if endpoint.status == "disabled":
        print(f"it waits, because endpoint {number} is disabled: regulars webhooks enable {number}")
    if dry_run:
        print("nothing was changed: --dry-run")


def event_id_of(text: str) -> UUID:
    """The id of an event, as lists and `webhook-id` have it."""
    try:
        return UUID(text)
    except ValueError:
        unreadable("EVENT", text, "the id that 'regulars webhooks events' shows")


async def _replay_event(opened: OpenProgram, number: int, event_id: UUID) -> str:
    await log.replay_event(opened.connection, opened.program_id, number, event_id, utc_now())
    return f"event {event_id} is told to endpoint {number} again"


async def _replay_since(opened: OpenProgram, number: int, since: str) -> str:
    now = utc_now()
    begin = now - duration_of(since, "--since")
    replayed = await log.replay_since(opened.connection, opened.program_id, number, begin, now)
    said = f"endpoint {number}: {replayed.failed} failed and {replayed.missed} missed events are told"
    return (
        said
        if replayed.is_all
        else f"{said}; {REPLAYED_MAX} of a kind at a time, so do it again for the rest"
    )
