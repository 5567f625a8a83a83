"""The SQL of the earn templates."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, LiteralString

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from regulars.db.database import Connection
from regulars.features.rewards.model import EarnTemplate, TemplateChanges

INSERT_TEMPLATE = """
insert into earn_templates (
    program_id, template_id, title, points, description, youtube_url, active, sort_order,
    created_at, updated_at
)
select %(program_id)s, %(template_id)s, title, points, description, youtube_url, active, sort_order,
    %(now)s, %(now)s
from jsonb_populate_record(null::earn_templates, %(fields)s)
returning program_id, template_id, title, points, description, youtube_url, active, sort_order,
    created_at, updated_at
"""

# Absent keys take the value of the stored row, keys that hold null empty the column.
UPDATE_TEMPLATE = """
update earn_templates as stored
set (title, points, description, youtube_url, active, sort_order, updated_at) = (
    select changed.title, changed.points, changed.description, changed.youtube_url, changed.active,
        changed.sort_order, %(now)s::timestamptz
    from jsonb_populate_record(stored, %(fields)s) as changed
)
where program_id = %(program_id)s and template_id = %(template_id)s
returning program_id, template_id, title, points, description, youtube_url, active, sort_order,
    created_at, updated_at
"""

DELETE_TEMPLATE = """
delete from earn_templates where program_id = %(program_id)s and template_id = %(template_id)s
"""

SELECT_TEMPLATES = """
select program_id, template_id, title, points, description, youtube_url, active, sort_order,
    created_at, updated_at
from earn_templates
where program_id = %(program_id)s and (%(active)s::boolean is null or active = %(active)s)
order by sort_order, template_id
"""

SELECT_TEMPLATES_BY_ID = """
select program_id, template_id, title, points, description, youtube_url, active, sort_order,
    created_at, updated_at
from earn_templates
where program_id = %(program_id)s and template_id = any(%(template_ids)s::integer[])
"""


async def insert_template(
    connection: Connection,
    program_id: int,
    template_id: int,
    fields: TemplateChanges,
    now: datetime,
) -> EarnTemplate:
    """The template as it was stored; every field of `fields` is set."""
    values = {
        "program_id": program_id,
        "template_id": template_id,
        "fields": Jsonb(msgspec.to_builtins(fields)),
        "now": now,
    }
    templates = await _rows(connection, INSERT_TEMPLATE, values)
    return templates[0]


async def update_template(
    connection: Connection,
    program_id: int,
    template_id: int,
    changes: TemplateChanges,
    now: datetime,
) -> EarnTemplate | None:
    """The template as it is now, None when there is none."""
    values = {
        "program_id": program_id,
        "template_id": template_id,
        "fields": Jsonb(msgspec.to_builtins(changes)),
        "now": now,
    }
    rows = await _rows(connection, UPDATE_TEMPLATE, values)
    return rows[0] if rows else None


async def delete_template(connection: Connection, program_id: int, template_id: int) -> bool:
    """Whether there was one to delete."""
    cursor = await connection.execute(DELETE_TEMPLATE, {"program_id": program_id, "template_id": template_id})
    return cursor.rowcount == 1


async def select_templates(
    connection: Connection, program_id: int, *, active: bool | None
) -> list[EarnTemplate]:
    """The templates in their order: the active ones, the others, or (None) all."""
    values = {"program_id": program_id, "active": active}
    return await _rows(connection, SELECT_TEMPLATES, values)


async def select_templates_by_id(
    connection: Connection, program_id: int, template_ids: Sequence[int]
) -> list[EarnTemplate]:
    """Those that exist, in no order."""
    values = {"program_id": program_id, "template_ids": list(template_ids)}
    return await _rows(connection, SELECT_TEMPLATES_BY_ID, values)


async def _rows(
    connection: Connection, statement: LiteralString, values: dict[str, Any]
) -> list[EarnTemplate]:
    async with connection.cursor(row_factory=class_row(EarnTemplate)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()
