"""How far the demo is: what the program's settings say of each of its parts."""

from datetime import datetime
from typing import Literal, TypeVar

import msgspec

from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.access.model import Program

Size = Literal["small", "large"]


class DemoState(msgspec.Struct, frozen=True):
    """What the program's settings say about how far the demo is."""

    size: Size
    until: datetime
    complete: bool


class HotelsState(msgspec.Struct, frozen=True):
    """The same of its hotels, which demos of earlier versions have got later."""

    hotels_size: Size
    hotels_until: datetime
    hotels_complete: bool


class KiosksState(msgspec.Struct, frozen=True):
    """The same of its kiosks."""

    kiosks_size: Size
    kiosks_until: datetime
    kiosks_complete: bool


class StoresState(msgspec.Struct, frozen=True):
    """The same of its stores."""

    stores_size: Size
    stores_until: datetime
    stores_complete: bool


class ShopState(msgspec.Struct, frozen=True):
    """The same of its web shop."""

    shop_size: Size
    shop_until: datetime
    shop_complete: bool


State = TypeVar("State", DemoState, HotelsState, KiosksState, StoresState, ShopState)


def has_begun(program: Program, kind: type[State]) -> bool:
    """Whether that part of the demo is there, complete or not."""
    settings = program.settings
    return all(f"demo.{name}" in settings for name in kind.__struct_fields__)


def state_in(program: Program, kind: type[State]) -> State:
    """How far that part of the demo is, which has begun."""
    settings = program.settings
    return msgspec.convert({name: settings[f"demo.{name}"] for name in kind.__struct_fields__}, kind)


async def begin(connection: Connection, program: Program, part: str, size: Size, now: datetime) -> Program:
    """The program, of which a part has begun and is told until now."""
    settings = {
        f"demo.{part}_size": size,
        f"demo.{part}_until": now.isoformat(),
        f"demo.{part}_complete": False,
    }
    return await access.update_program_settings(connection, program.program_id, settings, now=now)


async def mark(database: Database, program: Program, name: str, now: datetime) -> Program:
    """The program, of which a part is complete."""
    async with database.transaction() as connection:
        return await access.update_program_settings(connection, program.program_id, {name: True}, now=now)
