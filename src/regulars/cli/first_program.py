"""What `regulars init` makes: a program, a location and keys, all of it or nothing."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from regulars.base.stored_settings import Holder
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.key_changes import require_useful
from regulars.cli.setting_changes import require_settings
from regulars.db.database import Connection
from regulars.features.access.actions import create_location, create_program
from regulars.features.access.actions_credentials import issue_credential
from regulars.features.access.sealing import SettingSeal


class FirstLocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program's first location."""

    slug: str
    name: str


class FirstKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key to make: what it is called, what it may do, and the slug of the only location it acts for."""

    name: str
    scopes: tuple[str, ...]
    location: str | None = None


DEFAULT_KEYS = (
    FirstKey("CK admin key", ("cryptokids:admin",)),
    FirstKey("CK parent key", ("cryptokids:parent",)),
)


class FirstProgram(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A program to make, as the TOML file describes it."""

    slug: str
    name: str
    currency: str = "GBP"
    time_zone: str = "Europe/London"
    location: FirstLocation | None = None
    keys: tuple[FirstKey, ...] = DEFAULT_KEYS
    settings: dict[str, Any] = {}


class MadeKey(msgspec.Struct, frozen=True):
    """A key under the name that scripts know it by, such as CK_ADMIN_KEY."""

    variable: str
    key: str


def read_first_program(path: Path) -> FirstProgram:
    """What the file describes. Raises CommandFailed where it does not describe one."""
    try:
        wanted = msgspec.toml.decode(path.read_bytes(), type=FirstProgram)
    except OSError as error:
        raise CommandFailed(f"{path}: {error.strerror}", ExitCode.USAGE) from error
    except (msgspec.DecodeError, ValueError) as error:
        raise CommandFailed(f"{path}: {error}", ExitCode.USAGE) from error
    require_settings(wanted.settings, Holder.PROGRAM)
    return wanted


async def make_first_program(
    connection: Connection, secret_key: str, wanted: FirstProgram, now: datetime
) -> list[MadeKey]:
    """The keys of the new program.

    Raises Refused as `create_program` and `issue_credential` do, and CommandFailed as `require_useful` does
    and for a key of another location than the program's.
    """
    program = await create_program(
        connection,
        slug=wanted.slug,
        name=wanted.name,
        currency=wanted.currency,
        time_zone=wanted.time_zone,
        settings=wanted.settings,
        seal=SettingSeal(secret_key),
        now=now,
    )
    location_ids: dict[str | None, int | None] = {None: None}
    if wanted.location is not None:
        location = await create_location(
            connection, program.program_id, slug=wanted.location.slug, name=wanted.location.name, now=now
        )
        location_ids[location.slug] = location.location_id
    made = []
    for key in wanted.keys:
        require_useful(key.scopes, key.location)
        if key.location not in location_ids:
            raise CommandFailed(
                f"the key {key.name} is for {key.location}, which is not the program's location"
            )
        issued = await issue_credential(
            connection,
            secret_key,
            program.program_id,
            name=key.name,
            scopes=key.scopes,
            location_id=location_ids[key.location],
            now=now,
        )
        made.append(MadeKey(re.sub(r"[^A-Z0-9]+", "_", key.name.upper()).strip("_"), issued.key))
    return made
