"""What is forgotten: when devices last clicked, and who was seen where."""

from datetime import datetime, timedelta

from regulars.db.database import Connection
from regulars.features.referrals import store_clicks

CLICKS_KEPT = timedelta(days=1)
SIGHTINGS_KEPT = timedelta(days=365)
"""As long as the longest period that a policy may look back."""


async def forget_clicks(connection: Connection, now: datetime, limit: int) -> int:
    """How many marks of devices that may count again were deleted, at most `limit`. The events stay."""
    return await store_clicks.forget(connection, store_clicks.FORGET_CLICKS, now - CLICKS_KEPT, limit)


async def forget_sightings(connection: Connection, now: datetime, limit: int) -> int:
    """How many sightings that no policy looks at were deleted, at most `limit`."""
    return await store_clicks.forget(connection, store_clicks.FORGET_SIGHTINGS, now - SIGHTINGS_KEPT, limit)
