"""`regulars init`: the first program of a database, asked for or from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from regulars.cli.parameters import Data

if TYPE_CHECKING:
    from regulars.cli.first_program import FirstProgram, MadeKey

Config = Annotated[
    Path | None,
    Parameter(help="TOML file with program, location and keys; without it, you are asked."),
]


def init(*, config: Config = None, data: Data = None) -> None:
    """Make the first program, its location and its keys.

    Keys are printed once, on the output stream, as NAME=KEY. Where the program is there already, nothing
    is changed.
    """
    import asyncio
    import sys

    from regulars.cli.failures import CommandFailed, ExitCode
    from regulars.cli.first_program import read_first_program

    # What is wrong with the file or the terminal is said before a database is started.
    wanted = read_first_program(config) if config is not None else None
    if wanted is None and not sys.stdin.isatty():
        raise CommandFailed("there is nobody to ask: give a file with --config", ExitCode.USAGE)
    asyncio.run(_init(wanted, data))


async def _init(wanted: "FirstProgram | None", data: Data) -> None:
    import sys

    from regulars.base.clock import utc_now
    from regulars.cli.first_program import make_first_program
    from regulars.cli.session import open_session
    from regulars.features.access.actions import list_programs

    async with open_session(data) as session:
        async with session.database.connection() as connection:
            programs = await list_programs(connection)
        if programs and (wanted is None or wanted.slug in {program.slug for program in programs}):
            slugs = ", ".join(program.slug for program in programs)
            print(f"nothing to do: the database has a program ({slugs}); more keys: 'regulars keys create'")
            return
        if wanted is None:
            wanted = _ask()
        async with session.database.transaction() as connection:
            keys = await make_first_program(connection, session.secret_key, wanted, utc_now())
    _show(keys)
    print(f"program {wanted.slug} is ready; the keys are not shown again", file=sys.stderr)


def _ask() -> "FirstProgram":
    from rich.console import Console
    from rich.prompt import Prompt

    from regulars.cli.first_program import DEFAULT_KEYS, FirstLocation, FirstProgram

    console = Console(stderr=True)

    def ask(question: str, default: str) -> str:
        return Prompt.ask(question, default=default, console=console)

    slug = ask("Short name of the program, for addresses and options", "main")
    name = ask("Name that people see", slug.title())
    currency = ask("Currency (ISO 4217)", "GBP")
    time_zone = ask("Time zone (IANA)", "Europe/London")
    place = ask("Short name of its first location", "venue_001")
    place_name = ask("Name of that location", name)
    return FirstProgram(
        slug=slug,
        name=name,
        currency=currency,
        time_zone=time_zone,
        location=FirstLocation(slug=place, name=place_name),
        keys=DEFAULT_KEYS,
    )


def _show(keys: "list[MadeKey]") -> None:
    for made in keys:
        print(f"{made.variable}={made.key}")
