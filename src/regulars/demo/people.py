"""Who lives in the demo. The first two, `leo` and `maya`, are in every demo; the others are made up."""

from datetime import date, timedelta
from random import Random

import msgspec

_FIRST_NAMES = (
    "Amara", "Ben", "Chloe", "Dylan", "Esme", "Femi", "Grace", "Hugo", "Isla", "Jonas", "Kaya", "Luca",
    "Mei", "Noah", "Olive", "Priya", "Quinn", "Rafi", "Sofia", "Theo", "Uma", "Viktor", "Wren", "Zara",
)  # fmt: skip
_LAST_NAMES = (
    "Adeyemi", "Bennett", "Castle", "Dhillon", "Evans", "Fischer", "Grant", "Hughes", "Iqbal", "Jensen",
    "Kowalski", "Larsen", "Morgan", "Novak", "Okafor", "Patel", "Quigley", "Rossi", "Shaw", "Tanaka",
)  # fmt: skip


class Person(msgspec.Struct, frozen=True):
    """Somebody to enrol. `diligence` is the chance of a chore at each round of a day, from 0 to 1.

    `thrift` is how much of the price of a treat they save up beyond it before they ask for it.
    """

    handle: str
    name: str
    birth_date: date
    sex: str | None
    joined_after: timedelta
    diligence: float
    thrift: float


LEO = Person("leo", "Leo Marlowe", date(2014, 5, 9), "male", timedelta(0), 0.8, 0.2)
MAYA = Person("maya", "Maya Marlowe", date(2017, 2, 21), "female", timedelta(0), 0.7, 0.6)


def people_of_the_demo(count: int, random: Random) -> list[Person]:
    """Leo, Maya, and as many others as make `count`; handles are unique."""
    return [LEO, MAYA, *(_somebody(index, random) for index in range(count - 2))]


def _somebody(index: int, random: Random) -> Person:
    first = _FIRST_NAMES[index % len(_FIRST_NAMES)]
    last = random.choice(_LAST_NAMES)
    street_is_full = index >= len(_FIRST_NAMES)
    return Person(
        handle=f"{first}.{last}.{index}".lower() if street_is_full else first.lower(),
        name=f"{first} {last}",
        birth_date=date(2009, 1, 1) + timedelta(days=random.randrange(10 * 365)),
        sex=random.choice(("female", "male", None)),
        joined_after=timedelta(days=random.randrange(240)),
        diligence=random.uniform(0.15, 0.75),
        thrift=random.uniform(0, 1),
    )
