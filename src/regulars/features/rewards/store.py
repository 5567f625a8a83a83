"""The SQL of the reward catalogue."""

from datetime import datetime
from typing import Any, LiteralString

import msgspec
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from regulars.db.database import Connection
from regulars.features.rewards.model import Reward, RewardChanges

INSERT_REWARD = """
insert into rewards (
    program_id, reward_id, name, description, cost, image_url, youtube_url, active,
    created_at, updated_at
)
select %(program_id)s, %(reward_id)s, name, description, cost, image_url, youtube_url, active,
    %(now)s, %(now)s
from jsonb_populate_record(null::rewards, %(fields)s)
returning program_id, reward_id, name, description, cost, image_url, youtube_url, active,
    created_at, updated_at
"""

# Absent keys take the value of the stored row, keys that hold null empty the column.
UPDATE_REWARD = """
update rewards as stored
set (name, description, cost, image_url, youtube_url, active, updated_at) = (
    select changed.name, changed.description, changed.cost, changed.image_url, changed.youtube_url,
        changed.active, %(now)s::timestamptz
    from jsonb_populate_record(stored, %(fields)s) as changed
)
where program_id = %(program_id)s and reward_id = %(reward_id)s
returning program_id, reward_id, name, description, cost, image_url, youtube_url, active,
    created_at, updated_at
"""

DELETE_REWARD = "delete from rewards where program_id = %(program_id)s and reward_id = %(reward_id)s"

SELECT_REWARD = """
select program_id, reward_id, name, description, cost, image_url, youtube_url, active,
    created_at, updated_at
from rewards
where program_id = %(program_id)s and reward_id = %(reward_id)s
"""

SELECT_REWARDS = """
select program_id, reward_id, name, description, cost, image_url, youtube_url, active,
    created_at, updated_at
from rewards
where program_id = %(program_id)s and (active or %(inactive_too)s)
order by cost, reward_id
"""


async def insert_reward(
    connection: Connection,
    program_id: int,
    reward_id: int,
    fields: RewardChanges,
    now: datetime,
) -> Reward:
    """The reward as it was stored; every field of `fields` is set."""
    values = {
        "program_id": program_id,
        "reward_id": reward_id,
        "fields": Jsonb(msgspec.to_builtins(fields)),
        "now": now,
    }
    rewards = await _rows(connection, INSERT_REWARD, values)
    return rewards[0]


async def update_reward(
    connection: Connection,
    program_id: int,
    reward_id: int,
    changes: RewardChanges,
    now: datetime,
) -> Reward | None:
    """The reward as it is now, None when there is none."""
    values = {
        "program_id": program_id,
        "reward_id": reward_id,
        "fields": Jsonb(msgspec.to_builtins(changes)),
        "now": now,
    }
    rows = await _rows(connection, UPDATE_REWARD, values)
    return rows[0] if rows else None


async def delete_reward(connection: Connection, program_id: int, reward_id: int) -> bool:
    """Whether there was one to delete."""
    cursor = await connection.execute(DELETE_REWARD, {"program_id": program_id, "reward_id": reward_id})
    return cursor.rowcount == 1


async def select_reward(connection: Connection, program_id: int, reward_id: int) -> Reward | None:
    """The reward, active or not."""
    values = {"program_id": program_id, "reward_id": reward_id}
    rows = await _rows(connection, SELECT_REWARD, values)
    return rows[0] if rows else None


async def select_rewards(connection: Connection, program_id: int, *, inactive_too: bool) -> list[Reward]:
    """The catalogue, cheapest first."""
    values = {"program_id": program_id, "inactive_too": inactive_too}
    return await _rows(connection, SELECT_REWARDS, values)


async def _rows(connection: Connection, statement: LiteralString, values: dict[str, Any]) -> list[Reward]:
    async with connection.cursor(row_factory=class_row(Reward)) as cursor:
        await cursor.execute(statement, values)
        return await cursor.fetchall()
