"""What a customer's pass shows."""

from datetime import datetime

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.access.caches import LocationCache, ProgramCache
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import rules, rules_branding
from regulars.features.kiosk.balances import balances_of
from regulars.features.passes.model import CardFace, FaceOf, Pass


def face_reader(
    database: Database, programs: ProgramCache, locations: LocationCache, public_url: str, clock: Clock
) -> FaceOf:
    """Reads what a pass shows at that moment, on a connection of its own, in one round trip.

    How the venue looks may be as old as the caches allow. `public_url` is where browsers reach this server,
    without a slash at its end.
    """

    async def face_of(card: Pass) -> CardFace | None:
        program = programs.cached(card.program_id) or await programs.get(card.program_id)
        place = card.program_id, card.location_id
        venue = locations.cached(*place) or await locations.get(*place)
        if program is None or venue is None:
            return None
        async with database.connection() as connection:
            return await _face_of(connection, program, venue, card, public_url, clock())

    return face_of


async def _face_of(
    connection: Connection, program: Program, venue: Location, card: Pass, public_url: str, now: datetime
) -> CardFace | None:
    """What the pass shows; None when its customer is gone."""
    try:
        balances = await balances_of(connection, card.program_id, venue, card.member_id, now)
    except Refused:
        return None
    branding = rules_branding.branding_of(venue)
    return CardFace(
        brand_name=branding.brand_name,
        hero_text=branding.hero_text,
        primary_color=branding.primary_color,
        accent_color=branding.accent_color,
        logo_url=branding.logo_url,
        support_email=branding.support_email,
        points=balances.points,
        rewards=balances.rewards,
        points_per_reward=rules.terms_of(program).points_per_reward,
        membership_status=str(balances.membership_status),
        wallet_url=f"{public_url}/wallet/{card.token}",
        token=card.token,
    )
