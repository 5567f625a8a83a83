"""What `regulars demo` does: makes or finds the demo, shows its keys, serves it."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from fasteners import InterProcessLock
from msgspec.structs import replace

from regulars.base.clock import utc_now
from regulars.cli.environment import hand_down
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.listening import bound_sockets, is_loopback, url_of
from regulars.cli.serving import answer_requests, stop_on_signals
from regulars.cli.session import database_of
from regulars.db.database import Database
from regulars.db.migrate import migrate
from regulars.demo.credentials import (
    SERVERS_NAMES,
    complete_keys,
    complete_secrets,
    read_variables,
    write_variables,
)
from regulars.demo.kiosks.cards import wallet_paths
from regulars.demo.kiosks.venues import SOHO
from regulars.demo.payments import (
    STAND_IN_VARIABLE,
    catch_up,
    is_stand_in_wanted,
    stand_in_settings,
    stripe_of_demo,
)
from regulars.demo.referrals import fill_shop, shop_variables
from regulars.demo.seed import find_demo, seed
from regulars.demo.state import Size
from regulars.demo.summary import CONTENTS, first_request
from regulars.demo.webhooks import RECEIVER_VARIABLE, endpoint_secret
from regulars.features.access.actions import list_programs
from regulars.features.ledger.actions import Ledger
from regulars.features.photos.actions import PhotoLibrary
from regulars.logs import configure_logs
from regulars.settings import Settings, load_settings, with_secret_key
from regulars.stand_ins.stripe.keeping import Spoilt
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from regulars.stand_ins.webhooks.receiver import WebhookReceiver, webhook_receiver
from regulars.vendors import check_carriers

_WIDTH_MAX = 1000


class Demo(msgspec.Struct, frozen=True):
    """The variables of demo.env, and the paths of some customers' pages by whose they are.

    `stripe_url` is where the stand-in for Stripe is, if there is one; `webhooks_url` is where the receiver of
    webhooks shows what came.
    """

    variables: dict[str, str]
    wallets: dict[str, str]
    stripe_url: str | None = None
    webhooks_url: str | None = None

    @property
    def stand_in_variables(self) -> dict[str, str]:
        """What demo.env says of the stand-ins."""
        urls = {STAND_IN_VARIABLE: self.stripe_url, RECEIVER_VARIABLE: self.webhooks_url}
        return {name: url for name, url in urls.items() if url is not None}


def run_demo(host: str, port: int, data: Path, size: Size, workers: int | None) -> None:
    """Serves the demo in `data` until SIGTERM or SIGINT."""
    stop_on_signals()
    _refuse_strangers(host)
    settings = load_settings(
        data_directory=data, mode="development", host=host, port=port, workers=workers, log_level=_log_level()
    )
    if settings.database_url is not None:
        raise CommandFailed("the demo brings its own database: unset REGULARS_DATABASE_URL", ExitCode.USAGE)
    check_carriers(settings)
    configure_logs(settings.log_format, settings.log_level)
    listeners = bound_sockets(host, port, settings.workers)
    with _only_demo_on(data), database_of(settings) as conninfo, webhook_receiver() as receiver:
        migrate(conninfo)
        url = url_of(listeners[0])
        demo = asyncio.run(_prepare(conninfo, settings, size, url, receiver))
        share_secrets(settings, demo.variables)
        hand_down(os.environ, webhooks_to_private_addresses=True)
        with _stripe(settings, demo, url) as stripe:
            if stripe is not None:
                demo = replace(demo, stripe_url=stripe.url)
            path = write_variables(data, demo.variables | demo.stand_in_variables)
            answer_requests(settings, conninfo, listeners, lambda: _announce(url, demo, path, stripe))


def _refuse_strangers(host: str) -> None:
    if not is_loopback(host):
        raise CommandFailed(
            f"the demo answers without keys, so it listens on this machine only, not on {host}: "
            "use 'regulars serve' for others",
            ExitCode.USAGE,
        )


def _log_level() -> str | None:
    """Requests are not worth a line each in a demo, unless somebody asks for them."""
    return None if os.environ.get("REGULARS_LOG_LEVEL") else "warning"


@contextmanager
def _only_demo_on(data: Path) -> Iterator[None]:
    """Keeps a second demo away: both would write demo.env, and neither could be found by it."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = InterProcessLock(data / "demo.lock")
    if not lock.acquire(blocking=False):
        url = read_variables(data).get("REGULARS_URL", "an unknown address")
        raise CommandFailed(f"a demo runs on {data} already, at {url}: stop it, or choose another --data")
    try:
        yield
    finally:
        lock.release()


def _given_secrets(settings: Settings) -> dict[str, str | None]:
    """The secrets that whoever started the demo has set."""
    return {
        "STRIPE_WEBHOOK_SECRET": settings.stripe_webhook_secret,
        "MEMBERSHIP_LINK_SIGNING_SECRET": settings.membership_link_signing_secret,
        "SHOPIFY_WEBHOOK_SECRET": settings.shopify_webhook_secret,
    }


def share_secrets(settings: Settings, variables: dict[str, str]) -> None:
    """Lets the processes that answer requests know the secrets that were made for the demo."""
    for name, given in _given_secrets(settings).items():
        if given is None:
            os.environ[SERVERS_NAMES.get(name, name)] = variables[name]


@contextmanager
def _stripe(settings: Settings, demo: Demo, url: str) -> Iterator[StripeStandIn | None]:
    """The stand-in that sells the demo's memberships; None where the settings say how Stripe is reached."""
    if not is_stand_in_wanted(settings):
        yield None
        return
    try:
        with stripe_of_demo(settings.data_directory, demo.variables["STRIPE_WEBHOOK_SECRET"], url) as stripe:
            hand_down(os.environ, **stand_in_settings(stripe))
            yield stripe
    except Spoilt as error:
        raise CommandFailed(str(error)) from error


def _announce(url: str, demo: Demo, path: Path, stripe: StripeStandIn | None) -> None:
    show(url, demo, path)
    if stripe is not None:
        catch_up(stripe)


async def _prepare(
    conninfo: str, settings: Settings, size: Size, url: str, receiver: WebhookReceiver
) -> Demo:
    """What is shown of the demo, after everything that it names is in the database."""
    database = await Database.open(conninfo, connections_max=4, application_name="regulars-demo")
    library = PhotoLibrary(settings.photo_store_url or settings.data_directory / "photos")
    try:
        await _refuse_other_data(database, settings.data_directory)
        with _progress() as show_progress:
            program = await seed(database, Ledger(database, utc_now), library, size, utc_now(), show_progress)
        secret_key = with_secret_key(settings).secret_key
        assert secret_key is not None
        program = await fill_shop(database, program, secret_key, utc_now())
        async with database.transaction() as connection:
            known = read_variables(settings.data_directory)
            keys = await complete_keys(connection, secret_key, program.program_id, known, utc_now())
            wallets = await wallet_paths(connection, program.program_id, utc_now())
            receiver.secret = await endpoint_secret(
                connection, secret_key, program.program_id, receiver.hook_url, utc_now()
            )
    finally:
        library.close()
        await database.close()
    secrets = complete_secrets(known, _given_secrets(settings))
    shop = shop_variables(program, secret_key, utc_now())
    variables = {"REGULARS_URL": url, "VENUE_ID": SOHO.slug, **keys, **secrets, **shop}
    return Demo(variables, wallets, webhooks_url=receiver.url)


async def _refuse_other_data(database: Database, data: Path) -> None:
    """The demo opens pages to everyone who can reach it: nobody's real members may be behind them."""
    async with database.connection() as connection:
        if await list_programs(connection) and await find_demo(connection) is None:
            raise CommandFailed(
                f"{data} holds data of 'regulars serve', not of a demo: choose another --data"
            )


@contextmanager
def _progress() -> Iterator[Callable[[float], None]]:
    """A bar that appears with the first step, because a demo that is there already takes none."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("Living through a year"), BarColumn(), TimeElapsedColumn())
    bar = Progress(
        *columns, console=console, transient=True, auto_refresh=False, disable=not console.is_terminal
    )
    task = bar.add_task("year", total=1.0)
    shown = 0.0

    def show_part(part: float) -> None:
        nonlocal shown
        bar.start()
        if part - shown > 0.01 or part >= 1:
            shown = part
            bar.update(task, completed=part, refresh=True)

    try:
        yield show_part
    finally:
        bar.stop()


def show(url: str, demo: Demo, path: Path) -> None:
    """Prints where the demo is, what it has, and its keys."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_header=False, title="Regulars demo", title_justify="left")
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_row("server", url)
    table.add_row("documentation", f"{url}/docs")
    if demo.stripe_url is not None:
        table.add_row("payments", f"{demo.stripe_url}\na stand-in for Stripe: memberships without money")
    if demo.webhooks_url is not None:
        table.add_row(
            "webhooks", f"{demo.webhooks_url}\na receiver that shows what arrives, and whether it verifies"
        )
    for name, value in demo.variables.items():
        if name != "REGULARS_URL":
            table.add_row(name, value)
    for name, value in CONTENTS.items():
        table.add_row(name, value)
    for number, (whose, wallet) in enumerate(demo.wallets.items()):
        table.add_row("" if number else "customers' pages", f"{whose}\n{url}{wallet}")
    table.add_row("all keys in", str(path))
    # Keys and addresses are copied from here, so a narrow window must not cut them.
    width = Console(width=_WIDTH_MAX).measure(table).maximum
    Console(width=max(Console().width, width)).print(table)
    print(f"A first request, in another shell:\n\n  {first_request(path)}\n")
    print("Ctrl+C stops it; the data stays.", flush=True)
