"""The statements for endpoints and their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from regulars.db.database import Connection
from regulars.features.webhooks.model import Endpoint

INSERT: LiteralString = """
insert into webhook_endpoints (program_id, endpoint_id, url, description, types, created_at, changed_at)
values (
    %(program_id)s, %(endpoint_id)s, %(url)s, %(description)s, %(types)s::text[], %(now)s, %(now)s
)
"""

SELECT: LiteralString = """
select program_id, endpoint_id, url, description, types, status, reason, created_at, changed_at, delivered_at
from webhook_endpoints
where program_id = %(program_id)s and status <> 'removed'
"""

ALL: LiteralString = SELECT + " order by endpoint_id"
ONE: LiteralString = SELECT + " and endpoint_id = %(endpoint_id)s"
LOCK: LiteralString = ONE + " for no key update"

UPDATE: LiteralString = """
update webhook_endpoints
set url = %(url)s, description = %(description)s, types = %(types)s::text[], status = %(status)s,
    reason = %(reason)s, changed_at = %(now)s
where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s
"""

INSERT_SEALED: LiteralString = """
insert into webhook_secrets (program_id, endpoint_id, secret_id, sealed, created_at)
values (%(program_id)s, %(endpoint_id)s, %(secret_id)s, %(sealed)s, %(now)s)
"""

# Of those that are still valid, only the newest few stay so.
EXPIRE_SECRETS: LiteralString = """
with kept as materialized (
    select secret_id from webhook_secrets
    where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s
        and (expires_at is null or expires_at > %(now)s)
    order by secret_id desc
    limit %(limit)s
),
gone as (
    delete from webhook_secrets
    where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s
        and secret_id <> all (array(select secret_id from kept))
)
update webhook_secrets
set expires_at = least(expires_at, %(expires_at)s)
where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s
    and secret_id = any (array(select secret_id from kept))
"""

DELETE_SECRETS: LiteralString = """
delete from webhook_secrets where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s
"""

SECRETS: LiteralString = """
select sealed, expires_at from webhook_secrets
where program_id = %(program_id)s and endpoint_id = %(endpoint_id)s
    and (expires_at is null or expires_at > %(now)s)
order by secret_id desc
"""


async def insert(connection: Connection, endpoint: Endpoint) -> None:
    """A new row."""
    await connection.execute(
        INSERT,
        {
            "program_id": endpoint.program_id,
            "endpoint_id": endpoint.endpoint_id,
            "url": endpoint.url,
            "description": endpoint.description,
            "types": list(endpoint.types),
            "now": endpoint.created_at,
        },
    )


async def select_all(connection: Connection, program_id: int) -> list[Endpoint]:
    """The program's endpoints, without those that were removed."""
    cursor = await connection.execute(ALL, {"program_id": program_id})
    return [_endpoint(row) for row in await cursor.fetchall()]


async def select(connection: Connection, program_id: int, endpoint_id: int) -> Endpoint | None:
    """One of them, if it is there."""
    cursor = await connection.execute(ONE, {"program_id": program_id, "endpoint_id": endpoint_id})
    row = await cursor.fetchone()
    return None if row is None else _endpoint(row)


async def lock(connection: Connection, program_id: int, endpoint_id: int) -> Endpoint | None:
    """One of them, if it is there, locked until the end of the transaction."""
    cursor = await connection.execute(LOCK, {"program_id": program_id, "endpoint_id": endpoint_id})
    row = await cursor.fetchone()
    return None if row is None else _endpoint(row)


async def update(connection: Connection, endpoint: Endpoint) -> None:
    """The row says what the endpoint does."""
    await connection.execute(
        UPDATE,
        {
            "program_id": endpoint.program_id,
            "endpoint_id": endpoint.endpoint_id,
            "url": endpoint.url,
            "description": endpoint.description,
            "types": list(endpoint.types),
            "status": endpoint.status,
            "reason": endpoint.reason,
            "now": endpoint.changed_at,
        },
    )


async def insert_secret(
    connection: Connection, endpoint: Endpoint, secret_id: UUID, sealed: bytes, now: datetime
) -> None:
    """One more secret of the endpoint, valid without an end."""
    keys = {"program_id": endpoint.program_id, "endpoint_id": endpoint.endpoint_id}
    await connection.execute(INSERT_SEALED, keys | {"secret_id": secret_id, "sealed": sealed, "now": now})


async def expire_secrets(
    connection: Connection, endpoint: Endpoint, expires_at: datetime, now: datetime, limit: int
) -> None:
    """The newest `limit` of the valid secrets end then, if not before; the others are gone."""
    keys = {"program_id": endpoint.program_id, "endpoint_id": endpoint.endpoint_id}
    await connection.execute(EXPIRE_SECRETS, keys | {"expires_at": expires_at, "now": now, "limit": limit})


async def delete_secrets(connection: Connection, endpoint: Endpoint) -> None:
    """No secret of the endpoint is left."""
    keys = {"program_id": endpoint.program_id, "endpoint_id": endpoint.endpoint_id}
    await connection.execute(DELETE_SECRETS, keys)


async def select_secrets(
    connection: Connection, endpoint: Endpoint, now: datetime
) -> Sequence[tuple[bytes, datetime | None]]:
    """The sealed secrets that are valid, and until when, the newest first."""
    keys = {"program_id": endpoint.program_id, "endpoint_id": endpoint.endpoint_id}
    cursor = await connection.execute(SECRETS, keys | {"now": now})
    return [(sealed, expires_at) for sealed, expires_at in await cursor.fetchall()]


def _endpoint(row: tuple[Any, ...]) -> Endpoint:
    program_id, endpoint_id, url, description, types, *more = row
    return Endpoint(program_id, endpoint_id, url, description, tuple(types), *more)
