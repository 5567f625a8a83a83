"""The statements for credentials and their secrets."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

import msgspec

from regulars.db.database import Connection
from regulars.features.access.model import Caller, Credential, Secret

INSERT_CREDENTIAL: LiteralString = """
insert into credentials (program_id, credential_id, name, scopes, location_id, member_id, created_at)
values (
    %(program_id)s, %(credential_id)s, %(name)s, %(scopes)s, %(location_id)s, %(member_id)s, %(created_at)s
)
"""

ADD_KEY_DIGEST: LiteralString = """
insert into credential_secrets (prefix, digest, program_id, credential_id, created_at)
values (%(prefix)s, %(digest)s, %(program_id)s, %(credential_id)s, %(now)s)
on conflict (prefix) do nothing
"""

SELECT_CANDIDATES: LiteralString = """
select s.digest, s.program_id, s.credential_id, c.name, c.scopes, c.location_id, c.member_id
from credential_secrets s
join credentials c on c.program_id = s.program_id and c.credential_id = s.credential_id
where s.prefix = any (%(prefixes)s)
    and c.revoked_at is null
    and (s.expires_at is null or s.expires_at > %(now)s)
"""

SELECT_CREDENTIALS: LiteralString = """
select c.program_id, c.credential_id, c.name, c.scopes, c.location_id, c.member_id, c.created_at,
    c.revoked_at, s.secrets::text
from credentials c
left join lateral (
    select json_agg(
        json_build_object('prefix', s.prefix, 'created_at', s.created_at, 'expires_at', s.expires_at)
        order by s.created_at, s.prefix
    ) as secrets
    from credential_secrets s
    where s.program_id = c.program_id and s.credential_id = c.credential_id
) s on true
where c.program_id = %(program_id)s
"""

LOCK_CREDENTIAL: LiteralString = """
select revoked_at is not null from credentials
where program_id = %(program_id)s and credential_id = %(credential_id)s
for update
"""

EXPIRE_SECRETS: LiteralString = """
update credential_secrets set expires_at = %(expires_at)s
where program_id = %(program_id)s and credential_id = %(credential_id)s
    and (expires_at is null or expires_at > %(expires_at)s)
"""

REVOKE_CREDENTIAL: LiteralString = """
update credentials set revoked_at = coalesce(revoked_at, %(now)s)
where program_id = %(program_id)s and credential_id = %(credential_id)s
"""

REVOKE_CREDENTIALS_OF_MEMBER: LiteralString = """
update credentials set revoked_at = coalesce(revoked_at, %(now)s), name = 'erased'
where program_id = %(program_id)s and member_id = %(member_id)s
"""

_secrets = msgspec.json.Decoder(tuple[Secret, ...]).decode


async def insert_credential(connection: Connection, credential: Credential) -> None:
    """The credential is stored, as yet without a secret."""
    parameters = msgspec.structs.asdict(credential)
    await connection.execute(INSERT_CREDENTIAL, {**parameters, "scopes": sorted(credential.scopes)})


async def insert_secret(
    connection: Connection, program_id: int, credential_id: int, prefix: str, digest: bytes, now: datetime
) -> bool:
    """Whether the secret was stored; False when its prefix is in use already, in whatever program."""
    parameters = {
        "prefix": prefix,
        "digest": digest,
        "program_id": program_id,
        "credential_id": credential_id,
        "now": now,
    }
    cursor = await connection.execute(ADD_KEY_DIGEST, parameters)
    return cursor.rowcount == 1


async def select_candidates(
    connection: Connection, prefixes: list[str], now: datetime
) -> list[tuple[bytes, Caller]]:
    """The working secrets under these prefixes, as (digest, who they stand for)."""
    cursor = await connection.execute(SELECT_CANDIDATES, {"prefixes": prefixes, "now": now})
    return [
        (digest, Caller(program_id, credential_id, name, frozenset(scopes), location_id, member_id))
        for digest, program_id, credential_id, name, scopes, location_id, member_id in await cursor.fetchall()
    ]


async def select_credential(connection: Connection, program_id: int, credential_id: int) -> Credential | None:
    """The credential with its secrets' prefixes and dates."""
    statement = SELECT_CREDENTIALS + "and c.credential_id = %(credential_id)s"
    parameters = {"program_id": program_id, "credential_id": credential_id}
    cursor = await connection.execute(statement, parameters)
    row = await cursor.fetchone()
    return _credential(row) if row else None


async def select_credentials(
    connection: Connection, program_id: int, after: int, limit: int
) -> list[Credential]:
    """The program's credentials with ids above `after`, oldest first."""
    statement = SELECT_CREDENTIALS + (
        "and c.credential_id > %(after)s order by c.credential_id limit %(limit)s"
    )
    parameters = {"program_id": program_id, "after": after, "limit": limit}
    cursor = await connection.execute(statement, parameters)
    return [_credential(row) for row in await cursor.fetchall()]


async def lock_credential(connection: Connection, program_id: int, credential_id: int) -> bool | None:
    """Whether the credential, now locked, is revoked; None when there is none."""
    parameters = {"program_id": program_id, "credential_id": credential_id}
    cursor = await connection.execute(LOCK_CREDENTIAL, parameters)
    row = await cursor.fetchone()
    return bool(row[0]) if row else None


async def expire_secrets(
    connection: Connection, program_id: int, credential_id: int, expires_at: datetime
) -> None:
    """The credential's secrets stop at `expires_at`, unless they stop earlier."""
    parameters = {"program_id": program_id, "credential_id": credential_id, "expires_at": expires_at}
    await connection.execute(EXPIRE_SECRETS, parameters)


async def revoke_credential(
    connection: Connection, program_id: int, credential_id: int, now: datetime
) -> bool:
    """Whether there is such a credential; it is revoked, since `now` or earlier."""
    parameters = {"program_id": program_id, "credential_id": credential_id, "now": now}
    cursor = await connection.execute(REVOKE_CREDENTIAL, parameters)
    return cursor.rowcount == 1


async def revoke_credentials_of_member(
    connection: Connection, program_id: int, member_id: UUID, now: datetime
) -> int:
    """How many credentials the member's devices had; all are revoked and lose their names."""
    parameters = {"program_id": program_id, "member_id": member_id, "now": now}
    cursor = await connection.execute(REVOKE_CREDENTIALS_OF_MEMBER, parameters)
    return cursor.rowcount


def _credential(row: Iterable[Any]) -> Credential:
    *fields, secrets = row
    (program_id, credential_id, name, scopes, location_id, member_id, created_at, revoked_at) = fields
    return Credential(
        program_id=program_id,
        credential_id=credential_id,
        name=name,
        scopes=frozenset(scopes),
        location_id=location_id,
        member_id=member_id,
        created_at=created_at,
        revoked_at=revoked_at,
        secrets=_secrets(secrets) if secrets else (),
    )
