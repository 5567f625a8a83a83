"""Everybody who might call: with no credential, with one that no longer works, with somebody else's."""

from datetime import timedelta
from secrets import token_hex

from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE
from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.features.access import actions as access
from regulars.features.access.actions_credentials import (
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from tests.support.family import SECRET_KEY, Family
from tests.support.ledger import NOW

NOBODY = [
    "none", "unknown key", "unknown token", "expired key", "revoked key", "revoked token",
    "a till's key in its own header",
]  # fmt: skip
"""Whose credential is as good as none."""

MISPLACED = [
    "another contract's key", "the admin's key as a token", "a token as the admin's key",
    "a till's key", "a till's key as a token",
]  # fmt: skip
"""Whose credential works, but not for this contract or not when sent this way."""

KINDS = [
    *NOBODY, *MISPLACED, "another program's admin", "parent", "own device", "own device's cookie",
    "other device", "admin",
]  # fmt: skip

Headers = dict[str, str]


async def callers(home: Family) -> dict[str, Headers]:
    """The headers that every kind of caller sends; all of them claim the role admin. leo's device is "own".

    There is a second program afterwards, in which nobody is enrolled by an earn.
    """
    other = await _other_program(home)
    expired, _ = await _rotated(home)
    admin, child = {ADMIN_SCOPE}, {CHILD_SCOPE}
    till = await _till(home)
    sent: dict[str, Headers] = {
        "none": {},
        "unknown key": _key(token_hex(32)),
        "unknown token": _token(token_hex(32)),
        "expired key": _key(expired),
        "revoked key": _key(await _issued(home, home.program_id, admin, revoked=True)),
        "revoked token": _token(await _issued(home, home.program_id, child, child="leo", revoked=True)),
        "a till's key in its own header": {"X-API-Key": till},
        "another contract's key": _key(await _issued(home, home.program_id, {"rejoes:staff"})),
        "the admin's key as a token": _token(home.keys["admin"]),
        "a token as the admin's key": _key(home.keys["leo"]),
        "a till's key": _key(till),
        "a till's key as a token": _token(till),
        "another program's admin": _key(await _issued(home, other, admin)),
        "parent": _key(home.keys["parent"]),
        "own device": _token(home.keys["leo"]),
        "own device's cookie": {"Cookie": f"cryptokids_device={home.keys['leo']}"},
        "other device": _token(home.keys["maya"]),
        "admin": _key(home.keys["admin"]),
    }
    assert list(sent) == KINDS
    return {kind: {**headers, "X-Actor-Role": "admin"} for kind, headers in sent.items()}


def _key(key: str) -> Headers:
    return {"X-Admin-Key": key}


def _token(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


async def _other_program(home: Family) -> int:
    async with home.database.transaction() as connection:
        program = await access.create_program(
            connection, slug="others", name="Others", currency="EUR", time_zone="UTC", now=NOW
        )
        settings = {"cryptokids.enrol_on_earn": False}
        await access.update_program_settings(connection, program.program_id, settings, now=NOW)
    return program.program_id


async def _till(home: Family) -> str:
    """The key of a hotel that belongs to the family's own program."""
    async with home.database.transaction() as connection:
        hotel = await access.create_location(connection, home.program_id, slug="hotel", name="Hotel", now=NOW)
        issued = await issue_credential(
            connection,
            SECRET_KEY,
            home.program_id,
            name="till",
            scopes={TILL_SCOPE},
            location_id=hotel.location_id,
            now=NOW,
        )
    return issued.key


async def _rotated(home: Family) -> tuple[str, str]:
    """The old and the new key of an admin, the old one out of use."""
    async with home.database.transaction() as connection:
        old = await issue_credential(
            connection, SECRET_KEY, home.program_id, name="old", scopes={ADMIN_SCOPE}, now=NOW
        )
        new = await rotate_credential(
            connection,
            SECRET_KEY,
            home.program_id,
            old.credential.credential_id,
            overlap=timedelta(0),
            now=home.clock(),
        )
    return old.key, new.key


async def _issued(
    home: Family, program_id: int, scopes: set[str], *, child: str | None = None, revoked: bool = False
) -> str:
    async with home.database.transaction() as connection:
        issued = await issue_credential(
            connection,
            SECRET_KEY,
            program_id,
            name="one more",
            scopes=scopes,
            member_id=home.member_ids[child] if child else None,
            now=NOW,
        )
        if revoked:
            credential_id = issued.credential.credential_id
            await revoke_credential(connection, program_id, credential_id, home.clock())
    return issued.key
