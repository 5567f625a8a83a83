"""The demo's keys, and the file `demo.env` that holds them for scripts and tests."""

import os
from datetime import datetime
from pathlib import Path

from regulars.db.database import Connection
from regulars.features.access import actions_credentials as credentials

FILE = "demo.env"

KEYS = {
    "CK_ADMIN_KEY": ("Demo admin", "cryptokids:admin"),
    "CK_PARENT_KEY": ("Demo parent", "cryptokids:parent"),
}
"""What each key in the file is called, and what it may do."""


async def complete_keys(
    connection: Connection, secret_key: str, program_id: int, known: dict[str, str], now: datetime
) -> dict[str, str]:
    """The demo's keys: those in `known` that still work, and new ones for the rest."""
    found = {}
    for variable, (name, scope) in KEYS.items():
        key = known.get(variable, "")
        caller = await credentials.find_caller(connection, secret_key, key, now)
        if caller is None or caller.program_id != program_id:
            issued = await credentials.issue_credential(
                connection, secret_key, program_id, name=name, scopes=[scope], now=now
            )
            key = issued.key
        found[variable] = key
    return found


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
    draft = directory / f"{FILE}.new"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("# The demo's address and keys. For this machine only.\n")
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    return path
