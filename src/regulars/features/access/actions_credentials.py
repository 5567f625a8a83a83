"""Credentials: issued, brought along, rotated, revoked, listed. No key is ever logged or read back."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import rules, store, store_credentials
from regulars.features.access.keys import (
    PREFIX_LENGTH,
    KeyHasher,
    generate_key,
    is_plausible,
    is_well_formed_to_bring,
    same_digest,
)
from regulars.features.access.model import Caller, Credential, IssuedKey

KEY_DRAWS_MAX = 5
"""How often a key is drawn when its prefix is in use; even one such chance is below one in 10^12."""


async def issue_credential(
    connection: Connection,
    secret_key: str | bytes,
    program_id: int,
    *,
    name: str,
    scopes: Collection[str],
    location_id: int | None = None,
    member_id: UUID | None = None,
    now: datetime,
    new_key: Callable[[], str] = generate_key,
) -> IssuedKey:
    """A new credential and its key, which is to be shown once.

    `location_id` and `member_id` must be the program's own. Raises Refused: invalid_name, invalid_scope.
    """
    credential = await _create(
        connection,
        program_id,
        name=name,
        scopes=scopes,
        location_id=location_id,
        member_id=member_id,
        now=now,
    )
    hasher = KeyHasher(secret_key)
    key = await _draw_key(connection, hasher, program_id, credential.credential_id, new_key, now)
    return IssuedKey(await _read(connection, program_id, credential.credential_id), key)


async def import_credential(
    connection: Connection,
    secret_key: str | bytes,
    program_id: int,
    key: str,
    *,
    name: str,
    scopes: Collection[str],
    location_id: int | None = None,
    member_id: UUID | None = None,
    now: datetime,
) -> Credential:
    """A new credential for a key that callers use already: 16 to 512 visible ASCII characters, no spaces.

    Raises Refused: invalid_key, key_taken (also when another program has it), invalid_name, invalid_scope.
    """
    if not is_well_formed_to_bring(key):
        raise Refused("invalid_key")
    hasher = KeyHasher(secret_key)
    # A key that this server itself issued may not be brought along as well: it would stand for two callers.
    if await _matching(connection, hasher, key, now) is not None:
        raise Refused("key_taken")
    # The savepoint takes the credential back when its key is refused, whatever the caller then does.
    async with connection.transaction():
        credential = await _create(
            connection,
            program_id,
            name=name,
            scopes=scopes,
            location_id=location_id,
            member_id=member_id,
            now=now,
        )
        stored = await store_credentials.insert_secret(
            connection,
            program_id,
            credential.credential_id,
            hasher.prefix_of_brought_key(key),
            hasher.digest(key),
            now,
        )
        if not stored:
            raise Refused("key_taken")
    return await _read(connection, program_id, credential.credential_id)


async def rotate_credential(
    connection: Connection,
    secret_key: str | bytes,
    program_id: int,
    credential_id: int,
    *,
    overlap: timedelta,
    now: datetime,
    new_key: Callable[[], str] = generate_key,
) -> IssuedKey:
    """A new key for the credential; its earlier keys work until `overlap` from now, or their earlier end.

    Raises Refused: credential_not_found, credential_revoked.
    """
    assert overlap >= timedelta(0)
    revoked = await store_credentials.lock_credential(connection, program_id, credential_id)
    if revoked is None:
        raise Refused("credential_not_found")
    if revoked:
        raise Refused("credential_revoked")
    await store_credentials.expire_secrets(connection, program_id, credential_id, now + overlap)
    key = await _draw_key(connection, KeyHasher(secret_key), program_id, credential_id, new_key, now)
    return IssuedKey(await _read(connection, program_id, credential_id), key)


async def revoke_credential(
    connection: Connection, program_id: int, credential_id: int, now: datetime
) -> None:
    """Every key of the credential stops; processes that have one cached follow within two seconds.

    Revoking again changes nothing. Raises Refused: credential_not_found.
    """
    if not await store_credentials.revoke_credential(connection, program_id, credential_id, now):
        raise Refused("credential_not_found")


async def revoke_credentials_of_member(
    connection: Connection, program_id: int, member_id: UUID, now: datetime
) -> int:
    """How many credentials the member's devices had; all stop, and their names, which a person chose, go."""
    return await store_credentials.revoke_credentials_of_member(connection, program_id, member_id, now)


async def get_credential(connection: Connection, program_id: int, credential_id: int) -> Credential | None:
    """The credential without its keys, or None."""
    return await store_credentials.select_credential(connection, program_id, credential_id)


async def list_credentials(
    connection: Connection, program_id: int, *, after: int = 0, limit: int = 100
) -> list[Credential]:
    """The program's credentials without their keys, oldest first, beginning after the id `after`."""
    return await store_credentials.select_credentials(connection, program_id, after, limit)


async def find_caller(
    connection: Connection, secret_key: str | bytes, key: str, now: datetime
) -> Caller | None:
    """Who a presented key stands for, or None. Uncached; requests go through `CredentialCache`."""
    return await _matching(connection, KeyHasher(secret_key), key, now)


async def find_caller_by_hash(
    connection: Connection, hasher: KeyHasher, key: str, now: datetime
) -> Caller | None:
    """The same, for a caller that keeps the hasher."""
    return await _matching(connection, hasher, key, now)


async def _matching(connection: Connection, hasher: KeyHasher, key: str, now: datetime) -> Caller | None:
    if not is_plausible(key):
        return None
    presented = hasher.digest(key)
    candidates = await store_credentials.select_candidates(connection, hasher.prefixes(key), now)
    for digest, caller in candidates:
        if same_digest(digest, presented):
            return caller
    return None


async def _create(
    connection: Connection,
    program_id: int,
    *,
    name: str,
    scopes: Collection[str],
    location_id: int | None,
    member_id: UUID | None,
    now: datetime,
) -> Credential:
    if not rules.is_name(name):
        raise Refused("invalid_name")
    if not rules.are_scopes(scopes):
        raise Refused("invalid_scope")
    credential = Credential(
        program_id=program_id,
        credential_id=await store.advance_counter(connection, program_id, "credential", 1),
        name=name,
        scopes=frozenset(scopes),
        location_id=location_id,
        member_id=member_id,
        created_at=now,
        revoked_at=None,
    )
    await store_credentials.insert_credential(connection, credential)
    return credential


async def _draw_key(
    connection: Connection,
    hasher: KeyHasher,
    program_id: int,
    credential_id: int,
    new_key: Callable[[], str],
    now: datetime,
) -> str:
    """A key whose prefix nobody uses, stored; the primary key on the prefix decides between racers."""
    for _ in range(KEY_DRAWS_MAX):
        key = new_key()
        stored = await store_credentials.insert_secret(
            connection, program_id, credential_id, key[:PREFIX_LENGTH], hasher.digest(key), now
        )
        if stored:
            return key
    raise AssertionError("the source of random numbers repeats itself")


async def _read(connection: Connection, program_id: int, credential_id: int) -> Credential:
    credential = await store_credentials.select_credential(connection, program_id, credential_id)
    assert credential is not None
    return credential
