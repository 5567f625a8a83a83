"""`regulars bench`."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from regulars.cli.parameters import Data


def bench(
    what: Literal["ledger"],
    /,
    *,
    data: Data = None,
    seconds: Annotated[int, Parameter(help="How long each measurement runs.")] = 10,
    deep_rows: Annotated[int, Parameter(help="Transfers of the member with the long history.")] = 1_000_000,
    markdown: Annotated[Path | None, Parameter(help="Also write the table to this file.")] = None,
) -> None:
    """Measure postings and history pages beside pgbench, in one run on one machine.

    Works in a database of its own on the server that the settings name, and drops it afterwards. Nothing else
    should run on the machine meanwhile. Needs wrk; pgbench comes with the embedded server.
    """
    import asyncio

    asyncio.run(_bench(data, seconds, deep_rows, markdown))


async def _bench(data: Data, seconds: int, deep_rows: int, markdown: Path | None) -> None:
    from rich.console import Console

    from regulars.bench import ledger, report
    from regulars.cli.session import open_session

    console = Console()
    async with open_session(data) as session:
        plan = ledger.Plan(seconds=seconds, deep_rows=deep_rows)
        rows, notes = await ledger.run(session.conninfo, plan, console)
    report.print_table(console, "ledger", rows)
    for note in notes:
        console.print(f"- {note}")
    if markdown is not None:
        markdown.write_text(report.markdown("Ledger", rows, notes))
