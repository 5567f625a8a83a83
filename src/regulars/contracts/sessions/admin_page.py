"""A venue's last 24 hours at a glance, for whoever has the admin key."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from litestar import get
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from regulars.contracts.sessions.colors import theme_of
from regulars.contracts.sessions.context import ADMIN, open_context, venue_of
from regulars.contracts.sessions.descriptions_pages import ADMIN_PAGE
from regulars.contracts.sessions.fields import require
from regulars.contracts.sessions.pages import render_page
from regulars.contracts.sessions.wire_events import AdminQuery
from regulars.features.access.model import Location
from regulars.features.kiosk import actions as kiosk
from regulars.features.kiosk.model import Figures
from regulars.features.memberships import actions as memberships
from regulars.features.memberships.model import Figures as MembershipFigures
from regulars.http.answers import Answer
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

PERIOD = timedelta(hours=24)


class Figure(Struct, frozen=True):
    """One number of the page."""

    key: str
    label: str
    value: str
    meaning: str


class AdminView(Struct, frozen=True):
    """All that the page shows."""

    venue_name: str
    monogram: str
    as_of: str
    attach_rate: str
    attach_percent: float
    attach_sentence: str
    figures: tuple[Figure, ...]


@get("/admin", opt={"access": ADMIN, "operation": ADMIN_PAGE})
async def show_admin(request: HttpRequest) -> Answer:
    """The figures of the venue that the address names."""
    context = await open_context(request)
    venue_id = read_query(request, AdminQuery).venue_id or ""
    require([] if venue_id.strip() else ["venue_id"])
    venue = await venue_of(context, venue_id)
    now = context.now
    async with context.services.database.connection() as connection:
        orders = await kiosk.figures_since(connection, venue.program_id, venue.location_id, now - PERIOD)
        members = await memberships.figures_since(
            connection, venue.program_id, venue.location_id, now - PERIOD
        )
    branding = kiosk.branding_of(venue)
    return render_page(
        "admin.html",
        theme=theme_of(branding.primary_color, branding.accent_color),
        logo_url=branding.logo_url,
        view=admin_view(venue, orders, members, now.astimezone(ZoneInfo(venue.time_zone)).strftime("%H:%M")),
    )


def admin_view(venue: Location, orders: Figures, members: MembershipFigures, as_of: str) -> AdminView:
    """The page of these figures. Without any order there is no rate."""
    percent = 100 * orders.identified_orders / orders.paid_orders if orders.paid_orders else 0.0
    return AdminView(
        venue_name=venue.name,
        monogram=venue.name.strip()[:1].upper() or "·",
        as_of=as_of,
        attach_rate=f"{percent:.1f} %" if orders.paid_orders else "–",
        attach_percent=round(percent, 1),
        attach_sentence=f"{orders.identified_orders} of {orders.paid_orders} paid orders have a customer.",
        figures=(
            Figure("earn-events", "Earn events", f"{orders.earn_events:,}", "Orders that earned points"),
            Figure("redeem-events", "Redeem events", f"{orders.redeem_events:,}", "Orders with a reward"),
            Figure("conversions", "Conversions", f"{members.conversions:,}", "Memberships sold"),
            Figure("active-members", "Active members", f"{members.active_members:,}", "Live at this moment"),
        ),
    )


HANDLERS: list[HTTPRouteHandler] = [show_admin]
