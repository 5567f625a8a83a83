"""What each borrower of the demo has done, as the rules of lending let them."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from regulars.demo.hotels.visits import moment
from regulars.demo.stores.subscribers import Act, Subscriber
from regulars.features.lending import actions as lending
from regulars.features.lending.model import Borrower, Loan, Plan, Refusal
from regulars.features.lending.model_settings import USUAL_PLANS

_OPENS_MINUTE, _OPEN_MINUTES = 10 * 60, 8 * 60
_MINUTES_BETWEEN = 11
_KEPT_DAYS_MAX = 27
"""Whoever has had something for longer brings it back at the next visit."""
_SWAPS, _BRINGS = 0.35, 0.35
_REMEMBERS = 0.9
_SETTLES_DAYS = 2
"""How long before what is told of them everything of before has come back."""
_NOBODY = UUID(int=0)
_PLANS = {plan.name: plan for plan in USUAL_PLANS}


class Step(msgspec.Struct, frozen=True):
    """One thing that somebody did at the counter, or at the shop."""

    at: datetime
    act: Act


def joined_at(subscriber: Subscriber, until: datetime) -> datetime:
    """When the subscriber's first month began: their present one began so many days before `until`."""
    month_began_at = until - timedelta(days=subscriber.days_into_month, hours=1)
    return lending.add_months(month_began_at, -subscriber.joined_months_ago)


def life_of(subscriber: Subscriber, until: datetime, time_zone: str, seed: int) -> list[Step]:
    """Everything that the subscriber did before `until`, oldest first, whoever else there is."""
    life = _Life(subscriber, until, ZoneInfo(time_zone), Random(f"{seed}/{subscriber.card_token}"))
    return [step for step in life.steps() if step.at < until]


class _Life:
    def __init__(self, subscriber: Subscriber, until: datetime, zone: ZoneInfo, random: Random) -> None:
        self._subscriber, self._zone, self._random = subscriber, zone, random
        self._today = until.astimezone(zone).date()
        self._joined_at = joined_at(subscriber, until)
        self._plan: Plan = _PLANS[subscriber.plan]
        self._borrower: Borrower = lending.new_borrower(0, _NOBODY, subscriber.plan, self._joined_at)
        self._taken_at: list[datetime] = []

    def steps(self) -> Iterator[Step]:
        """The life up to chance, and at its end what is told of the last weeks."""
        lately = self._subscriber.lately
        if lately is None:
            yield from self._live_until(self._today)
            return
        settled_on = self._day(max((self._subscriber.days_into_month, *(days for days, _ in lately))))
        settled_on -= timedelta(days=_SETTLES_DAYS)
        yield from self._live_until(settled_on)
        yield from self._bring_all(self._at(settled_on, 0))
        for place, (days_ago, act) in enumerate(lately):
            yield Step(self._at(self._day(days_ago), place * _MINUTES_BETWEEN), act)

    def _live_until(self, last: date) -> Iterator[Step]:
        day = self._joined_at.astimezone(self._zone).date() + timedelta(days=1)
        while day < last:
            yield from self._visit(self._at(day, self._random.randrange(_OPEN_MINUTES)))
            day = self._next_visit(day)

    def _next_visit(self, day: date) -> date:
        """When it suits, or sooner, because something is due and that was not forgotten."""
        pause_days = self._random.gauss(1, 0.35) * self._subscriber.comes_every_days
        next_day = day + timedelta(days=max(1, round(pause_days)))
        if self._taken_at and self._random.random() < _REMEMBERS:
            due_on = self._taken_at[0].astimezone(self._zone).date() + timedelta(days=_KEPT_DAYS_MAX + 1)
            return max(day + timedelta(days=1), min(next_day, due_on))
        return next_day

    def _visit(self, at: datetime) -> Iterator[Step]:
        """Brings back what has been out for long, swaps or brings something perhaps, and takes something."""
        while self._taken_at and at - self._taken_at[0] > timedelta(days=_KEPT_DAYS_MAX):
            yield self._brought(at)
        wish = self._random.random()
        if self._taken_at and wish < _SWAPS and (swapped := self._swapped(at)) is not None:
            yield swapped
            return
        if self._taken_at and wish < _SWAPS + _BRINGS:
            yield self._brought(at)
        taken = self._taken(at)
        if taken is not None:
            yield taken

    def _bring_all(self, at: datetime) -> Iterator[Step]:
        while self._taken_at:
            yield self._brought(at)

    def _taken(self, at: datetime) -> Step | None:
        after = lending.after_checkout(lending.in_present_cycle(self._borrower, at), self._plan, at)
        if isinstance(after, Refusal):
            return None
        self._borrower = after
        self._taken_at.append(at)
        return Step(at, "take")

    def _swapped(self, at: datetime) -> Step | None:
        loan = Loan(
            loan_id=_NOBODY, member_id=_NOBODY, store_location="", checked_out_at=self._taken_at[0], due_at=at
        )
        after = lending.after_swap(lending.in_present_cycle(self._borrower, at), self._plan, loan, at)
        if isinstance(after, Refusal):
            return None
        self._borrower = after
        self._taken_at = [*self._taken_at[1:], at]
        return Step(at, "swap")

    def _brought(self, at: datetime) -> Step:
        self._borrower = lending.after_return(lending.in_present_cycle(self._borrower, at), at)
        self._taken_at.pop(0)
        return Step(at, "bring")

    def _day(self, days_ago: int) -> date:
        return self._today - timedelta(days=days_ago)

    def _at(self, day: date, minutes: int) -> datetime:
        return moment(day, _OPENS_MINUTE + minutes, self._zone)
