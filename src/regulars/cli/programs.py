"""`regulars programs`: the tenants of a server, and what each decides for itself."""

from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, DryRun, Program, SettingName, SettingValue

programs = App(
    name="programs",
    help="List programs, show and set what each decides for itself.",
    help_format="plaintext",
    help_formatter="plain",
)

ShownProgram = Annotated[
    str | None, Parameter(help="Slug of the program; needed only when there are several.")
]


@programs.command(name="list")
def list_programs(*, data: Data = None) -> None:
    """List the programs of this server."""
    import asyncio

    from regulars.cli.program_changes import show_all

    asyncio.run(show_all(data))


@programs.command
def show(program: ShownProgram = None, /, *, data: Data = None) -> None:
    """Show one program, and every setting that it has or could have."""
    import asyncio

    from regulars.cli.program_changes import show as show_program

    asyncio.run(show_program(program, data))


@programs.command(name="set")
def set_setting(
    name: SettingName,
    value: SettingValue,
    /,
    *,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Set one setting of a program. Servers follow within five seconds.

    'regulars programs show' lists the settings, with what is allowed.
    """
    import asyncio

    from regulars.cli.program_changes import change

    asyncio.run(change(name, value, dry_run, program, data))


@programs.command
def unset(
    name: SettingName, /, *, dry_run: DryRun = False, program: Program = None, data: Data = None
) -> None:
    """Give one setting of a program its default again."""
    import asyncio

    from regulars.cli.program_changes import change

    asyncio.run(change(name, None, dry_run, program, data))
