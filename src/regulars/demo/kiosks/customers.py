"""Who orders at the demo's kiosks. They give a phone number and nothing else.

The numbers are ones that Ofcom keeps for stories. The contract's own example, +447700900000, stays free.
"""

from collections.abc import Iterator
from random import Random

import msgspec
from msgspec.structs import replace

from regulars.demo.kiosks.venues import SOHO, TEMPLE_BAR
from regulars.features.memberships.model import MembershipStatus

OPENED_DAYS_AGO = 150
"""How long the venues have had kiosks."""

_PHONES = ("+447700900", "+442079460", "+441614960", "+441134960", "+441314960", "+441514960")
_NUMBERS_KEPT_FREE = 100
_HABITS = ((12, (1.8, 2.6)), (30, (0.6, 1.2)), (38, (0.15, 0.4)), (20, (0.02, 0.05)))
"""How many of a hundred customers there are of each sort, and how often they order in a week."""

_STATUSES = (
    (64, MembershipStatus.ACTIVE),
    (8, MembershipStatus.TRIALING),
    (15, MembershipStatus.PAST_DUE),
    (13, MembershipStatus.CANCELED),
)
_OFTEN = 0.6
_MEMBERS_PARTS = {True: 0.65, False: 0.1}
"""What part of those who order so often in a week have a membership, and what part of the others."""
_TRIAL_DAYS = 14


class Plan(msgspec.Struct, frozen=True):
    """A membership that was bought so many days ago, and how it stands in the end.

    A canceled one ended with its month. `refunded`: its last month was given back. `everywhere`: it holds at
    every venue.
    """

    status: MembershipStatus
    started_days_ago: int
    refunded: bool = False
    everywhere: bool = False


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with a phone. `home` is the slug of a venue; they order at the other one with chance `roams`.

    `number` is the customer's place in the order of joining, from 0; it stands in the ids of orders, where no
    phone number may.
    """

    number: int = 0
    phone: str
    home: str
    joined_days_ago: int
    orders_per_week: float
    roams: float = 0.0
    plan: Plan | None = None
    label: str | None = None


FIRST = (
    Customer(
        phone="+447700900101",
        home=SOHO.slug,
        joined_days_ago=OPENED_DAYS_AGO,
        orders_per_week=1.6,
        roams=0.1,
        plan=Plan(MembershipStatus.ACTIVE, 130, everywhere=True),
        label="a member of every venue",
    ),
    Customer(
        phone="+447700900102",
        home=SOHO.slug,
        joined_days_ago=96,
        orders_per_week=1.1,
        label="a customer without a membership",
    ),
    Customer(
        phone="+447700900103",
        home=TEMPLE_BAR.slug,
        joined_days_ago=120,
        orders_per_week=1.3,
        plan=Plan(MembershipStatus.PAST_DUE, 75),
        label="a member whose payment is late",
    ),
    Customer(
        phone="+447700900104",
        home=SOHO.slug,
        joined_days_ago=150,
        orders_per_week=0.8,
        plan=Plan(MembershipStatus.CANCELED, 100, refunded=True),
    ),
    Customer(
        phone="+447700900105",
        home=SOHO.slug,
        joined_days_ago=40,
        orders_per_week=0.9,
        plan=Plan(MembershipStatus.TRIALING, 5),
    ),
)
"""In every demo; those with a label have their pages shown."""


def customers_of_the_demo(count: int, random: Random) -> list[Customer]:
    """The first ones and as many others as make `count`, in the order in which they joined."""
    phones = _phones()
    others = [_somebody(next(phones), random) for _ in range(count - len(FIRST))]
    joined = sorted((*FIRST, *others), key=lambda customer: -customer.joined_days_ago)
    return [replace(customer, number=number) for number, customer in enumerate(joined)]


def _somebody(phone: str, random: Random) -> Customer:
    joined_days_ago = random.randint(2, OPENED_DAYS_AGO)
    [habit] = random.choices([often for _, often in _HABITS], [weight for weight, _ in _HABITS])
    orders_per_week = random.uniform(*habit)
    is_member = random.random() < _MEMBERS_PARTS[orders_per_week >= _OFTEN]
    return Customer(
        phone=phone,
        home=random.choices((SOHO.slug, TEMPLE_BAR.slug), (62, 38))[0],
        joined_days_ago=joined_days_ago,
        orders_per_week=orders_per_week,
        roams=random.choice((0.0, 0.0, 0.05, 0.2)),
        plan=_plan(joined_days_ago, random) if is_member else None,
    )


def _plan(joined_days_ago: int, random: Random) -> Plan | None:
    [status] = random.choices([status for _, status in _STATUSES], [weight for weight, _ in _STATUSES])
    started_days_ago = random.randint(max(1, joined_days_ago // 2), joined_days_ago)
    if status is MembershipStatus.TRIALING:
        started_days_ago = min(started_days_ago, _TRIAL_DAYS - 1)
    elif status is not MembershipStatus.ACTIVE and started_days_ago < 2 * 31:
        # What was lost has to have been there for a while.
        return None
    return Plan(status, started_days_ago)


def _phones() -> Iterator[str]:
    """Numbers in order, without the first of each range."""
    for last in range(_NUMBERS_KEPT_FREE + 100, 1000):
        yield from (f"{range_}{last}" for range_ in _PHONES)
