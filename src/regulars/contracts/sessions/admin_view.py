"""What the operator's page shows, made of a venue's figures. Pure: values in, a view out."""

from collections.abc import Sequence

from msgspec import Struct

from regulars.features.access.model import Location
from regulars.features.kiosk.model import Figures
from regulars.features.memberships.model import Figures as MembershipFigures


class Day(Struct, frozen=True):
    """What one day at a venue has brought."""

    orders: Figures
    members: MembershipFigures


class Figure(Struct, frozen=True):
    """One number of the page, and the same one of the day before, unless there is none to compare with."""

    key: str
    label: str
    value: str
    meaning: str
    before: str = ""


class AdminView(Struct, frozen=True):
    """All that the page shows of a venue."""

    venue_name: str
    monogram: str
    as_of: str
    attach_rate: str
    attach_percent: float
    attach_sentence: str
    attach_before: str
    has_orders: bool
    figures: tuple[Figure, ...]


class VenueChoice(Struct, frozen=True):
    """A venue that whoever has signed in may look at."""

    venue_id: str
    name: str
    monogram: str


def choices_of(venues: Sequence[Location], bound_to: int | None) -> list[VenueChoice]:
    """The venues that are open, by name; of a key that is bound to one, that one."""
    reached = [venue for venue in venues if venue.active and bound_to in (None, venue.location_id)]
    return [
        VenueChoice(venue.slug, venue.name, monogram_of(venue.name))
        for venue in sorted(reached, key=lambda venue: (venue.name.casefold(), venue.slug))
    ]


def monogram_of(name: str) -> str:
    """What stands for a venue that has no logo."""
    return name.strip()[:1].upper() or "·"


def day_before(both: Day, last: Day) -> Day:
    """What is left of two days without the second."""
    return Day(
        Figures(
            both.orders.paid_orders - last.orders.paid_orders,
            both.orders.identified_orders - last.orders.identified_orders,
            both.orders.earn_events - last.orders.earn_events,
            both.orders.redeem_events - last.orders.redeem_events,
        ),
        MembershipFigures(both.members.conversions - last.members.conversions, last.members.active_members),
    )


def admin_view(venue: Location, day: Day, before: Day, as_of: str) -> AdminView:
    """The page of these two days. Without any order there is no rate."""
    orders = day.orders
    return AdminView(
        venue_name=venue.name,
        monogram=monogram_of(venue.name),
        as_of=as_of,
        attach_rate=_rate_text(orders),
        attach_percent=round(_percent(orders), 1),
        attach_sentence=_sentence(orders),
        attach_before=_rate_text(before.orders) if before.orders.paid_orders else "",
        has_orders=orders.paid_orders > 0,
        figures=_figures(day, before),
    )


def _figures(day: Day, before: Day) -> tuple[Figure, ...]:
    earned = (day.orders.earn_events, before.orders.earn_events)
    redeemed = (day.orders.redeem_events, before.orders.redeem_events)
    sold = (day.members.conversions, before.members.conversions)
    return (
        _compared("earn-events", "Earn events", "Orders that earned points", *earned),
        _compared("redeem-events", "Redeem events", "Orders with a reward", *redeemed),
        _compared("conversions", "Conversions", "Memberships sold", *sold),
        Figure("active-members", "Active members", f"{day.members.active_members:,}", "Live at this moment"),
    )


def _compared(key: str, label: str, meaning: str, count: int, earlier: int) -> Figure:
    return Figure(key, label, f"{count:,}", meaning, f"{earlier:,}" if count or earlier else "")


def _percent(orders: Figures) -> float:
    return 100 * orders.identified_orders / orders.paid_orders if orders.paid_orders else 0.0


def _rate_text(orders: Figures) -> str:
    return f"{_percent(orders):.1f} %" if orders.paid_orders else "–"


def _sentence(orders: Figures) -> str:
    if not orders.paid_orders:
        return "No paid orders in the last 24 hours. The next one shows here as soon as the till reports it."
    return f"{orders.identified_orders:,} of {orders.paid_orders:,} paid orders have a customer."
