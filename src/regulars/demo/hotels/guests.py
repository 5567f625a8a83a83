"""Who comes to the demo's hotels. The first is John Smith of the published examples; the others are made up.

Their mail goes to example domains, and their phone numbers are ones that Ofcom keeps for stories.
"""

import string
from collections.abc import Iterator
from datetime import date, timedelta
from random import Random

import msgspec

from regulars.demo.hotels.names import FIRST_NAMES, LAST_NAMES
from regulars.demo.hotels.places import HIGH_STREET, NUMBER_FOUR

JOHN_RFID = "ABC123456"
FIRST_LABEL = "Primary RFID Fob"
OPENED_DAYS_AGO = 300
"""How long the hotels have been taking part."""

_OTHER_LABELS = ("Wife's fob", "Husband's fob", "Partner's fob", "Daughter's fob", "Spare fob")
_PHONES = ("+447700900", "+447700900", "+447700900", "+442079460", "+441614960", "+441134960")
_BIRTH_DATES = (date(1944, 1, 1), date(2004, 12, 31))
_HABITS = (
    ("regular", 7, (2.0, 2.8)),
    ("weekly", 18, (0.9, 1.5)),
    ("monthly", 38, (0.2, 0.5)),
    ("rare", 22, (0.05, 0.15)),
    ("lapsed", 15, (0.5, 1.2)),
)
"""What each sort of guest is called, how many of a hundred there are, and how often they come in a week."""


class Fob(msgspec.Struct, frozen=True):
    """A fob; one that was lost got another code, `replaced_by`, so many days ago.

    `added_days_ago` of None means that the guest enrolled with it.
    """

    code: str
    label: str
    added_days_ago: int | None = None
    replaced_by: str | None = None
    replaced_days_ago: int = 0


class Guest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to enrol. `home` is the slug of a hotel, `visits_per_week` how often they come on average.

    A guest comes until `last_days_ago`, and to the other hotel with the chance `roams`, from 0 to 1. One who
    `leaves` is switched off in the end. `recent_days_ago` are days on which the guest comes for certain.
    """

    name: str
    home: str
    qr_code: str
    joined_days_ago: int
    visits_per_week: float
    email: str | None = None
    phone: str | None = None
    birth_date: date | None = None
    staff: bool = False
    fobs: tuple[Fob, ...] = ()
    last_days_ago: int = 0
    roams: float = 0.15
    leaves: bool = False
    recent_days_ago: tuple[int, ...] = ()


JOHN = Guest(
    name="John Smith",
    home=HIGH_STREET.slug,
    qr_code="LHXYZ123ABC456",
    joined_days_ago=OPENED_DAYS_AGO,
    visits_per_week=0.8,
    email="john@example.com",
    phone="+447700900042",
    fobs=(Fob(JOHN_RFID, FIRST_LABEL), Fob("DEF789012", "Wife's fob")),
    # Six visits in the period, as published, and none that leaves it in the next two weeks.
    last_days_ago=35,
    recent_days_ago=(2, 3, 5, 7, 9, 12),
)


def guests_of_the_demo(count: int, random: Random) -> list[Guest]:
    """John Smith and as many others as make `count`, in the order in which they joined."""
    codes = _codes(random)
    others = [_somebody(index, codes, random) for index in range(1, count)]
    return [JOHN, *sorted(others, key=lambda guest: -guest.joined_days_ago)]


def _somebody(index: int, codes: Iterator[str], random: Random) -> Guest:
    first, last = random.choice(FIRST_NAMES), random.choice(LAST_NAMES)
    joined_days_ago = random.randint(6, OPENED_DAYS_AGO)
    [(habit, _, visits_per_week)] = random.choices(_HABITS, [weight for _, weight, _ in _HABITS])
    # Who stopped coming must have had the time to come before.
    staff = index % 25 == 7
    lapsed = habit == "lapsed" and joined_days_ago > 80 and not staff
    leaves = lapsed and random.random() < 0.2
    comes_back = lapsed and not leaves and random.random() < 0.35
    return Guest(
        name=f"{first} {last}",
        home=random.choices((HIGH_STREET.slug, NUMBER_FOUR.slug), (58, 42))[0],
        qr_code="LH" + "".join(random.choices(string.ascii_uppercase + string.digits, k=12)),
        joined_days_ago=joined_days_ago,
        visits_per_week=0.8 if staff else random.uniform(*visits_per_week),
        email=_email(first, last, index, random) if random.random() < 0.85 else None,
        phone=random.choice(_PHONES) + f"{random.randrange(1000):03}" if random.random() < 0.7 else None,
        birth_date=_birth_date(random) if random.random() < 0.7 else None,
        staff=staff,
        fobs=tuple(_fobs(joined_days_ago, codes, random)),
        last_days_ago=random.randint(31, joined_days_ago - 40) if lapsed else 0,
        roams=random.choice((0.0, 0.05, 0.15, 0.4)),
        leaves=leaves,
        recent_days_ago=(random.randint(2, 25),) if comes_back else (),
    )


def _fobs(joined_days_ago: int, codes: Iterator[str], random: Random) -> Iterator[Fob]:
    """A fob for most guests, a second one for some families, and now and then one that was lost."""
    if random.random() < 0.2:
        return
    lost = joined_days_ago > 20 and random.random() < 0.07
    yield Fob(
        next(codes),
        FIRST_LABEL,
        replaced_by=next(codes) if lost else None,
        replaced_days_ago=random.randint(2, joined_days_ago - 10) if lost else 0,
    )
    if random.random() < 0.2:
        later = joined_days_ago > 10 and random.random() < 0.6
        yield Fob(
            next(codes),
            random.choice(_OTHER_LABELS),
            added_days_ago=random.randint(1, joined_days_ago - 5) if later else None,
        )


def _codes(random: Random) -> Iterator[str]:
    """Codes of fobs in the form of the published ones, none twice."""
    taken = {fob.code for fob in JOHN.fobs}
    while True:
        code = "".join(random.choices(string.ascii_uppercase, k=3)) + f"{random.randrange(10**6):06}"
        if code not in taken:
            taken.add(code)
            yield code


def _email(first: str, last: str, index: int, random: Random) -> str:
    domain = random.choice(("example.com", "example.org", "example.net"))
    surname = last.replace("'", "")
    return f"{first}.{surname}{index}@{domain}".lower()


def _birth_date(random: Random) -> date:
    first, last = _BIRTH_DATES
    return first + timedelta(days=random.randrange((last - first).days))
