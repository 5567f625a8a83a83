"""Which rewards a cart may hold, and which of its holds an order that is paid redeems. Pure."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.features.kiosk.model import Terms
from regulars.features.kiosk.model_orders import HoldRequest, HoldStatus, StoredHold


class Split(Struct, frozen=True):
    """How many rewards are the venue's, and how many program-wide."""

    venue: int
    program: int


def require_count(reward_count: int, terms: Terms) -> None:
    """Refused as `invalid_reward_count` below 1, as `mvp_max_one_reward` above the program's maximum."""
    if reward_count < 1:
        raise Refused("invalid_reward_count")
    if reward_count > terms.rewards_per_cart_max:
        raise Refused("mvp_max_one_reward", rewards_max=terms.rewards_per_cart_max)


def split_rewards(count: int, venue_available: int, program_available: int) -> Split | None:
    """Whose rewards are taken: the venue's before the program's. None when there are too few."""
    of_venue = min(count, max(venue_available, 0))
    of_program = count - of_venue
    return Split(of_venue, of_program) if of_program <= max(program_available, 0) else None


def is_same_request(request: HoldRequest, other: HoldRequest) -> bool:
    """Whether two requests under one key ask for the same."""
    return (request.cart_session_id, request.member_id, request.reward_count) == (
        other.cart_session_id,
        other.member_id,
        other.reward_count,
    )


def is_full(holds: Sequence[StoredHold], reward_count: int, terms: Terms, now: datetime) -> bool:
    """Whether the cart holds too many rewards already, of whomever, for so many more."""
    held = sum(hold.reward_count for hold in holds if hold.is_live(now))
    return held + reward_count > terms.rewards_per_cart_max


def redeemable(holds: Sequence[StoredHold], now: datetime) -> list[StoredHold]:
    """What a payment redeems of a cart's holds: those that live, else its newest one, if that lapsed.

    The latter was on the cart when the customer set out to pay.
    """
    living = [hold for hold in holds if hold.is_live(now)]
    if living or not holds:
        return living
    newest = max(holds, key=_by_age)
    return [] if newest.status is HoldStatus.REDEEMED else [newest]


def redeemed_before(holds: Sequence[StoredHold]) -> StoredHold | None:
    """The hold of a cart that was redeemed last, under whatever order, or None."""
    redeemed = [hold for hold in holds if hold.status is HoldStatus.REDEEMED]
    return max(redeemed, key=_by_age) if redeemed else None


def _by_age(hold: StoredHold) -> tuple[datetime, str]:
    return hold.created_at, str(hold.hold_id)
