"""What can be done at kiosks: the one door to this feature for everything above it."""

from datetime import datetime

from regulars.db.database import Connection
from regulars.features.kiosk import store_customers
from regulars.features.kiosk.balances import balances_of
from regulars.features.kiosk.earning import earn
from regulars.features.kiosk.faces import face_reader
from regulars.features.kiosk.holding import apply_reward, attach
from regulars.features.kiosk.identity import enrol_by_phone, set_branding
from regulars.features.kiosk.model import Figures
from regulars.features.kiosk.redeeming import redeem
from regulars.features.kiosk.rules import terms_of
from regulars.features.kiosk.rules_branding import BRANDING, branding_of
from regulars.features.kiosk.taking_back import dispute_order, take_back_order
from regulars.features.kiosk.upkeep import forget_requests, release_expired

__all__ = [
    "BRANDING",
    "apply_reward",
    "attach",
    "balances_of",
    "branding_of",
    "dispute_order",
    "earn",
    "enrol_by_phone",
    "face_reader",
    "figures_since",
    "forget_requests",
    "redeem",
    "release_expired",
    "set_branding",
    "take_back_order",
    "terms_of",
]


async def figures_since(
    connection: Connection, program_id: int, location_id: int, since: datetime
) -> Figures:
    """What happened at the venue since then. Costs what the window holds, however long the history is."""
    return await store_customers.count(connection, program_id, location_id, since)
