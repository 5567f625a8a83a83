"""Puts the demo into a database. Safe to interrupt and to call again: it goes on where it stopped.

The people and the catalogue, the hotels with their guests and promos, the venues with their customers and the
stores come in one transaction. The year follows in batches, each command under a claim of its own, each sale
with its ticket, each order with its id and each borrower at once: a second run replays what the first one did
and does the rest.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from regulars.db.database import Connection, Database
from regulars.demo.catalogue import CHORES, TREATS
from regulars.demo.children import Child, Price, Task
from regulars.demo.hotels.guests import Guest, guests_of_the_demo
from regulars.demo.hotels.opening import leave_out_numbers, open_for_guests
from regulars.demo.hotels.trade import see_off, trade
from regulars.demo.kiosks.customers import Customer, customers_of_the_demo
from regulars.demo.kiosks.opening import open_for_customers
from regulars.demo.kiosks.trade import trade as trade_at_kiosks
from regulars.demo.people import LEO, MAYA, Person, people_of_the_demo
from regulars.demo.state import (
    DemoState,
    HotelsState,
    KiosksState,
    Size,
    StoresState,
    begin,
    mark,
    state_in,
)
from regulars.demo.stores.places import open_stores
from regulars.demo.stores.subscribers import subscribers_of_the_demo
from regulars.demo.stores.trade import trade as trade_at_stores
from regulars.demo.year import DAYS, Cast, plan_year
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.ledger.actions import Ledger
from regulars.features.ledger.model import Command, Outcome
from regulars.features.members import actions as members
from regulars.features.members.model import NewMember
from regulars.features.photos.actions import PhotoLibrary
from regulars.features.rewards import actions as rewards

SLUG = "demo"
SEED = 20_240_229
PEOPLE: dict[Size, int] = {"small": 26, "large": 2000}
GUESTS: dict[Size, int] = {"small": 250, "large": 2500}
CUSTOMERS: dict[Size, int] = {"small": 90, "large": 900}
SUBSCRIBERS: dict[Size, int] = {"small": 30, "large": 200}
BATCH_MAX = 500
_PAGE = 1000
_YEARS_PART, _HOTELS_PART, _KIOSKS_PART = 0.4, 0.2, 0.2
"""What part of the work the children's year is, and what hotels and kiosks do; the stores are the rest."""


async def find_demo(connection: Connection) -> Program | None:
    """The demo's program, or None where there is none yet."""
    return await access.find_program(connection, SLUG)


def state_of(program: Program) -> DemoState:
    """How far the demo of this program is."""
    return state_in(program, DemoState)


async def seed(
    database: Database,
    ledger: Ledger,
    library: PhotoLibrary,
    size: Size,
    now: datetime,
    show_progress: Callable[[float], None],
) -> Program:
    """The demo's program with all its data; `show_progress` is told what part of 1.0 is done.

    Data that is there stays as it is, whatever `size` says now.
    """
    async with database.transaction() as connection:
        program = await find_demo(connection) or await _set_the_stage(connection, size, now)
        if "demo.hotels_until" not in program.settings:
            program = await _open_hotels(connection, program, size, now)
        if "demo.kiosks_until" not in program.settings:
            program = await _open_venues(connection, program, size, now)
        if "demo.stores_until" not in program.settings:
            await open_stores(connection, program.program_id, now)
            program = await begin(connection, program, "stores", size, now)

    def show(begun: float, part: float) -> Callable[[float], None]:
        return lambda done: show_progress(begun + done * part)

    kiosks_from = _YEARS_PART + _HOTELS_PART
    stores_from = kiosks_from + _KIOSKS_PART
    if not state_of(program).complete:
        await _live_the_year(database, ledger, program, show(0, _YEARS_PART))
        program = await mark(database, program, "demo.complete", now)
    if not state_in(program, HotelsState).hotels_complete:
        program = await _trade(database, program, now, show(_YEARS_PART, _HOTELS_PART))
    if not state_in(program, KiosksState).kiosks_complete:
        program = await _trade_at_kiosks(database, program, now, show(kiosks_from, _KIOSKS_PART))
    if not state_in(program, StoresState).stores_complete:
        program = await _lend(database, library, program, now, show(stores_from, 1 - stores_from))
    return program


async def _set_the_stage(connection: Connection, size: Size, now: datetime) -> Program:
    """The program with its people, chores, treats and hotels, all of them or nothing."""
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
    street, others = rows[: PEOPLE["small"]], rows[PEOPLE["small"] :]
    await members.enrol_batch(connection, program.program_id, street, now)
    await leave_out_numbers(connection, program.program_id, members_before=len(street))
    program = await _open_hotels(connection, program, size, now)
    await members.enrol_batch(connection, program.program_id, others, now)
    for order, chore in enumerate(CHORES):
        await rewards.create_template(
            connection, program.program_id, sort_order=order, now=now, **msgspec.structs.asdict(chore)
        )
    for treat in TREATS:
        await rewards.create_reward(connection, program.program_id, now=now, **msgspec.structs.asdict(treat))
    return program


async def _open_hotels(connection: Connection, program: Program, size: Size, now: datetime) -> Program:
    await open_for_guests(connection, program, _guests(size), now)
    return await begin(connection, program, "hotels", size, now)


async def _trade(
    database: Database, program: Program, now: datetime, show_progress: Callable[[float], None]
) -> Program:
    state = state_in(program, HotelsState)
    guests, until = _guests(state.hotels_size), state.hotels_until
    await trade(database, program, guests, until=until, seed=SEED, show_progress=show_progress)
    async with database.transaction() as connection:
        await see_off(connection, program, guests, until)
    return await mark(database, program, "demo.hotels_complete", now)


async def _open_venues(connection: Connection, program: Program, size: Size, now: datetime) -> Program:
    await open_for_customers(connection, program, _customers(size), now)
    return await begin(connection, program, "kiosks", size, now)


async def _trade_at_kiosks(
    database: Database, program: Program, now: datetime, show_progress: Callable[[float], None]
) -> Program:
    state = state_in(program, KiosksState)
    customers, until = _customers(state.kiosks_size), state.kiosks_until
    await trade_at_kiosks(database, program, customers, until=until, seed=SEED, show_progress=show_progress)
    return await mark(database, program, "demo.kiosks_complete", now)


async def _lend(
    database: Database,
    library: PhotoLibrary,
    program: Program,
    now: datetime,
    show_progress: Callable[[float], None],
) -> Program:
    state = state_in(program, StoresState)
    subscribers = subscribers_of_the_demo(SUBSCRIBERS[state.stores_size], Random(SEED))
    await trade_at_stores(
        database,
        library,
        program,
        subscribers,
        until=state.stores_until,
        seed=SEED,
        show_progress=show_progress,
    )
    return await mark(database, program, "demo.stores_complete", now)


async def _live_the_year(
    database: Database,
    ledger: Ledger,
    program: Program,
    show_progress: Callable[[float], None],
) -> None:
    state = state_of(program)
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
    while page := await members.search(connection, program_id, limit=_PAGE, after=after, with_handle=True):
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


def _guests(size: Size) -> list[Guest]:
    return guests_of_the_demo(GUESTS[size], Random(SEED))


def _customers(size: Size) -> list[Customer]:
    return customers_of_the_demo(CUSTOMERS[size], Random(SEED))


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
        created_at=start + person.joined_after,
    )
