"""`regulars keys`: API keys are shown once, when they are made; only their hashes are stored."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, Program

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

    from regulars.cli.key_changes import show_all

    asyncio.run(show_all(program, data))


@keys.command
def create(
    name: Name, /, *, scope: Scopes, location: Location = None, program: Program = None, data: Data = None
) -> None:
    """Create a credential and print its key, once, on the output stream.

    A till's key is for one hotel: --scope loyaltyhub:till --location high-street.
    """
    import asyncio

    from regulars.cli.key_changes import create as create_key

    asyncio.run(create_key(name, scope, location, None, program, data))


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

    from regulars.cli.key_changes import create as create_key

    key = (sys.stdin.read() if file is None else file.read_text(encoding="utf-8")).strip()
    asyncio.run(create_key(name, scope, location, key, program, data))


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
    """Print a new key for a credential; its present keys work until the overlap has passed.

    Rotated again, keys from before keep their earlier end.
    """
    import asyncio

    from regulars.cli.key_changes import rotate as rotate_key
    from regulars.cli.parsing import duration_of

    asyncio.run(rotate_key(credential, duration_of(overlap, "--overlap"), program, data))


@keys.command
def revoke(credential: Credentials, /, *, program: Program = None, data: Data = None) -> None:
    """Stop every key of a credential, for good; servers follow within five seconds."""
    import asyncio

    from regulars.cli.key_changes import revoke as revoke_key

    asyncio.run(revoke_key(credential, program, data))
