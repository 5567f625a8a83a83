"""A year of the demo, planned: every round of a day as one batch of ledger commands.

The plan is a generator that yields a round and is sent the ledger's outcomes, because a refund names the
transfer it refunds. It keeps each child's balance itself, so no command of it is ever declined, and with
the same seed, children and end it is the same plan: a demo whose making was interrupted goes on where it
stopped, by the commands' claims.
"""

from collections.abc import Generator, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from regulars.base.ids import id_floor
from regulars.demo.children import Child, Price, Task
from regulars.features.ledger.model import Claim, Command, Outcome, Posted

DAYS = 365
CLAIM_SCOPE = "demo"
MORNING = time(7, 20)
EVENING = time(17, 40)


class Round(msgspec.Struct, frozen=True):
    """Commands that happen at one moment. `part` of 1.0 is the end of the plan, for a progress bar."""

    at: datetime
    commands: list[Command]
    part: float


class Cast(msgspec.Struct, frozen=True):
    """Who and what the year is about: children in order, what they can do and what they can ask for."""

    children: Sequence[Child]
    tasks: Sequence[Task]
    prices: Sequence[Price]


def plan_year(
    cast: Cast, *, until: datetime, time_zone: str, seed: int
) -> Generator[Round, list[Outcome], None]:
    """The rounds of the year that ends at `until`, oldest first. Send it each round's outcomes."""
    random = Random(seed)
    moments = list(_moments(until, ZoneInfo(time_zone)))
    for number, at in enumerate(moments, start=1):
        ids = _hold_ids(at, random)
        days_left = (until - at).days
        asked = [
            (child, request)
            for child in cast.children
            if child.joined_at <= at
            for request in child.act(at, cast.tasks, cast.prices, days_left, ids, random)
        ]
        commands = [
            msgspec.structs.replace(request.command, claim=Claim(CLAIM_SCOPE, f"demo-{number}-{index}", b""))
            for index, (_, request) in enumerate(asked)
        ]
        if not commands:
            continue
        outcomes = yield Round(at, commands, number / len(moments))
        for (child, request), outcome in zip(asked, outcomes, strict=True):
            assert isinstance(outcome, Posted), outcome
            child.learn(request, outcome.transfer.transfer_id, at)


def _moments(until: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    last_day = until.astimezone(zone).date()
    for ago in range(DAYS, -1, -1):
        day: date = last_day - timedelta(days=ago)
        for hour, minutes in ((MORNING, day.toordinal() * 7 % 25), (EVENING, day.toordinal() * 11 % 90)):
            at = (datetime.combine(day, hour, zone) + timedelta(minutes=minutes)).astimezone(until.tzinfo)
            if at < until:
                yield at


def _hold_ids(at: datetime, random: Random) -> Iterator[UUID]:
    """Ids of holds made at `at`: they sort by time, and are the same whenever the plan is made again."""
    floor = id_floor(at).int
    count = 0
    while True:
        yield UUID(int=floor | min(count, 0xFFF) << 64 | random.getrandbits(62))
        count += 1
