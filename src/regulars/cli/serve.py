"""`regulars serve`."""

from typing import Annotated

from cyclopts import Parameter

from regulars.cli.parameters import Data, Host, Port, Workers

Jobs = Annotated[
    bool | None,
    Parameter(
        name="--jobs", help="Run background jobs in the server; without, run 'regulars work' beside it."
    ),
]


def serve(
    *, host: Host = None, port: Port = None, data: Data = None, workers: Workers = None, jobs: Jobs = None
) -> None:
    """Run the server in production mode.

    Its PostgreSQL lives in the data directory, unless REGULARS_DATABASE_URL names another one. The schema
    is migrated at start. SIGTERM lets requests under way finish.
    """
    from regulars.cli.listening import bound_sockets, url_of
    from regulars.cli.serving import answer_requests, stop_on_signals
    from regulars.cli.session import database_of
    from regulars.db.migrate import migrate
    from regulars.logs import configure_logs
    from regulars.settings import load_settings
    from regulars.vendors import check_carriers

    stop_on_signals()
    _refuse_development()
    settings = load_settings(
        data_directory=data, mode="production", host=host, port=port, workers=workers, jobs=jobs
    )
    check_carriers(settings)
    configure_logs(settings.log_format, settings.log_level)
    listeners = bound_sockets(settings.host, settings.port, settings.workers)
    url = url_of(listeners[0])
    with database_of(settings) as conninfo:
        migrate(conninfo)
        _hint_at_init(conninfo)
        answer_requests(settings, conninfo, listeners, lambda: print(f"serving on {url}", flush=True))


def _refuse_development() -> None:
    import os

    from regulars.cli.failures import CommandFailed, ExitCode

    if os.environ.get("REGULARS_MODE") == "development":
        raise CommandFailed(
            "serve runs in production mode: unset REGULARS_MODE, or try things out with 'regulars demo'",
            ExitCode.USAGE,
        )


def _hint_at_init(conninfo: str) -> None:
    import psycopg

    with psycopg.connect(conninfo) as connection:
        if connection.execute("select exists (select from programs)").fetchone() == (False,):
            print("there is no program yet: make one with 'regulars init'", flush=True)
