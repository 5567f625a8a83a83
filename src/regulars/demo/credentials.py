"""The demo's keys and secrets, and the file `demo.env` that holds them for scripts and tests."""

import secrets
from datetime import datetime
from pathlib import Path

import msgspec

from regulars.base.whole_files import write_whole
from regulars.db.database import Connection
from regulars.demo.hotels.places import HIGH_STREET, NUMBER_FOUR
from regulars.features.access import actions as access
from regulars.features.access import actions_credentials as credentials
from regulars.features.access.model import Caller

FILE = "demo.env"


class DemoKey(msgspec.Struct, frozen=True):
    """What a key in the file is called, what it may do, and the slug of the place that it is bound to.

    `more_scopes` are for a caller who speaks several contracts.
    """

    name: str
    scope: str
    place: str | None = None
    more_scopes: tuple[str, ...] = ()

    @property
    def scopes(self) -> set[str]:
        """All that it may do."""
        return {self.scope, *self.more_scopes}


KEYS = {
    "KIOSK_SHARED_SECRET": DemoKey("Demo kiosks", "sessions:kiosk"),
    "INTERNAL_API_KEY": DemoKey("Demo shop's server", "sessions:internal", more_scopes=("fittwin:internal",)),
    "ADMIN_API_KEY": DemoKey("Demo shop's office", "sessions:admin"),
    "CK_ADMIN_KEY": DemoKey("Demo admin", "cryptokids:admin"),
    "CK_PARENT_KEY": DemoKey("Demo parent", "cryptokids:parent"),
    "HOTEL_API_KEY": DemoKey("High Street tills", "loyaltyhub:till", HIGH_STREET.slug),
    "HOTEL_2_API_KEY": DemoKey("Number Four tills", "loyaltyhub:till", NUMBER_FOUR.slug),
    "STORE_API_KEY": DemoKey("Demo stores", "rejoes:store"),
}

SECRETS = {
    "STRIPE_WEBHOOK_SECRET": "whsec_",
    "MEMBERSHIP_LINK_SIGNING_SECRET": "",
    "SHOPIFY_WEBHOOK_SECRET": "",
}
"""Secrets that callers share with the server, which has them from its environment; how each begins."""


SERVERS_NAMES = {"SHOPIFY_WEBHOOK_SECRET": "REGULARS_SHOPIFY_WEBHOOK_SECRET"}
"""What the server's own setting is called, where that is another name."""


def complete_secrets(known: dict[str, str], given: dict[str, str | None]) -> dict[str, str]:
    """The demo's secrets: those the server was given, else those in `known`, and new ones for the rest."""
    return {
        variable: given.get(variable) or known.get(variable) or beginning + secrets.token_hex(32)
        for variable, beginning in SECRETS.items()
    }


async def complete_keys(
    connection: Connection, secret_key: str, program_id: int, known: dict[str, str], now: datetime
) -> dict[str, str]:
    """The demo's keys: those in `known` that still work, and new ones for the rest."""
    places = {place.slug: place.location_id for place in await access.list_locations(connection, program_id)}
    found = {}
    for variable, wanted in KEYS.items():
        location_id = places[wanted.place] if wanted.place is not None else None
        key = known.get(variable, "")
        caller = await credentials.find_caller(connection, secret_key, key, now)
        if caller is None or not _is_for(caller, program_id, location_id, wanted.scopes):
            issued = await credentials.issue_credential(
                connection,
                secret_key,
                program_id,
                name=wanted.name,
                scopes=wanted.scopes,
                location_id=location_id,
                now=now,
            )
            key = issued.key
        found[variable] = key
    return found


def _is_for(caller: Caller, program_id: int, location_id: int | None, scopes: set[str]) -> bool:
    return (caller.program_id, caller.location_id) == (program_id, location_id) and scopes <= caller.scopes


def read_variables(directory: Path) -> dict[str, str]:
    """What demo.env says, empty when there is none."""
    try:
        lines = (directory / FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def write_variables(directory: Path, variables: dict[str, str]) -> Path:
    """Writes demo.env, readable by its owner only, in full or not at all. Returns its path."""
    path = directory / FILE
    lines = "".join(f"{name}={value}\n" for name, value in variables.items())
    write_whole(path, f"# The demo's address and keys. For this machine only.\n{lines}")
    return path
