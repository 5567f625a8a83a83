"""`regulars keys`: API keys are shown once, when they are made; only their hashes are stored."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, Program

if TYPE_CHECKING:
    from regulars.features.access.model import Credential

keys = App(
    name="keys",
    help="List, create, rotate, revoke and import API keys.",
    help_format="plaintext",
    help_formatter="plain",
)

Name = Annotated[str, Parameter(help="What the credential is called in lists and in the history.")]
Scopes = Annotated[
    list[str],
    Parameter(
        name="--scope", help="What the key may do, such as cryptokids:admin. May be given several times.",
        negative=(),
    ),
]  # fmt: skip
Location = Annotated[str | None, Parameter(name="--location", help="Slug of the only location it acts for.")]
Credentials = Annotated[int, Parameter(help="The number that 'regulars keys list' shows.")]


@keys.command(name="list")
def list_keys(*, program: Program = None, data: Data = None) -> None:
    """List the program's credentials; keys themselves cannot be read back."""
    import asyncio

    asyncio.run(_list(program, data))


@keys.command
def create(
    name: Name, /, *, scope: Scopes, location: Location = None, program: Program = None, data: Data = None
) -> None:
    """Create a credential and print its key, once, on the output stream."""
    import asyncio

    asyncio.run(_create(name, scope, location, None, program, data))


@keys.command(name="import")
def import_key(
    name: Name,
    /,
    *,
    scope: Scopes,
    file: Annotated[
        Path | None, Parameter(help="File that holds the key; without it, standard input.")
    ] = None,
    location: Location = None,
    program: Program = None,
    data: Data = None,
) -> None:
    """Take over a key that callers use already: 16 to 512 visible ASCII characters.

    The key is read from a file or from standard input, because what stands on a command line is seen by
    every user of the machine.
    """
    import asyncio
    import sys

    key = (sys.stdin.read() if file is None else file.read_text(encoding="utf-8")).strip()
    asyncio.run(_create(name, scope, location, key, program, data))


@keys.command
def rotate(
    credential: Credentials,
    /,
    *,
    overlap: Annotated[
        str, Parameter(help="How long the present keys go on working: 0, or a number with s, m, h or d.")
    ] = "24h",
    program: Program = None,
    data: Data = None,
) -> None:
    """Print a new key for a credential; its present keys work until the overlap has passed."""
    import asyncio

    asyncio.run(_rotate(credential, duration_of(overlap), program, data))


@keys.command
def revoke(credential: Credentials, /, *, program: Program = None, data: Data = None) -> None:
    """Stop every key of a credential, for good; servers follow within five seconds."""
    import asyncio

    asyncio.run(_revoke(credential, program, data))


def duration_of(text: str) -> timedelta:
    """A duration written as 90s, 30m, 24h, 7d, or 0."""
    from regulars.cli.failures import CommandFailed, ExitCode

    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = (text[:-1], text[-1]) if text and text[-1] in seconds else (text, "")
    if not (number.isascii() and number.isdigit()) or len(number) > 6 or not (unit or int(number) == 0):
        raise CommandFailed(f"--overlap {text}: write it as 90s, 30m, 24h or 7d", ExitCode.USAGE)
    return timedelta(seconds=int(number) * seconds.get(unit, 1))


async def _list(slug: str | None, data: Data) -> None:
    from rich.console import Console
    from rich.table import Table

    from regulars.cli.session import chosen_program, open_session
    from regulars.features.access.actions_credentials import list_credentials

    table = Table("number", "name", "scopes", "location", "keys", "state")
    async with open_session(data) as session, session.database.connection() as connection:
        program = await chosen_program(connection, slug)
        after = 0
        while page := await list_credentials(connection, program.program_id, after=after):
            for credential in page:
                table.add_row(*_row(credential))
            after = page[-1].credential_id
    Console().print(table)


def _row(credential: "Credential") -> tuple[str, ...]:
    secrets = ", ".join(
        f"{secret.prefix}…" + (f" until {secret.expires_at:%Y-%m-%d %H:%M} UTC" if secret.expires_at else "")
        for secret in credential.secrets
    )
    return (
        str(credential.credential_id),
        credential.name,
        ", ".join(sorted(credential.scopes)),
        "all" if credential.location_id is None else str(credential.location_id),
        secrets,
        f"revoked {credential.revoked_at:%Y-%m-%d}" if credential.revoked_at else "active",
    )


async def _create(
    name: str, scopes: list[str], location: str | None, key: str | None, slug: str | None, data: Data
) -> None:
    import sys

    from regulars.base.clock import utc_now
    from regulars.cli.failures import CommandFailed
    from regulars.cli.session import chosen_program, open_session
    from regulars.features.access.actions import find_location
    from regulars.features.access.actions_credentials import import_credential, issue_credential

    async with open_session(data) as session, session.database.transaction() as connection:
        program_id = (await chosen_program(connection, slug)).program_id
        place = await find_location(connection, program_id, location) if location else None
        if location and place is None:
            raise CommandFailed(f"the program has no location {location}")
        place_id = place.location_id if place else None
        if key is not None:
            credential = await import_credential(
                connection, session.secret_key, program_id, key,
                name=name, scopes=scopes, location_id=place_id, now=utc_now(),
            )  # fmt: skip
        else:
            issued = await issue_credential(
                connection, session.secret_key, program_id,
                name=name, scopes=scopes, location_id=place_id, now=utc_now(),
            )  # fmt: skip
            credential = issued.credential
    if key is None:
        print(issued.key)
    print(f"credential {credential.credential_id} ({name}); its key is not shown again", file=sys.stderr)


async def _rotate(credential_id: int, overlap: timedelta, slug: str | None, data: Data) -> None:
    import sys

    from regulars.base.clock import utc_now
    from regulars.cli.session import chosen_program, open_session
    from regulars.features.access.actions_credentials import rotate_credential

    async with open_session(data) as session, session.database.transaction() as connection:
        program = await chosen_program(connection, slug)
        issued = await rotate_credential(
            connection, session.secret_key, program.program_id, credential_id, overlap=overlap, now=utc_now()
        )
    print(issued.key)
    print(f"credential {credential_id}: its earlier keys work for {overlap} more", file=sys.stderr)


async def _revoke(credential_id: int, slug: str | None, data: Data) -> None:
    from regulars.base.clock import utc_now
    from regulars.cli.session import chosen_program, open_session
    from regulars.features.access.actions_credentials import revoke_credential

    async with open_session(data) as session, session.database.transaction() as connection:
        program = await chosen_program(connection, slug)
        await revoke_credential(connection, program.program_id, credential_id, utc_now())
    print(f"credential {credential_id} is revoked")
