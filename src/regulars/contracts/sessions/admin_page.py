"""A venue's last 24 hours at a glance, for whoever sends the admin key or has signed in with it."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from litestar import get
from litestar.handlers import HTTPRouteHandler

from regulars.base.refusals import Refused
from regulars.contracts.sessions.admin_sign_in import UNKNOWN_VENUE, is_person, page_of_failure
from regulars.contracts.sessions.admin_view import Day, VenueChoice, admin_view, choices_of, day_before
from regulars.contracts.sessions.colors import theme_of
from regulars.contracts.sessions.context import ADMIN, Context, open_context, venue_of
from regulars.contracts.sessions.descriptions_admin import ADMIN_PAGE
from regulars.contracts.sessions.fields import require
from regulars.contracts.sessions.pages import render_page
from regulars.contracts.sessions.wire_events import AdminQuery
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.kiosk import actions as kiosk
from regulars.features.memberships import actions as memberships
from regulars.http.answers import Answer
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest

PERIOD = timedelta(hours=24)


@get("/admin", opt={"access": ADMIN, "operation": ADMIN_PAGE, "page_of_failure": page_of_failure})
async def show_admin(request: HttpRequest) -> Answer:
    """The figures of the venue that the address names; people who name none are shown all to choose from."""
    context = await open_context(request)
    venue_id = (read_query(request, AdminQuery).venue_id or "").strip()
    if not is_person(request):
        require([] if venue_id else ["venue_id"])
        return await _figures_page(context, await venue_of(context, venue_id), [])
    async with context.services.database.connection() as connection:
        venues = await access.list_locations(connection, context.program_id)
    choices = choices_of(venues, context.caller.location_id)
    if not venue_id:
        return _choice_page(choices)
    try:
        venue = await venue_of(context, venue_id)
    except Refused:
        return _choice_page(choices, 404, UNKNOWN_VENUE)
    return await _figures_page(context, venue, choices)


async def _figures_page(context: Context, venue: Location, choices: list[VenueChoice]) -> Answer:
    """The figures, and for people a way to the other venues and out."""
    now = context.now
    async with context.services.database.connection() as connection:
        day = await _day_since(connection, venue, now - PERIOD)
        both_days = await _day_since(connection, venue, now - 2 * PERIOD)
    as_of = now.astimezone(ZoneInfo(venue.time_zone)).strftime("%H:%M")
    branding = kiosk.branding_of(venue)
    return render_page(
        "admin.html",
        theme=theme_of(branding.primary_color, branding.accent_color),
        logo_url=branding.logo_url,
        has_form=bool(choices),
        view=admin_view(venue, day, day_before(both_days, day), as_of),
        venue_id=venue.slug,
        choices=choices,
    )


def _choice_page(choices: list[VenueChoice], status: int = 200, error: str = "") -> Answer:
    return render_page("admin_venues.html", status, has_form=True, choices=choices, error=error)


async def _day_since(connection: Connection, venue: Location, since: datetime) -> Day:
    place = (venue.program_id, venue.location_id)
    return Day(
        await kiosk.figures_since(connection, *place, since),
        await memberships.figures_since(connection, *place, since),
    )


HANDLERS: list[HTTPRouteHandler] = [show_admin]
