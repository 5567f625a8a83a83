"""`regulars work`."""

from typing import TYPE_CHECKING

from regulars.cli.parameters import Data

if TYPE_CHECKING:
    from regulars.cli.session import Session
    from regulars.jobs import Tools


def work(*, data: Data = None) -> None:
    """Run jobs only, beside servers started with --no-jobs.

    Any number of these may run. It needs no port. SIGTERM lets it finish the jobs under way.
    """
    import asyncio

    asyncio.run(_work(data))


async def _work(data: Data) -> None:
    import asyncio
    import signal

    from regulars import jobs
    from regulars.cli.session import open_session
    from regulars.settings import load_settings
    from regulars.vendors import check_carriers

    check_carriers(load_settings(data_directory=data))
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with (
        open_session(data) as session,
        jobs.working(session.conninfo, tools := _tools(session)),
        jobs.delivering(session.conninfo, tools),
    ):
        print("working on jobs; SIGTERM or Ctrl+C stops", flush=True)
        await stop.wait()


def _tools(session: "Session") -> "Tools":
    from regulars.base.clock import utc_now
    from regulars.features.photos.actions import PhotoLibrary
    from regulars.jobs import Tools
    from regulars.vendors import carriers_of, public_url

    settings = session.settings
    photos = PhotoLibrary(settings.photo_store_url or settings.data_directory / "photos")
    carriers = carriers_of(settings)
    return Tools(
        session.database,
        utc_now,
        photos,
        carriers,
        public_url(settings),
        session.secret_key,
        settings.webhooks_to_private_addresses,
    )
