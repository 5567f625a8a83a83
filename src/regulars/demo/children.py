"""What one child of the demo does at one moment, and what the grown-ups answer.

A child keeps its own account of what it has, in step with the ledger: that is what lets it ask only for
what it can pay.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

import msgspec

from regulars.features.ledger.model import (
    AccountReference,
    Adjust,
    Attribution,
    Capture,
    Command,
    Earn,
    Redeem,
    Refund,
    Release,
    Reserve,
)

GROWN_UPS = ("Alex", "Sam")
LAST_DAYS = 3
"""In the last days, a child that keeps one hold pending gets no answer, so that there is one to approve."""

FORGOTTEN_AFTER = timedelta(days=4)
REFUND_REASONS = ("mis_tap", "wrong_item", "canceled", "quality_issue")
_PRAISE = ("Helped next door", "Kind to a new classmate", "Good school report", "Tried the broccoli")
_SMALL_SPENDING = ("Stickers at the fair", "Sweets on the way home", "Comic at the kiosk")


class Task(msgspec.Struct, frozen=True):
    """An earn template as the contract knows it."""

    template_id: int
    title: str
    points: int


class Price(msgspec.Struct, frozen=True):
    """A reward as the contract knows it."""

    reward_id: int
    name: str
    cost: int
    image_url: str | None


class Request(msgspec.Struct, frozen=True):
    """A command and how it changes what is available to the child."""

    command: Command
    available: int


class _Reserved(msgspec.Struct, frozen=True):
    hold_id: UUID
    price: Price
    at: datetime
    forgotten: bool


class _Bought(msgspec.Struct, frozen=True):
    transfer_id: UUID
    cost: int
    at: datetime


class Child:
    """One child's habits, balance, open holds and latest treats."""

    def __init__(
        self,
        member_id: UUID,
        joined_at: datetime,
        *,
        diligence: float,
        thrift: float,
        keeps_one_pending: bool,
    ) -> None:
        self.joined_at = joined_at
        self._account = AccountReference(member_id)
        self._diligence = diligence
        self._thrift = thrift
        self._keeps_one_pending = keeps_one_pending
        self._available = 0
        self._reserved: list[_Reserved] = []
        self._bought: list[_Bought] = []
        self._wish: Price | None = None

    def act(
        self,
        at: datetime,
        tasks: Sequence[Task],
        prices: Sequence[Price],
        days_left: int,
        hold_ids: Iterator[UUID],
        random: Random,
    ) -> list[Request]:
        """What happens to this child at `at`; each request is counted as granted before the next is made."""
        self._forget(at)
        return [
            *self._answer_holds(at, days_left, random),
            *self._do_chores(tasks, random),
            *self._correct(random),
            *self._ask_for_a_treat(at, prices, days_left, hold_ids, random),
            *self._take_back(at, random),
        ]

    def learn(self, request: Request, transfer_id: UUID, at: datetime) -> None:
        """Notes a debit that may be refunded later."""
        command = request.command
        if isinstance(command, Redeem | Capture) and command.amount:
            self._bought = [*self._bought[-3:], _Bought(transfer_id, command.amount, at)]

    def _granted(self, command: Command, available: int) -> Request:
        self._available += available
        assert self._available >= 0
        return Request(command, available)

    def _forget(self, at: datetime) -> None:
        """Holds with a lifetime that nobody answered: the ledger gives their points back by itself."""
        for hold in [hold for hold in self._reserved if hold.forgotten and hold.at + FORGOTTEN_AFTER <= at]:
            self._reserved.remove(hold)
            self._available += hold.price.cost

    def _answer_holds(self, at: datetime, days_left: int, random: Random) -> Iterator[Request]:
        for hold in [hold for hold in self._reserved if not hold.forgotten]:
            if (self._keeps_one_pending and days_left < LAST_DAYS) or random.random() < 0.35:
                continue
            self._reserved.remove(hold)
            yield self._answer(hold, random)

    def _answer(self, hold: _Reserved, random: Random) -> Request:
        actor = random.choice(GROWN_UPS)
        if random.random() < 0.15:
            attribution = Attribution(source="hold", actor=actor, note="Not this week")
            command = Release(
                account=self._account, action="spend_canceled", attribution=attribution, hold_id=hold.hold_id
            )
            return self._granted(command, hold.price.cost)
        discount = hold.price.cost // 10 if random.random() < 0.2 else 0
        attribution = Attribution(source="hold", actor=actor)
        return self._granted(
            Capture(
                account=self._account,
                action="spend_redeemed",
                attribution=attribution,
                hold_id=hold.hold_id,
                amount=hold.price.cost - discount,
            ),
            discount,
        )

    def _do_chores(self, tasks: Sequence[Task], random: Random) -> Iterator[Request]:
        if random.random() < self._diligence:
            yield self._earn_templates(random.sample(tasks, random.choice((1, 1, 1, 2))), random)
        if random.random() < 0.02:
            amount = random.choice((10, 20, 25, 50))
            attribution = Attribution(
                source="admin", actor=random.choice(GROWN_UPS), note=random.choice(_PRAISE)
            )
            yield self._granted(
                Earn(account=self._account, action="earn_manual", attribution=attribution, amount=amount),
                amount,
            )

    def _earn_templates(self, tasks: Sequence[Task], random: Random) -> Request:
        """Chores done, by a grown-up's tap or by the code that the child shows."""
        scanned = len(tasks) > 1 or random.random() < 0.3
        lines = [
            {"id": task.template_id, "title": task.title, "points": task.points, "count": 1} for task in tasks
        ]
        attribution = Attribution(
            source="qr" if scanned else "admin",
            actor=random.choice(GROWN_UPS),
            note=tasks[0].title if len(tasks) == 1 else None,
            metadata={"templates": lines},
        )
        amount = sum(task.points for task in tasks)
        action = "earn_qr" if scanned else "earn_admin_quick"
        return self._granted(
            Earn(account=self._account, action=action, attribution=attribution, amount=amount), amount
        )

    def _correct(self, random: Random) -> Iterator[Request]:
        if random.random() > 0.006:
            return
        delta = random.choice((20, 50, -10, -20))
        if self._available + delta < 0:
            return
        note = "Forgot to count the washing up" if delta > 0 else "The window, again"
        attribution = Attribution(source="admin", actor=random.choice(GROWN_UPS), note=note)
        action = "adjust_credit" if delta > 0 else "adjust_debit"
        yield self._granted(
            Adjust(account=self._account, action=action, attribution=attribution, delta=delta), delta
        )

    def _ask_for_a_treat(
        self, at: datetime, prices: Sequence[Price], days_left: int, hold_ids: Iterator[UUID], random: Random
    ) -> Iterator[Request]:
        if self._keeps_one_pending and days_left < LAST_DAYS:
            yield from self._ask_for_something_small(at, prices, hold_ids)
            return
        if self._wish is None:
            self._wish = random.choice(prices)
        saved_up = self._available >= self._wish.cost * (1 + self._thrift)
        if saved_up and random.random() < 0.4:
            price, self._wish = self._wish, None
            yield self._reserve(price, at, next(hold_ids), forgotten=random.random() < 0.08)
        elif self._available > 40 and random.random() < 0.01:
            amount = random.choice((10, 15, 30))
            attribution = Attribution(
                source="admin", actor=random.choice(GROWN_UPS), note=random.choice(_SMALL_SPENDING)
            )
            yield self._granted(
                Redeem(account=self._account, action="spend_manual", attribution=attribution, amount=amount),
                -amount,
            )

    def _ask_for_something_small(
        self, at: datetime, prices: Sequence[Price], hold_ids: Iterator[UUID]
    ) -> Iterator[Request]:
        cheapest = min(prices, key=lambda price: price.cost)
        if not self._reserved and self._available >= cheapest.cost:
            yield self._reserve(cheapest, at, next(hold_ids), forgotten=False)

    def _reserve(self, price: Price, at: datetime, hold_id: UUID, *, forgotten: bool) -> Request:
        self._reserved.append(_Reserved(hold_id, price, at, forgotten))
        subject = {"itemId": price.reward_id, "itemName": price.name, "itemImage": price.image_url}
        return self._granted(
            Reserve(
                account=self._account,
                action="spend_hold",
                attribution=Attribution(source="hold", actor="child"),
                hold_id=hold_id,
                amount=price.cost,
                expires_at=at + FORGOTTEN_AFTER if forgotten else None,
                subject=subject,
            ),
            -price.cost,
        )

    def _take_back(self, at: datetime, random: Random) -> Iterator[Request]:
        """Now and then a treat goes wrong within the week, and part or all of it is given back."""
        recent = [bought for bought in self._bought if bought.at > at - timedelta(days=7)]
        if not recent or random.random() > 0.01:
            return
        bought = recent[-1]
        self._bought.remove(bought)
        amount = bought.cost if random.random() < 0.6 else max(1, bought.cost // 2)
        attribution = Attribution(
            source="admin", actor=random.choice(GROWN_UPS), reason=random.choice(REFUND_REASONS)
        )
        yield self._granted(
            Refund(
                account=self._account,
                action="refund",
                attribution=attribution,
                redeem_id=bought.transfer_id,
                amount=amount,
            ),
            amount,
        )
