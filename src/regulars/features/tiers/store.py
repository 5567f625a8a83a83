"""The statements for tiers and the schemes of hotels."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, LiteralString

import msgspec

from regulars.db.database import Connection
from regulars.features.tiers.model import Scheme, Tier, TierRule

INSERT_TIERS: LiteralString = """
insert into tiers (program_id, tier_id, name, position, created_at)
select %(program_id)s, r.tier_id, r.name, r.position, %(now)s
from json_to_recordset(%(tiers)s::json) as r (tier_id integer, name text, position integer)
"""

SELECT_TIERS: LiteralString = """
select t.tier_id, t.name, t.position from tiers t where t.program_id = %(program_id)s order by t.position
"""

# In one order everywhere, because two who set several hotels each would otherwise wait for one another.
UPSERT_SCHEMES: LiteralString = """
insert into tier_schemes as s (
    program_id, location_id, period_days, staff_wet_percent, staff_dry_percent, updated_at
)
select %(program_id)s, r.location_id, r.period_days, r.staff_wet_percent, r.staff_dry_percent, %(now)s
from json_to_recordset(%(schemes)s::json) as r (
    location_id integer, period_days integer, staff_wet_percent numeric, staff_dry_percent numeric
)
order by r.location_id
on conflict (program_id, location_id) do update
set period_days = excluded.period_days, staff_wet_percent = excluded.staff_wet_percent,
    staff_dry_percent = excluded.staff_dry_percent, updated_at = greatest(s.updated_at, excluded.updated_at)
"""

DELETE_RULES: LiteralString = """
delete from tier_rules where program_id = %(program_id)s and location_id = any (%(location_ids)s)
"""

INSERT_RULES: LiteralString = """
insert into tier_rules (program_id, location_id, tier_id, visits_min, wet_percent, dry_percent)
select %(program_id)s, s.location_id, r.tier_id, r.visits_min, r.wet_percent, r.dry_percent
from json_to_recordset(%(schemes)s::json) as s (location_id integer, rules json)
cross join json_to_recordset(s.rules) as r (
    tier_id integer, visits_min integer, wet_percent numeric, dry_percent numeric
)
"""

# Scheme and rules in one statement, so that nobody reads the one before a change and the other after it.
SELECT_SCHEMES: LiteralString = """
select s.location_id, s.period_days, s.staff_wet_percent, s.staff_dry_percent,
    r.tier_id, r.visits_min, r.wet_percent, r.dry_percent
from tier_schemes s
join tier_rules r on r.program_id = s.program_id and r.location_id = s.location_id
where s.program_id = %(program_id)s
order by s.location_id, r.visits_min
"""


async def insert_tiers(connection: Connection, program_id: int, tiers: Sequence[Tier], now: datetime) -> None:
    """All are stored. Raises UniqueViolation for a name or a position in use."""
    parameters = {"program_id": program_id, "tiers": msgspec.json.encode(tiers).decode(), "now": now}
    await connection.execute(INSERT_TIERS, parameters)


async def select_tiers(connection: Connection, program_id: int) -> tuple[Tier, ...]:
    """The program's tiers, lowest first."""
    cursor = await connection.execute(SELECT_TIERS, {"program_id": program_id})
    return tuple([Tier(*row) for row in await cursor.fetchall()])


async def save_schemes(
    connection: Connection, program_id: int, schemes: Sequence[Scheme], now: datetime
) -> None:
    """Each of these hotels has its scheme and nothing else; in a transaction, which others wait for."""
    parameters: dict[str, Any] = {
        "program_id": program_id,
        "schemes": msgspec.json.encode(schemes).decode(),
        "location_ids": [scheme.location_id for scheme in schemes],
        "now": now,
    }
    for statement in (UPSERT_SCHEMES, DELETE_RULES, INSERT_RULES):
        await connection.execute(statement, parameters)


async def select_schemes(connection: Connection, program_id: int) -> dict[int, Scheme]:
    """The schemes that hotels of the program have set, by location."""
    cursor = await connection.execute(SELECT_SCHEMES, {"program_id": program_id})
    settings: dict[int, tuple[int, Decimal, Decimal]] = {}
    rules: dict[int, list[TierRule]] = {}
    for location_id, period_days, staff_wet, staff_dry, *rule in await cursor.fetchall():
        settings[location_id] = (period_days, staff_wet, staff_dry)
        rules.setdefault(location_id, []).append(TierRule(*rule))
    return {
        location_id: Scheme(location_id, period_days, tuple(rules[location_id]), staff_wet, staff_dry)
        for location_id, (period_days, staff_wet, staff_dry) in settings.items()
    }
