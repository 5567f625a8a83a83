"""`regulars bench`."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from regulars.cli.parameters import Data

if TYPE_CHECKING:
    from rich.console import Console

    from regulars.bench.report import Growth, Row

bench = App(
    name="bench",
    help="Measure this machine beside pgbench, in one run.",
    help_format="plaintext",
    help_formatter="plain",
)

POSITIVE = Number(gte=1)

Seconds = Annotated[int, Parameter(help="How long each measurement runs.", validator=POSITIVE)]
WarmUpSeconds = Annotated[int, Parameter(help="How long the load runs before it.", validator=POSITIVE)]
Turns = Annotated[int, Parameter(help="How often what is compared is measured, in turn.", validator=POSITIVE)]
DeepRows = Annotated[
    int, Parameter(help="Transfers of the member with the long history.", validator=Number(gte=50))
]
Clients = Annotated[
    tuple[int, ...],
    Parameter(help="How many tills ask at once.", validator=POSITIVE, consume_multiple=True, negative=()),
]
Workers = Annotated[
    tuple[int, ...],
    Parameter(help="How many processes answer.", validator=POSITIVE, consume_multiple=True, negative=()),
]
Customers = Annotated[
    int, Parameter(help="Customers; a tenth of them is measured too.", validator=Number(gte=10))
]
Visits = Annotated[int, Parameter(help="Their visits in the past year.", validator=Number(gte=10))]
SyncCustomers = Annotated[int, Parameter(help="Customers that /sync sends at once.", validator=POSITIVE)]
KioskCustomers = Annotated[int, Parameter(help="Customers of the kiosks.", validator=Number(gte=10))]
Orders = Annotated[int, Parameter(help="Orders that they paid in the past year.", validator=Number(gte=0))]
Memberships = Annotated[
    int, Parameter(help="Live memberships that the monthly grant finds.", validator=POSITIVE)
]
Cards = Annotated[int, Parameter(help="Cards of which phones are told.", validator=POSITIVE)]
Only = Annotated[Literal["kiosks", "grant", "cards"] | None, Parameter(help="Measure nothing but this part.")]
Borrowers = Annotated[int, Parameter(help="Borrowers of the stores.", validator=Number(gte=10))]
Loans = Annotated[
    int, Parameter(help="Garments that they brought back in the past year.", validator=Number(gte=0))
]
Markdown = Annotated[Path | None, Parameter(help="Also write the table to this file.")]


@bench.command
def ledger(
    *,
    data: Data = None,
    seconds: Seconds = 5,
    warm_up_seconds: WarmUpSeconds = 10,
    turns: Turns = 5,
    deep_rows: DeepRows = 1_000_000,
    markdown: Markdown = None,
) -> None:
    """Measure postings, one at a time and in bulk, and history pages.

    Works in a database of its own on the server that the settings name, and drops it afterwards. Nothing else
    should run on the machine meanwhile. Needs wrk; pgbench comes with the embedded server.
    """
    import asyncio

    from regulars.bench import ledger as measures
    from regulars.bench.sweep import Sweep

    async def measure(conninfo: str, console: "Console") -> "tuple[Sequence[Row | Growth], list[str]]":
        return await measures.run(conninfo, Sweep(console, seconds, warm_up_seconds, turns), deep_rows)

    asyncio.run(_bench("Ledger", measure, data, markdown))


@bench.command
def loyaltyhub(
    *,
    data: Data = None,
    seconds: Seconds = 5,
    warm_up_seconds: WarmUpSeconds = 10,
    turns: Turns = 5,
    clients: Clients = (1, 32, 90),
    workers: Workers = (1, 2),
    customers: Customers = 100_000,
    visits: Visits = 2_000_000,
    sync_customers: SyncCustomers = 1_000_000,
    markdown: Markdown = None,
) -> None:
    """Measure what tills of hotels ask: identify and transaction, and /sync beside psql's COPY TO.

    Works in databases of its own on the server that the settings name, and drops them afterwards; they take
    some 3 GB. Nothing else should run on the machine meanwhile. Needs wrk; pgbench and psql come with the
    embedded server.
    """
    import asyncio

    from regulars.bench import loyaltyhub as measures
    from regulars.bench.sweep import Sweep

    sizes = measures.Sizes(customers, visits, sync_customers)

    async def measure(conninfo: str, console: "Console") -> "tuple[Sequence[Row | Growth], list[str]]":
        sweep = Sweep(console, seconds, warm_up_seconds, turns, clients, workers)
        return await measures.run(conninfo, sweep, sizes)

    asyncio.run(_bench("Loyalty Hub", measure, data, markdown))


@bench.command
def sessions(
    *,
    data: Data = None,
    seconds: Seconds = 5,
    warm_up_seconds: WarmUpSeconds = 10,
    turns: Turns = 5,
    clients: Clients = (1, 32, 90),
    workers: Workers = (1, 2),
    customers: KioskCustomers = 100_000,
    orders: Orders = 1_000_000,
    memberships: Memberships = 1_000_000,
    cards: Cards = 3_000,
    only: Only = None,
    markdown: Markdown = None,
) -> None:
    """Measure kiosks: earning and rewards for carts, the monthly grant, and cards on phones.

    Works in databases of its own on the server that the settings name, and drops them afterwards; they take
    some 4 GB. Nothing else should run on the machine meanwhile. Needs wrk; pgbench comes with the embedded
    server, and a stand-in takes what is pushed to phones.
    """
    import asyncio

    from regulars.bench import sessions as measures
    from regulars.bench.sweep import Sweep

    sizes = measures.Sizes(customers, orders, memberships, cards)

    async def measure(conninfo: str, console: "Console") -> "tuple[Sequence[Row | Growth], list[str]]":
        sweep = Sweep(console, seconds, warm_up_seconds, turns, clients, workers)
        return await measures.run(conninfo, sweep, sizes, only)

    asyncio.run(_bench("Sessions Rewards", measure, data, markdown))


@bench.command
def rejoes(
    *,
    data: Data = None,
    seconds: Seconds = 5,
    warm_up_seconds: WarmUpSeconds = 10,
    turns: Turns = 5,
    clients: Clients = (1, 32, 90),
    workers: Workers = (1, 2),
    borrowers: Borrowers = 100_000,
    loans: Loans = 500_000,
    markdown: Markdown = None,
) -> None:
    """Measure stores that lend clothes: garments taken along and brought back.

    Works in a database of its own on the server that the settings name, and drops it afterwards; it takes
    some 2 GB. Nothing else should run on the machine meanwhile. Needs wrk; pgbench comes with the embedded
    server.
    """
    import asyncio

    from regulars.bench import rejoes as measures
    from regulars.bench.sweep import Sweep

    sizes = measures.Sizes(borrowers, loans)

    async def measure(conninfo: str, console: "Console") -> "tuple[Sequence[Row | Growth], list[str]]":
        sweep = Sweep(console, seconds, warm_up_seconds, turns, clients, workers)
        return await measures.run(conninfo, sweep, sizes)

    asyncio.run(_bench("Rejoes", measure, data, markdown))


@bench.command
def fittwin(
    *,
    data: Data = None,
    seconds: Seconds = 5,
    warm_up_seconds: WarmUpSeconds = 10,
    turns: Turns = 5,
    clients: Clients = (1, 32, 90),
    workers: Workers = (1, 2),
    events: Annotated[
        int,
        Parameter(help="Events of all RIDs; a tenth is measured too.", validator=Number(gte=1000)),
    ] = 1_000_000,
    rewards: Annotated[int, Parameter(help="Rewards that become due.", validator=Number(gte=10))] = 1_000_000,
    markdown: Markdown = None,
) -> None:
    """Measure a shop whose customers recommend: links that are followed, orders, and rewards that mature.

    Works in databases of its own on the server that the settings name, and drops them afterwards; they take
    some 2 GB. Nothing else should run on the machine meanwhile. Needs wrk; pgbench comes with the embedded
    server.
    """
    import asyncio

    from regulars.bench import fittwin as measures
    from regulars.bench.sweep import Sweep

    sizes = measures.Sizes(events, rewards)

    async def measure(conninfo: str, console: "Console") -> "tuple[Sequence[Row | Growth], list[str]]":
        sweep = Sweep(console, seconds, warm_up_seconds, turns, clients, workers)
        return await measures.run(conninfo, sweep, sizes)

    asyncio.run(_bench("FitTwin", measure, data, markdown))


@bench.command
def webhooks(
    *,
    data: Data = None,
    events: Annotated[
        int, Parameter(help="Webhooks that each turn posts.", validator=Number(gte=1000))
    ] = 20_000,
    turns: Annotated[int, Parameter(help="How often each measurement is made.", validator=POSITIVE)] = 3,
    markdown: Markdown = None,
) -> None:
    """Measure deliveries of webhooks to a receiver on this machine, beside the HTTP client alone.

    Works in a database of its own on the server that the settings name, and drops it afterwards. Nothing else
    should run on the machine meanwhile.
    """
    import asyncio

    from regulars.bench import webhooks as measures

    async def measure(conninfo: str, console: "Console") -> "tuple[Sequence[Row | Growth], list[str]]":
        return await measures.run(conninfo, console, events, turns)

    asyncio.run(_bench("Webhooks", measure, data, markdown))


async def _bench(
    title: str,
    measure: "Callable[[str, Console], Awaitable[tuple[Sequence[Row | Growth], list[str]]]]",
    data: Path | None,
    markdown: Path | None,
) -> None:
    """Prints what `measure` gives on the server that the settings name."""
    from rich.console import Console

    from regulars.bench import report
    from regulars.cli.session import open_session

    console = Console()
    async with open_session(data) as session:
        rows, notes = await measure(session.conninfo, console)
    report.print_table(console, title, rows)
    for note in notes:
        console.print(f"- {note}")
    if markdown is not None:
        markdown.write_text(report.markdown(title, rows, notes))
