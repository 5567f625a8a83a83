"""What `regulars programs` does: lists programs, and shows and changes their settings."""

from pathlib import Path

from regulars.base.clock import utc_now
from regulars.base.stored_settings import Holder
from regulars.cli.session import open_program, open_session
from regulars.cli.setting_changes import chosen_setting, show_settings, told_change, typed_value
from regulars.cli.tables import show_table
from regulars.features.access import actions as access
from regulars.features.access.sealing import SettingSeal


async def show_all(data: Path | None) -> None:
    """Prints the programs of the server."""
    async with open_session(data) as session, session.database.connection() as connection:
        programs = await access.list_programs(connection)
    if not programs:
        print("there is no program yet: make one with 'regulars init'")
        return
    show_table(
        ["number", "slug", "name", "time zone", "currency"],
        [
            [str(program.program_id), program.slug, program.name, program.time_zone, program.currency]
            for program in programs
        ],
    )


async def show(slug: str | None, data: Path | None) -> None:
    """Prints one program and its settings."""
    async with open_program(data, slug) as opened:
        program, seal = opened.program, SettingSeal(opened.secret_key)
    print(f"program {program.slug} ({program.name}): {program.time_zone}, {program.currency}")
    show_settings(Holder.PROGRAM, seal.opened(program))


async def change(name: str, text: str | None, dry_run: bool, slug: str | None, data: Path | None) -> None:
    """Sets one setting, or unsets it where no text is given, and says what it was and is."""
    setting = chosen_setting(name, Holder.PROGRAM)
    changes = {} if text is None else {setting.name: typed_value(setting, text)}
    async with open_program(data, slug, dry_run=dry_run) as opened:
        seal = SettingSeal(opened.secret_key)
        changed = await access.update_program_settings(
            opened.connection,
            opened.program_id,
            changes,
            resets=[] if changes else [setting.name],
            seal=seal,
            now=utc_now(),
        )
    before, after = seal.opened(opened.program), seal.opened(changed)
    print(told_change(f"program {changed.slug}", setting, before, after, dry_run))
