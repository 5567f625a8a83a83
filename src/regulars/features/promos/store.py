"""The statements for promos and the locations they are limited to."""

from typing import Any, LiteralString

import msgspec
from psycopg.rows import dict_row

from regulars.db.database import Connection
from regulars.features.promos.model import Promo, PromoKind

# Every promo has its row of counts from the beginning, so that whoever uses one finds a row to lock.
INSERT_PROMO: LiteralString = """
with promo as (
    insert into promos (
        program_id, promo_id, kind, code, name, description, active, valid_from, valid_until, time_from,
        time_until, weekdays, requires_membership, assigned_only, min_spend_minor, wet_percent, dry_percent,
        bonus_multiplier, bonus_add_wet, bonus_add_dry, usage_limit, usage_limit_per_customer, created_at,
        updated_at
    )
    values (
        %(program_id)s, %(promo_id)s, %(kind)s, %(code)s, %(name)s, %(description)s, %(active)s,
        %(valid_from)s, %(valid_until)s, %(time_from)s, %(time_until)s, %(weekdays)s::smallint[],
        %(requires_membership)s, %(assigned_only)s, %(min_spend_minor)s, %(wet_percent)s, %(dry_percent)s,
        %(bonus_multiplier)s, %(bonus_add_wet)s, %(bonus_add_dry)s, %(usage_limit)s,
        %(usage_limit_per_customer)s, %(created_at)s, %(updated_at)s
    )
    on conflict (program_id, code) do nothing
    returning program_id, promo_id
),
counts as (
    insert into promo_uses (program_id, promo_id) select program_id, promo_id from promo
),
places as (
    insert into promo_locations (program_id, promo_id, location_id)
    select program_id, promo_id, location_id from promo, unnest(%(location_ids)s::integer[]) as location_id
)
select promo_id from promo
"""

UPDATE_PROMO: LiteralString = """
with gone as (
    delete from promo_locations
    where program_id = %(program_id)s and promo_id = %(promo_id)s
        and location_id <> all (%(location_ids)s::integer[])
),
added as (
    insert into promo_locations (program_id, promo_id, location_id)
    select %(program_id)s, %(promo_id)s, location_id from unnest(%(location_ids)s::integer[]) as location_id
    on conflict do nothing
)
update promos
set code = %(code)s, name = %(name)s, description = %(description)s, active = %(active)s,
    valid_from = %(valid_from)s, valid_until = %(valid_until)s, time_from = %(time_from)s,
    time_until = %(time_until)s, weekdays = %(weekdays)s::smallint[],
    requires_membership = %(requires_membership)s, assigned_only = %(assigned_only)s,
    min_spend_minor = %(min_spend_minor)s, wet_percent = %(wet_percent)s, dry_percent = %(dry_percent)s,
    bonus_multiplier = %(bonus_multiplier)s, bonus_add_wet = %(bonus_add_wet)s,
    bonus_add_dry = %(bonus_add_dry)s, usage_limit = %(usage_limit)s,
    usage_limit_per_customer = %(usage_limit_per_customer)s, updated_at = %(updated_at)s
where program_id = %(program_id)s and promo_id = %(promo_id)s
"""

SELECT: LiteralString = """
select p.program_id, p.promo_id, p.kind, p.code, p.name, p.description, p.active, p.valid_from,
    p.valid_until, p.time_from, p.time_until, p.weekdays, p.requires_membership, p.assigned_only,
    p.min_spend_minor, p.wet_percent, p.dry_percent, p.bonus_multiplier, p.bonus_add_wet, p.bonus_add_dry,
    p.usage_limit, p.usage_limit_per_customer, p.created_at, p.updated_at,
    array(
        select l.location_id from promo_locations l
        where l.program_id = p.program_id and l.promo_id = p.promo_id
    ) as location_ids
from promos p
where p.program_id = %(program_id)s
"""

SELECT_BY_ID: LiteralString = SELECT + "and p.promo_id = %(promo_id)s"

SELECT_BY_CODE: LiteralString = SELECT + "and p.code = %(code)s"

SELECT_ALL: LiteralString = SELECT + "order by p.promo_id"

LOCK: LiteralString = SELECT_BY_ID + " for no key update of p"


async def insert_promo(connection: Connection, promo: Promo) -> bool:
    """Whether the promo is stored; False when its code is taken."""
    cursor = await connection.execute(INSERT_PROMO, _parameters(promo))
    return await cursor.fetchone() is not None


async def update_promo(connection: Connection, promo: Promo) -> None:
    """The promo's rows are as given; it must be locked. Raises UniqueViolation for a code that is taken."""
    await connection.execute(UPDATE_PROMO, _parameters(promo))


async def select_promo(connection: Connection, program_id: int, promo_id: int) -> Promo | None:
    """The program's promo with this id."""
    return await _promo(connection, SELECT_BY_ID, {"program_id": program_id, "promo_id": promo_id})


async def lock_promo(connection: Connection, program_id: int, promo_id: int) -> Promo | None:
    """The promo, which nobody else changes until this transaction ends; others may use it meanwhile."""
    return await _promo(connection, LOCK, {"program_id": program_id, "promo_id": promo_id})


async def select_promo_by_code(connection: Connection, program_id: int, code: str) -> Promo | None:
    """The promo with this code, which must be in its one spelling."""
    return await _promo(connection, SELECT_BY_CODE, {"program_id": program_id, "code": code})


async def select_promos(connection: Connection, program_id: int) -> list[Promo]:
    """All promos of the program, oldest first."""
    return await _promos(connection, SELECT_ALL, {"program_id": program_id})


def _parameters(promo: Promo) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(promo),
        "kind": promo.kind.value,
        "weekdays": sorted(promo.weekdays),
        "location_ids": sorted(promo.location_ids),
    }


async def _promo(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> Promo | None:
    promos = await _promos(connection, statement, parameters)
    return promos[0] if promos else None


async def _promos(
    connection: Connection, statement: LiteralString, parameters: dict[str, Any]
) -> list[Promo]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(statement, parameters)
        return [_from_row(row) for row in await cursor.fetchall()]


def _from_row(row: dict[str, Any]) -> Promo:
    sets = {name: frozenset(row[name]) for name in ("weekdays", "location_ids")}
    return Promo(**{**row, **sets, "kind": PromoKind(row["kind"])})
