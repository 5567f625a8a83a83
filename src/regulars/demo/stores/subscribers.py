"""Who borrows in the demo's stores. They are known by their cards, and by the shop's number for them."""

from random import Random
from typing import Literal

import msgspec

from regulars.demo.stores.places import STORE_A, STORE_B

Act = Literal["take", "bring", "swap", "pause", "cancel"]
"""What is brought or swapped is what has been out for longest."""

DAYS_INTO_MONTH = 12
"""How long ago the present month of those in `FIRST` began."""
_SHOPIFY_IDS_FROM = 7_281_400_000_000
_PLANS = (("BASIC", 30), ("PLUS", 45), ("PREMIUM", 25))


class Subscriber(msgspec.Struct, frozen=True):
    """Somebody with a plan, who joined so many months ago and comes by every so many days.

    `lately` is what the present month has seen, by days ago; it is all up to chance where it is None.
    """

    card_token: str
    plan: str
    joined_months_ago: int
    comes_every_days: float
    home: str
    lately: tuple[tuple[int, Act], ...] | None
    days_into_month: int = DAYS_INTO_MONTH
    number: int = 0

    @property
    def shopify_customer_id(self) -> str:
        """The shop's number for them."""
        return str(_SHOPIFY_IDS_FROM + 137 * self.number)


_TEN_TAKEN: tuple[tuple[int, Act], ...] = (
    *(step for days in range(11, 2, -1) for step in ((days, "take"), (days, "bring"))), (2, "take"),
)  # fmt: skip
"""All that PREMIUM allows in a month, one after the other; the last one is out."""

_A, _B = STORE_A.name, STORE_B.name
FIRST = (
    Subscriber(
        "CARD-PREMIUM-1", "PREMIUM", 12, 6, _A,
        ((10, "take"), (9, "take"), (6, "swap"), (4, "bring"), (2, "take")),
    ),
    Subscriber(
        "CARD-PREMIUM-2", "PREMIUM", 5, 9, _B, ((11, "take"), (9, "take"), (6, "take"), (3, "take"))
    ),
    Subscriber("CARD-PREMIUM-3", "PREMIUM", 3, 8, _A, _TEN_TAKEN),
    Subscriber("CARD-PLUS-1", "PLUS", 9, 10, _A, ((8, "take"),)),
    Subscriber("CARD-PLUS-2", "PLUS", 7, 12, _B, ((10, "take"), (8, "swap"), (5, "swap"))),
    Subscriber("CARD-PLUS-3", "PLUS", 2, 11, _A, ((9, "take"), (4, "take"))),
    Subscriber("CARD-BASIC-1", "BASIC", 11, 20, _A, ()),
    Subscriber("CARD-BASIC-2", "BASIC", 4, 18, _A, ((6, "take"),)),
    Subscriber("CARD-BASIC-3", "BASIC", 6, 25, _B, ((8, "take"), (2, "bring"))),
    Subscriber("CARD-PAUSED-1", "PLUS", 8, 13, _A, ((11, "take"), (5, "pause"))),
    Subscriber("CARD-CANCELLED-1", "BASIC", 10, 22, _A, ((9, "cancel"),)),
    Subscriber("CARD-OVERDUE-1", "PREMIUM", 6, 9, _A, ((36, "take"), (5, "take"))),
    Subscriber("CARD-DUE-SOON-1", "PLUS", 5, 14, _B, ((28, "take"),)),
)  # fmt: skip
"""In every demo: each plan and state, each limit reached once, something overdue and something due soon."""


def subscribers_of_the_demo(count: int, random: Random) -> list[Subscriber]:
    """The first ones and as many others as make `count`."""
    others = [_somebody(place, random) for place in range(len(FIRST), count)]
    return [
        msgspec.structs.replace(subscriber, number=number)
        for number, subscriber in enumerate((*FIRST, *others))
    ]


def _somebody(place: int, random: Random) -> Subscriber:
    [plan] = random.choices([name for name, _ in _PLANS], [weight for _, weight in _PLANS])
    return Subscriber(
        f"CARD-{1000 + place}",
        plan,
        joined_months_ago=random.randint(1, 11),
        comes_every_days=random.uniform(7, 24),
        home=random.choice((_A, _A, _B)),
        lately=None,
        days_into_month=random.randint(0, 27),
    )
