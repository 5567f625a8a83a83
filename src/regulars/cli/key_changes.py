"""What `regulars keys` does: lists credentials, makes them, rotates and revokes their keys."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from regulars.app import CONTRACTS
from regulars.base.clock import utc_now
from regulars.cli.choosing import chosen_location
from regulars.cli.failures import CommandFailed
from regulars.cli.session import OpenProgram, open_program
from regulars.cli.tables import show_table
from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.features.access import actions as access
from regulars.features.access.actions_credentials import (
    import_credential,
    issue_credential,
    list_credentials,
    revoke_credential,
    rotate_credential,
)
from regulars.features.access.model import Credential

PAGE_SIZE = 1000


async def show_all(slug: str | None, data: Path | None) -> None:
    """Prints the program's credentials, revoked ones included."""
    async with open_program(data, slug) as opened:
        places = await access.list_locations(opened.connection, opened.program_id)
        credentials = await _every_credential(opened)
    if not credentials:
        print("there is no key yet: make one with 'regulars keys create NAME --scope SCOPE'")
        return
    slugs = {place.location_id: place.slug for place in places}
    show_table(
        ["number", "name", "scopes", "location", "keys", "state"],
        [_row(credential, slugs) for credential in credentials],
    )


async def create(
    name: str,
    scopes: Sequence[str],
    location: str | None,
    key: str | None,
    slug: str | None,
    data: Path | None,
) -> None:
    """Makes a credential and prints its key, unless `key` was brought along.

    Raises CommandFailed for a key that would be refused wherever it is used.
    """
    require_useful(scopes, location)
    async with open_program(data, slug) as opened:
        place = await chosen_location(opened, location) if location is not None else None
        place_id = None if place is None else place.location_id
        if key is not None:
            credential = await import_credential(
                opened.connection, opened.secret_key, opened.program_id, key,
                name=name, scopes=scopes, location_id=place_id, now=utc_now(),
            )  # fmt: skip
        else:
            issued = await issue_credential(
                opened.connection, opened.secret_key, opened.program_id,
                name=name, scopes=scopes, location_id=place_id, now=utc_now(),
            )  # fmt: skip
            credential = issued.credential
    if key is None:
        print(issued.key)
    print(f"credential {credential.credential_id} ({name}); its key is not shown again", file=sys.stderr)


async def rotate(credential_id: int, overlap: timedelta, slug: str | None, data: Path | None) -> None:
    """Prints a new key of the credential. Raises Refused as `rotate_credential` does."""
    async with open_program(data, slug) as opened:
        issued = await rotate_credential(
            opened.connection, opened.secret_key, opened.program_id, credential_id,
            overlap=overlap, now=utc_now(),
        )  # fmt: skip
    print(issued.key)
    print(f"credential {credential_id}: its earlier keys work for {overlap} more", file=sys.stderr)


async def revoke(credential_id: int, slug: str | None, data: Path | None) -> None:
    """Stops every key of the credential. Raises Refused as `revoke_credential` does."""
    async with open_program(data, slug) as opened:
        await revoke_credential(opened.connection, opened.program_id, credential_id, utc_now())
    print(f"credential {credential_id} is revoked")


def require_useful(scopes: Sequence[str], location: str | None) -> None:
    """Raises CommandFailed for a scope that no contract knows, and for a till's key that is for no hotel."""
    known = {
        scope
        for contract in CONTRACTS
        for presentation in contract.presentations
        for scope in presentation.scopes or ()
    }
    for scope in scopes:
        if scope not in known:
            raise CommandFailed(f"invalid scope {scope}: choose from {', '.join(sorted(known))}")
    if TILL_SCOPE in scopes and location is None:
        raise CommandFailed(
            f"a key with {TILL_SCOPE} is for one location: say which with --location "
            "('regulars locations list' shows them)"
        )


async def _every_credential(opened: OpenProgram) -> list[Credential]:
    credentials: list[Credential] = []
    after = 0
    while page := await list_credentials(opened.connection, opened.program_id, after=after, limit=PAGE_SIZE):
        credentials += page
        after = page[-1].credential_id
    return credentials


def _row(credential: Credential, slugs: dict[int, str]) -> tuple[str, ...]:
    secrets = ", ".join(
        f"{secret.prefix}…" + (f" until {secret.expires_at:%Y-%m-%d %H:%M} UTC" if secret.expires_at else "")
        for secret in credential.secrets
    )
    return (
        str(credential.credential_id),
        credential.name,
        ", ".join(sorted(credential.scopes)),
        "all" if credential.location_id is None else slugs[credential.location_id],
        secrets,
        f"revoked {credential.revoked_at:%Y-%m-%d}" if credential.revoked_at else "active",
    )
