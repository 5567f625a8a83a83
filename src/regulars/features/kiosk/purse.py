"""What a customer has at a venue, open for the rest of a transaction, and what is done with it there.

All of it happens in books that the transaction has opened: nothing is written before they are sent.
"""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct

from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.features.kiosk import rules, rules_holds
from regulars.features.kiosk.model import Terms
from regulars.features.ledger.actions import Books
from regulars.features.ledger.model import (
    AccountReference,
    AccountState,
    Adjust,
    Attribution,
    Capture,
    Command,
    Convert,
    Declined,
    Earn,
    Posted,
    Redeem,
    RefusalCode,
    Reserve,
    TakeBack,
)

SOURCE = "sessions"
POINTS, REWARDS = "points", "rewards"
EVERYWHERE = 0
"""The location of what counts at all venues of a program."""

Made = TypeVar("Made", bound=Command)


class Accounts(Struct, frozen=True):
    """The accounts that a customer has at a venue: points, its rewards, and the program's."""

    points: AccountReference
    venue_rewards: AccountReference
    program_rewards: AccountReference

    @property
    def all(self) -> list[AccountReference]:
        """The three of them."""
        return [self.points, self.venue_rewards, self.program_rewards]


class Held(Struct, frozen=True):
    """Rewards that were set aside, and the ledger's holds under which they are."""

    venue_rewards: int
    program_rewards: int
    venue_hold_id: UUID | None
    program_hold_id: UUID | None


def accounts_of(member_id: UUID, location_id: int) -> Accounts:
    """The customer's accounts at the venue."""
    return Accounts(
        AccountReference(member_id, POINTS, location_id),
        AccountReference(member_id, REWARDS, location_id),
        AccountReference(member_id, REWARDS, EVERYWHERE),
    )


class Purse:
    """One customer's points and rewards. `about` is what the history says of each change.

    Every change raises Refused("customer_not_found") in a purse that is nobody's, and the ledger's own code,
    such as balance_limit, where it refuses.
    """

    def __init__(self, books: Books, accounts: Accounts, terms: Terms, about: dict[str, Any]) -> None:
        self._books = books
        self._accounts = accounts
        self._terms = terms
        self._attribution = Attribution(source=SOURCE, metadata=about)
        self.touched_everywhere = False
        """Whether something changed that shows at other venues too."""

    @property
    def is_somebodys(self) -> bool:
        """Whether there is such a customer: not somebody unknown, of another program, or erased."""
        return not self._points.closed

    @property
    def points(self) -> int:
        """The balance of points."""
        return self._points.balance

    @property
    def rewards(self) -> int:
        """The balance of rewards, the program-wide and the held ones included."""
        return self._of_venue.balance + self._of_program.balance

    def earn(self, points: int) -> UUID | None:
        """The transfer that credits so many points, None for none at all."""
        if points == 0:
            return None
        posted = self._post(self._make(Earn, self._accounts.points, "earn_order", amount=points))
        return posted.transfer.transfer_id

    def convert(self) -> int:
        """How many rewards the points turned into; what remains of them makes none."""
        count = rules.rewards_for(self._points.available, self._terms)
        self._turn(count)
        return count

    def take_back(self, points: int, action: str) -> None:
        """Takes so many points: those that are there, then rewards turned back into points.

        What neither gives is owed, and what is earned later pays it.
        """
        if points > 0:
            self._post(self._make(TakeBack, self._accounts.points, action, amount=points))
            self.pay_with_rewards()

    def give_back(self, points: int, action: str) -> None:
        """Gives so many points that were taken before: they pay what is owed, then turn into rewards."""
        if points > 0:
            self._post(self._make(Adjust, self._accounts.points, action, delta=points))
            self.pay_with_rewards()
            self.convert()

    def pay_with_rewards(self) -> bool:
        """Whether rewards of the venue were turned back into points, because points are owed."""
        owed = rules.rewards_covering(self._points.owed, self._terms)
        count = min(owed, max(self._of_venue.available, 0))
        self._turn(-count)
        return count > 0

    def reserve(self, count: int, expires_at: datetime, hold_id: UUID) -> Held | None:
        """So many rewards, set aside, the venue's before the program's; None when there are too few."""
        split = rules_holds.split_rewards(count, self._of_venue.available, self._of_program.available)
        if split is None:
            return None
        subject = {"cart_hold_id": str(hold_id)}
        parts: list[UUID | None] = []
        for account, amount in (
            (self._accounts.venue_rewards, split.venue),
            (self._accounts.program_rewards, split.program),
        ):
            part = new_id() if amount > 0 else None
            parts.append(part)
            if part is not None:
                more = {"hold_id": part, "amount": amount, "expires_at": expires_at, "subject": subject}
                self._post(self._make(Reserve, account, "reward_held", **more))
        return Held(split.venue, split.program, *parts)

    def holds(self, held: Held) -> bool:
        """Whether all of what was set aside still is."""
        parts = (self._of_venue, held.venue_hold_id), (self._of_program, held.program_hold_id)
        return all(
            part is None or any(hold.hold_id == part for hold in account.holds) for account, part in parts
        )

    def redeem_held(self, held: Held) -> None:
        """Redeems what is set aside."""
        for account, part in (
            (self._accounts.venue_rewards, held.venue_hold_id),
            (self._accounts.program_rewards, held.program_hold_id),
        ):
            if part is not None:
                self._post(self._make(Capture, account, "reward_redeemed", hold_id=part))
        self.touched_everywhere |= held.program_rewards > 0

    def redeem(self, count: int) -> bool:
        """Whether so many rewards were there to be redeemed, the venue's before the program's."""
        split = rules_holds.split_rewards(count, self._of_venue.available, self._of_program.available)
        if split is None:
            return False
        for account, amount in (
            (self._accounts.venue_rewards, split.venue),
            (self._accounts.program_rewards, split.program),
        ):
            if amount > 0:
                self._post(self._make(Redeem, account, "reward_redeemed", amount=amount))
        self.touched_everywhere |= split.program > 0
        return True

    @property
    def _points(self) -> AccountState:
        return self._books.account(self._accounts.points)

    @property
    def _of_venue(self) -> AccountState:
        return self._books.account(self._accounts.venue_rewards)

    @property
    def _of_program(self) -> AccountState:
        return self._books.account(self._accounts.program_rewards)

    def _turn(self, count: int) -> None:
        """Turns points into so many rewards, or so many rewards back into points when it is negative."""
        if count == 0:
            return
        points, rewards = self._accounts.points, self._accounts.venue_rewards
        given = (points, -count * self._terms.points_per_reward), (rewards, count)
        # What is given comes before what is got for it.
        for account, delta in given if count > 0 else given[::-1]:
            self._post(self._make(Convert, account, "convert", delta=delta))

    def _make(self, kind: type[Made], account: AccountReference, action: str, **more: Any) -> Made:
        return kind(account=account, action=action, attribution=self._attribution, **more)

    def _post(self, command: Command) -> Posted:
        outcome = self._books.decide(command)
        if isinstance(outcome, Declined):
            code = outcome.refusal.code
            raise Refused("customer_not_found" if code is RefusalCode.ACCOUNT_CLOSED else str(code))
        return outcome
