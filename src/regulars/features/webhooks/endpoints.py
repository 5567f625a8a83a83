"""Endpoints in the operator's hand: added, changed, switched on and off, removed, given a new secret."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access.actions import next_number
from regulars.features.webhooks import rules, store_endpoints, store_log
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.model import Endpoint, NewSecret
from regulars.features.webhooks.rules_addresses import place_of
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.signing import new_secret

DESCRIPTION_LENGTH_MAX = 200
SECRETS_VALID_MAX = 5
"""How many secrets of one endpoint are valid at once; a webhook carries a signature by each."""

BY_OPERATOR = "switched off by the operator"


async def list_endpoints(connection: Connection, program_id: int) -> list[Endpoint]:
    """The program's endpoints in the order in which they were added."""
    return await store_endpoints.select_all(connection, program_id)


async def get_endpoint(connection: Connection, program_id: int, endpoint_id: int) -> Endpoint:
    """One of them. Raises Refused: endpoint_not_found."""
    return _found(await store_endpoints.select(connection, program_id, endpoint_id))


async def add_endpoint(
    connection: Connection,
    seal: SecretSeal,
    program_id: int,
    *,
    url: str,
    types: Collection[str],
    description: str = "",
    is_private_allowed: bool,
    now: datetime,
) -> NewSecret:
    """A new endpoint, which is told of what happens from now on, and its secret, which is to be shown once.

    Raises Refused: invalid_url, invalid_filter (with the `filter`), invalid_description.
    """
    _check(url, types, description, is_private_allowed)
    endpoint_id = await next_number(connection, program_id, "webhook_endpoint")
    endpoint = Endpoint(
        program_id, endpoint_id, url, description, _sorted(types), "enabled", None, now, now, None
    )
    await store_endpoints.insert(connection, endpoint)
    return NewSecret(endpoint, await _give_secret(connection, seal, endpoint, now))


async def change_endpoint(
    connection: Connection,
    program_id: int,
    endpoint_id: int,
    *,
    url: str | None = None,
    types: Collection[str] | None = None,
    description: str | None = None,
    is_private_allowed: bool,
    now: datetime,
) -> Endpoint:
    """The endpoint with what is given changed. Raises Refused as `add_endpoint`, and endpoint_not_found."""
    endpoint = await _locked(connection, program_id, endpoint_id)
    changed = replace(
        endpoint,
        url=endpoint.url if url is None else url,
        types=endpoint.types if types is None else _sorted(types),
        description=endpoint.description if description is None else description,
        changed_at=now,
    )
    _check(changed.url, changed.types, changed.description, is_private_allowed)
    await store_endpoints.update(connection, changed)
    return changed


async def switch_endpoint(
    connection: Connection, program_id: int, endpoint_id: int, *, enabled: bool, now: datetime
) -> Endpoint:
    """The endpoint, told of events or not; what waited for it is told as soon as it is enabled.

    One that is as wanted stays as it is. Raises Refused: endpoint_not_found.
    """
    endpoint = await _locked(connection, program_id, endpoint_id)
    if (endpoint.status == "enabled") == enabled:
        return endpoint
    switched = replace(
        endpoint,
        status="enabled" if enabled else "disabled",
        reason=None if enabled else BY_OPERATOR,
        changed_at=now,
    )
    await store_endpoints.update(connection, switched)
    if enabled:
        await store_log.wake(connection)
    return switched


async def remove_endpoint(connection: Connection, program_id: int, endpoint_id: int, now: datetime) -> None:
    """The endpoint is told nothing more and found no more. Raises Refused: endpoint_not_found.

    Its deliveries go when their events are forgotten.
    """
    endpoint = await _locked(connection, program_id, endpoint_id)
    await store_endpoints.delete_secrets(connection, endpoint)
    removed = replace(endpoint, status="removed", reason=None, changed_at=now)
    await store_endpoints.update(connection, removed)


async def rotate_secret(
    connection: Connection,
    seal: SecretSeal,
    program_id: int,
    endpoint_id: int,
    *,
    overlap: timedelta,
    now: datetime,
) -> NewSecret:
    """The endpoint and a new secret. The earlier ones sign beside it until the overlap is over.

    Raises Refused: endpoint_not_found.
    """
    endpoint = await _locked(connection, program_id, endpoint_id)
    await store_endpoints.expire_secrets(connection, endpoint, now + overlap, now, SECRETS_VALID_MAX - 1)
    return NewSecret(endpoint, await _give_secret(connection, seal, endpoint, now))


async def secrets_until(
    connection: Connection, endpoint: Endpoint, now: datetime
) -> Sequence[datetime | None]:
    """Until when each valid secret is so, the newest first; None for no end."""
    return [until for _, until in await store_endpoints.select_secrets(connection, endpoint, now)]


async def _give_secret(connection: Connection, seal: SecretSeal, endpoint: Endpoint, now: datetime) -> str:
    secret = new_secret()
    sealed = seal.seal(secret, endpoint.program_id, endpoint.endpoint_id)
    await store_endpoints.insert_secret(connection, endpoint, new_id(), sealed, now)
    return secret


async def _locked(connection: Connection, program_id: int, endpoint_id: int) -> Endpoint:
    return _found(await store_endpoints.lock(connection, program_id, endpoint_id))


def _found(endpoint: Endpoint | None) -> Endpoint:
    if endpoint is None:
        raise Refused("endpoint_not_found")
    return endpoint


def _check(url: str, types: Collection[str], description: str, is_private_allowed: bool) -> None:
    if place_of(url, is_private_allowed=is_private_allowed) is None:
        raise Refused("invalid_url")
    fault = rules.fault_of_filters(types, CATALOGUE)
    if fault is not None:
        raise Refused("invalid_filter", filter=fault)
    if len(description) > DESCRIPTION_LENGTH_MAX or not description.isprintable():
        raise Refused("invalid_description")


def _sorted(types: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(set(types)))
