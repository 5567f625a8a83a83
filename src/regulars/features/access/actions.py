"""What can be done with programs, locations, settings, counters, counted limits and credentials.

The one door to this feature for everything above it; how credentials work is in actions_credentials.py.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import rules, store, store_limits, store_locations
from regulars.features.access.actions_credentials import (
    find_caller,
    get_credential,
    import_credential,
    issue_credential,
    list_credentials,
    revoke_credential,
    revoke_credentials_of_member,
    rotate_credential,
)
from regulars.features.access.actions_secrets import seal_plain_secrets
from regulars.features.access.caches import CredentialCache, LocationCache, ProgramCache
from regulars.features.access.model import Location, Program
from regulars.features.access.sealing import SettingSeal, plain_secrets, sealed_settings

__all__ = [
    "CredentialCache",
    "LocationCache",
    "ProgramCache",
    "count_attempt",
    "create_location",
    "create_program",
    "default_program_id",
    "find_caller",
    "find_location",
    "find_program",
    "forget_attempts",
    "get_credential",
    "get_location",
    "get_program",
    "import_credential",
    "issue_credential",
    "list_credentials",
    "list_locations",
    "list_programs",
    "next_number",
    "next_numbers",
    "revoke_credential",
    "revoke_credentials_of_member",
    "rotate_credential",
    "seal_plain_secrets",
    "update_location",
    "update_program_settings",
]


async def create_program(
    connection: Connection,
    *,
    slug: str,
    name: str,
    currency: str,
    time_zone: str,
    settings: Mapping[str, Any] | None = None,
    seal: SettingSeal | None = None,
    now: datetime,
) -> Program:
    """The new program. Secrets among its settings need the server's `seal`.

    Raises Refused: slug_taken, invalid_slug, invalid_name, invalid_currency, invalid_time_zone, and those
    of `update_program_settings`.
    """
    _require_place(slug=slug, name=name, currency=currency, time_zone=time_zone)
    settings = settings or {}
    _require_settings(settings, (), None)
    secrets = plain_secrets(settings)
    program = await store.insert_program(
        connection,
        slug=slug,
        name=name,
        currency=currency,
        time_zone=time_zone,
        settings={name: value for name, value in settings.items() if name not in secrets},
        now=now,
    )
    if program is None:
        raise Refused("slug_taken")
    if not secrets:
        return program
    # They are sealed as those of this program, which had no number before.
    return await update_program_settings(connection, program.program_id, secrets, seal=seal, now=now)


async def get_program(connection: Connection, program_id: int) -> Program | None:
    """The program, or None when there is none."""
    return await store.select_program(connection, program_id)


async def find_program(connection: Connection, slug: str) -> Program | None:
    """The program with this slug, or None."""
    return await store.select_program_by_slug(connection, slug)


async def list_programs(connection: Connection) -> list[Program]:
    """Every program, oldest first."""
    return await store.select_programs(connection)


async def default_program_id(connection: Connection) -> int | None:
    """The program that keyless requests act on in development: the one with the lowest id."""
    return await store.select_lowest_program_id(connection)


async def update_program_settings(
    connection: Connection,
    program_id: int,
    changes: Mapping[str, Any],
    *,
    resets: Collection[str] = (),
    known_names: Collection[str] | None = None,
    seal: SettingSeal | None = None,
    now: datetime,
) -> Program:
    """The program with `changes` laid over its settings and `resets` taken out of them.

    Secrets need the server's `seal`: they are stored, and are in the program that is returned, sealed.
    A value of None is a value (for some settings: unlimited); a reset brings the server's default back.
    With `known_names`, other names are refused. Raises Refused: program_not_found, and
    invalid_setting_name, unknown_setting or invalid_setting_value, each with the `name`.
    """
    _require_settings(changes, resets, known_names)
    stored = sealed_settings(changes, program_id, seal)
    program = await store.update_program_settings(connection, program_id, stored, sorted(resets), now)
    if program is None:
        raise Refused("program_not_found")
    return program


async def create_location(
    connection: Connection,
    program_id: int,
    *,
    slug: str,
    name: str,
    currency: str | None = None,
    time_zone: str | None = None,
    settings: Mapping[str, Any] | None = None,
    now: datetime,
) -> Location:
    """The new location, active, with the program's currency and time zone unless others are given.

    Raises Refused: program_not_found, slug_taken, and those of `create_program`.
    """
    program = await store.select_program(connection, program_id)
    if program is None:
        raise Refused("program_not_found")
    location = Location(
        program_id=program_id,
        location_id=await next_number(connection, program_id, "location"),
        slug=slug,
        name=name,
        currency=currency or program.currency,
        time_zone=time_zone or program.time_zone,
        active=True,
        settings=dict(settings or {}),
    )
    _require_place(slug=slug, name=name, currency=location.currency, time_zone=location.time_zone)
    _require_settings(location.settings, (), None)
    created = await store_locations.insert_location(connection, location, now)
    if created is None:
        raise Refused("slug_taken")
    return created


async def get_location(connection: Connection, program_id: int, location_id: int) -> Location | None:
    """The program's location, or None; other programs' locations are not seen."""
    return await store_locations.select_location(connection, program_id, location_id)


async def find_location(connection: Connection, program_id: int, slug: str) -> Location | None:
    """The program's location with this slug, or None."""
    if "\0" in slug:
        return None
    return await store_locations.select_location_by_slug(connection, program_id, slug)


async def list_locations(connection: Connection, program_id: int) -> list[Location]:
    """Every location of the program, oldest first, inactive ones included."""
    return await store_locations.select_locations(connection, program_id)


async def update_location(
    connection: Connection,
    program_id: int,
    location_id: int,
    *,
    name: str | None = None,
    currency: str | None = None,
    time_zone: str | None = None,
    active: bool | None = None,
    settings: Mapping[str, Any] | None = None,
    resets: Collection[str] = (),
    now: datetime,
) -> Location:
    """The location after what is not None was changed, `resets` were taken out of its settings, and
    `settings` laid over them.

    Raises Refused: location_not_found, and those of `create_program` but for the slug's.
    """
    # What is not to change stands in as something that passes.
    _require_place(
        slug="unchanged",
        name="unchanged" if name is None else name,
        currency="GBP" if currency is None else currency,
        time_zone="UTC" if time_zone is None else time_zone,
    )
    _require_settings(settings or {}, resets, None)
    parameters = {
        "program_id": program_id,
        "location_id": location_id,
        "name": name,
        "currency": currency,
        "time_zone": time_zone,
        "active": active,
        "settings": dict(settings or {}),
        "resets": sorted(resets),
        "now": now,
    }
    location = await store_locations.update_location(connection, parameters)
    if location is None:
        raise Refused("location_not_found")
    return location


async def next_number(connection: Connection, program_id: int, counter_name: str) -> int:
    """The next integer of this counter, from 1, without gaps and never twice.

    Others who want one wait until this transaction ends, so take it late in a transaction.
    """
    return await store.advance_counter(connection, program_id, counter_name, 1)


async def next_numbers(connection: Connection, program_id: int, counter_name: str, count: int) -> range:
    """The next `count` integers of this counter, as `next_number` would give them one by one."""
    assert count >= 0
    if count == 0:
        return range(0)
    last = await store.advance_counter(connection, program_id, counter_name, count)
    return range(last - count + 1, last + 1)


async def count_attempt(
    connection: Connection,
    program_id: int,
    limiter: str,
    subject: str,
    limit: int,
    period: timedelta,
    now: datetime,
) -> timedelta | None:
    """None when the attempt is one of at most `limit` in any `period`, else how long until the next one is.

    The window slides and the count is exact across processes. An attempt that was let through counts
    whatever comes of it, if the connection commits by itself (`database.connection()`); one that was not
    let through does not count. `subject` must not be personal data: an id or a keyed digest. At most
    `limit` times are kept per subject, so a limit should stay below a thousand.
    """
    assert limit >= 1 and period > timedelta(0)
    return await store_limits.count_attempt(connection, program_id, limiter, subject, limit, period, now)


async def forget_attempts(connection: Connection, before: datetime, limit: int = 10_000) -> int:
    """How many subjects were forgotten that nobody counted on since `before`; a job that tidies."""
    return await store_limits.delete_attempts(connection, before, limit)


def _require_place(*, slug: str, name: str, currency: str, time_zone: str) -> None:
    code = rules.refuse_place(slug=slug, name=name, currency=currency, time_zone=time_zone)
    if code is not None:
        raise Refused(code)


def _require_settings(
    changes: Mapping[str, Any], resets: Collection[str], known_names: Collection[str] | None
) -> None:
    refusal = rules.refuse_settings(changes, resets, known_names)
    if refusal is not None:
        code, name = refusal
        raise Refused(code, name=name)
