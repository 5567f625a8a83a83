"""Secrets of programs as others than this server's access feature would store them."""

from typing import Any

import msgspec

from regulars.db.database import Database
from regulars.features.access.sealing import SettingSeal

ANOTHER_SERVER = SettingSeal("the secret key of another server, 45 characters")


async def store_as_it_is(database: Database, program_id: int, name: str, value: Any) -> None:
    """Puts a value among the program's settings, as an earlier version or a hand in the database does."""
    change = msgspec.json.encode({name: value}).decode()
    async with database.connection() as connection:
        await connection.execute(
            "update programs set settings = settings || %s::jsonb where program_id = %s", [change, program_id]
        )


def sealed_for_something_else(
    seal: SettingSeal, program_id: int, other_program_id: int, name: str, secret: str
) -> list[Any]:
    """The secret as it is stored of another server, another program and another setting; and damaged."""
    right = seal.sealed(program_id, {name: secret})[name]["sealed"]
    return [
        ANOTHER_SERVER.sealed(program_id, {name: secret})[name],
        seal.sealed(other_program_id, {name: secret})[name],
        seal.sealed(program_id, {f"another.{name.partition('.')[2]}": secret}).popitem()[1],
        {"sealed": right[:-8]},
        {"sealed": "é"},
        {"sealed": 5},
        {"another": right},
    ]
