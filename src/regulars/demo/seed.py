"""Puts the demo into a database. Safe to interrupt and to call again: it goes on where it stopped.

The people and the catalogue come in one transaction. The year follows in batches, each command under a
claim of its own, so that a second run replays what the first one did and does the rest.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Literal
from uuid import UUID

import msgspec

from regulars.db.database import Connection, Database
from regulars.demo.catalogue import CHORES, TREATS
from regulars.demo.children import Child, Price, Task
from regulars.demo.people import LEO, MAYA, Person, people_of_the_demo
from regulars.demo.year import DAYS, Cast, plan_year
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import Command, Outcome
from regulars.features.members import actions as members
from regulars.features.members.model import NewIdentifier, NewMember
from regulars.features.rewards import actions as rewards

Size = Literal["small", "large"]

SLUG = "demo"
SEED = 20_240_229
PEOPLE: dict[Size, int] = {"small": 26, "large": 2000}
BATCH_MAX = 500
_PAGE = 1000


class DemoState(msgspec.Struct, frozen=True):
    """What the program's settings say about how far the demo is."""

    size: Size
    until: datetime
    complete: bool


async def find_demo(connection: Connection) -> Program | None:
    """The demo's program, or None where there is none yet."""
    return await access.find_program(connection, SLUG)


def state_of(program: Program) -> DemoState:
    """How far the demo of this program is."""
    settings = program.settings
    names = {name: settings[f"demo.{name}"] for name in ("size", "until", "complete")}
    return msgspec.convert(names, DemoState)


async def seed(
    database: Database, ledger: Ledger, size: Size, now: datetime, show_progress: Callable[[float], None]
) -> Program:
    """The demo's program with all its data; `show_progress` is told what part of 1.0 is done.

    Data that is there stays as it is, whatever `size` says now.
    """
    async with database.transaction() as connection:
        program = await find_demo(connection) or await _set_the_stage(connection, size, now)
    state = state_of(program)
    if state.complete:
        return program
    await _live_the_year(database, ledger, program, state, show_progress)
    async with database.transaction() as connection:
        return await access.update_program_settings(
            connection, program.program_id, {"demo.complete": True}, now=now
        )


async def _set_the_stage(connection: Connection, size: Size, now: datetime) -> Program:
    """The program with its people, chores and treats, all of them or nothing."""
    program = await access.create_program(
        connection,
        slug=SLUG,
        name="Riverside Street",
        currency="GBP",
        time_zone="Europe/London",
        settings={"demo.size": size, "demo.until": now.isoformat(), "demo.complete": False},
        now=now,
    )
    rows = [_enrolment(person, _start_of(now)) for person in _people(size)]
    await members.enrol_batch(connection, program.program_id, rows, now)
    for order, chore in enumerate(CHORES):
        await rewards.create_template(
            connection, program.program_id, sort_order=order, now=now, **msgspec.structs.asdict(chore)
        )
    for treat in TREATS:
        await rewards.create_reward(connection, program.program_id, now=now, **msgspec.structs.asdict(treat))
    return program


async def _live_the_year(
    database: Database,
    ledger: Ledger,
    program: Program,
    state: DemoState,
    show_progress: Callable[[float], None],
) -> None:
    async with database.connection() as connection:
        cast = await _cast(connection, program.program_id, state)
    plan = plan_year(cast, until=state.until, time_zone=program.time_zone, seed=SEED)
    turn = next(plan, None)
    while turn is not None:
        outcomes = await _post(ledger, program.program_id, turn.commands, turn.at)
        show_progress(turn.part)
        try:
            turn = plan.send(outcomes)
        except StopIteration:
            turn = None


async def _post(ledger: Ledger, program_id: int, commands: Sequence[Command], at: datetime) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for start in range(0, len(commands), BATCH_MAX):
        outcomes += await ledger.post_batch(program_id, commands[start : start + BATCH_MAX], now=at)
    return outcomes


async def _cast(connection: Connection, program_id: int, state: DemoState) -> Cast:
    ids: dict[str | None, UUID] = {}
    after = 0
    while page := await members.search(connection, program_id, limit=_PAGE, after=after):
        ids |= {member.handle: member.member_id for member in page}
        after = page[-1].number
    children = [
        Child(
            ids[person.handle],
            _start_of(state.until) + person.joined_after,
            diligence=person.diligence,
            thrift=person.thrift,
            keeps_one_pending=person in (LEO, MAYA),
        )
        for person in _people(state.size)
    ]
    templates = await rewards.list_templates(connection, program_id)
    catalogue = await rewards.list_rewards(connection, program_id)
    tasks = [Task(template.template_id, template.title, template.points) for template in templates]
    prices = [Price(reward.reward_id, reward.name, reward.cost, reward.image_url) for reward in catalogue]
    return Cast(children, tasks, prices)


def _people(size: Size) -> list[Person]:
    return people_of_the_demo(PEOPLE[size], Random(SEED))


def _start_of(until: datetime) -> datetime:
    return until - timedelta(days=DAYS + 1)


def _enrolment(person: Person, start: datetime) -> NewMember:
    return NewMember(
        name=person.name,
        handle=person.handle,
        birth_date=person.birth_date,
        sex=person.sex,
        identifiers=(NewIdentifier("rfid", person.rfid, "Fob"),) if person.rfid else (),
        created_at=start + person.joined_after,
    )
