"""What a customer's page says, made of what is known of the customer. Pure."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from msgspec import Struct

from regulars.base.money import minor_digits
from regulars.features.kiosk.model import Balances, Branding, Terms
from regulars.features.ledger.model import Transfer
from regulars.features.memberships.model import MembershipStatus

ENTRIES_MAX = 12
TICKETS_MAX = 3
SYMBOLS = {"GBP": "£", "EUR": "€", "USD": "$", "JPY": "¥", "INR": "₹"}


class Entry(Struct, frozen=True):
    """One line of the history."""

    label: str
    day: str
    moment: str
    change: str
    is_gain: bool


class Membership(Struct, frozen=True):
    """What the page says of a membership. `badge` is shown on the card, empty without one."""

    badge: str
    title: str
    sentence: str
    is_live: bool
    join_path: str | None


class WalletView(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    brand_name: str
    monogram: str
    hero_text: str
    venue_name: str
    points: int
    points_word: str
    points_per_reward: int
    progress: int
    to_go: int
    rewards: int
    tickets: int
    more_tickets: int
    reward_value: str
    held_sentence: str
    membership: Membership
    perks: tuple[str, ...]
    entries: tuple[Entry, ...]
    support_email: str | None
    as_of: str


def wallet_view(
    *,
    branding: Branding,
    venue_name: str,
    balances: Balances,
    held: int,
    terms: Terms,
    currency: str,
    entries: Sequence[Entry],
    join_path: str | None,
    now: datetime,
    time_zone: str,
) -> WalletView:
    """The page of a customer; `held` of the rewards are reserved at a kiosk at this moment."""
    progress = min(max(balances.points, 0), terms.points_per_reward)
    tickets = min(balances.rewards, TICKETS_MAX)
    return WalletView(
        brand_name=branding.brand_name,
        monogram=branding.brand_name.strip()[:1].upper() or "·",
        hero_text=branding.hero_text,
        venue_name=venue_name,
        points=balances.points,
        points_word=_plural(balances.points, "point"),
        points_per_reward=terms.points_per_reward,
        progress=progress,
        to_go=terms.points_per_reward - progress,
        rewards=balances.rewards,
        tickets=tickets,
        more_tickets=balances.rewards - tickets,
        reward_value=price(terms.reward_discount_minor, currency),
        held_sentence=_held_sentence(held),
        membership=membership_of(balances.membership_status, join_path),
        perks=_perks(terms, currency),
        entries=tuple(entries[:ENTRIES_MAX]),
        support_email=branding.support_email,
        as_of=now.astimezone(ZoneInfo(time_zone)).strftime("%H:%M"),
    )


def membership_of(status: MembershipStatus, join_path: str | None) -> Membership:
    """What is said of a membership in this state; `join_path` is where one is bought, None if none is."""
    match status:
        case MembershipStatus.ACTIVE:
            return Membership("Member", "You are a member", "Your membership is active.", True, None)
        case MembershipStatus.TRIALING:
            return Membership("Member", "You are a member", "Your trial is running.", True, None)
        case MembershipStatus.PAST_DUE:
            sentence = "Your last payment did not go through. Please check your card with your bank."
            return Membership("Member", "Payment overdue", sentence, True, None)
        case MembershipStatus.CANCELED:
            sentence = "Your membership has ended. You are welcome back any time."
            return Membership("", "Come back as a member", sentence, False, join_path)
        case _:
            return Membership("", "Become a member", "Get more out of every visit.", False, join_path)


def entries_of(points: Sequence[Transfer], rewards: Sequence[Transfer], time_zone: str) -> list[Entry]:
    """The history, newest first. A conversion is told once, by the rewards that came of it."""
    told = [("point", transfer) for transfer in points if transfer.action != "convert"]
    told += [("reward", transfer) for transfer in rewards]
    moved = [(unit, transfer) for unit, transfer in told if transfer.amount != 0]
    # What one order did has one time: first it earned, then the points became rewards.
    moved.sort(key=lambda pair: (pair[1].created_at, pair[0] == "reward", pair[1].version), reverse=True)
    zone = ZoneInfo(time_zone)
    return [_entry(unit, transfer, zone) for unit, transfer in moved]


def price(minor: int, currency: str) -> str:
    """The amount as people read it, without idle decimals: £1, £1.50, ¥100, CHF 1."""
    amount = Decimal(minor).scaleb(-minor_digits(currency))
    text = str(int(amount)) if amount == int(amount) else f"{amount:.{minor_digits(currency)}f}"
    return f"{SYMBOLS.get(currency, currency + ' ')}{text}"


def _entry(unit: str, transfer: Transfer, zone: ZoneInfo) -> Entry:
    at = transfer.created_at.astimezone(zone)
    amount = abs(transfer.amount)
    sign = "+" if transfer.amount > 0 else "−"
    return Entry(
        label=_LABELS.get((unit, transfer.action)) or _FALLBACKS[transfer.amount > 0],
        day=f"{at.day} {at:%B %Y}",
        moment=at.isoformat(timespec="minutes"),
        change=f"{sign}{amount} {_plural(amount, unit)}",
        is_gain=transfer.amount > 0,
    )


_LABELS: dict[tuple[str, str], str] = {
    ("point", "earn_order"): "Purchase",
    ("point", "order_refunded"): "Order refunded",
    ("point", "order_disputed"): "Payment disputed",
    ("point", "order_reinstated"): "Dispute settled",
    ("reward", "convert"): "Reward earned",
    ("reward", "reward_redeemed"): "Reward used",
    ("reward", "membership_grant"): "Membership reward",
    ("reward", "membership_take_back"): "Membership refunded",
    ("reward", "membership_give_back"): "Membership reward",
}
"""What the ledger's actions are called on the page, by what they move."""
_FALLBACKS = {True: "Added", False: "Taken back"}


def _perks(terms: Terms, currency: str) -> tuple[str, ...]:
    multiplier = {2: "Double", 3: "Triple"}.get(terms.membership_multiplier)
    times = f"{multiplier or f'{terms.membership_multiplier} times the'} points on every order"
    reward = f"A reward worth {price(terms.reward_discount_minor, currency)} with every payment"
    return (times, reward) if terms.membership_multiplier > 1 else (reward,)


def _held_sentence(held: int) -> str:
    if held <= 0:
        return ""
    return f"{held} {_plural(held, 'reward')} reserved for an order that is being paid."


def _plural(count: int, word: str) -> str:
    return word if count == 1 else word + "s"
