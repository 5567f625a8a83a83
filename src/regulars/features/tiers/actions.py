"""What can be done with tiers: the one door to this feature for everything above it.

How a customer stands is decided by `standing` and `staff_standing` on a book, which `TierBookCache` holds.
"""

from collections.abc import Sequence
from datetime import datetime

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.features.tiers import store
from regulars.features.tiers.caches import TierBookCache
from regulars.features.tiers.loading import load_book
from regulars.features.tiers.model import Scheme, Tier
from regulars.features.tiers.rules import (
    DEFAULT_PERIOD_DAYS,
    DEFAULT_RULES,
    DEFAULT_TIERS,
    default_scheme,
    scheme_at,
    staff_standing,
    standing,
)
from regulars.features.tiers.rules_setting import checked_names, checked_scheme

__all__ = [
    "DEFAULT_NAMES",
    "DEFAULT_PERIOD_DAYS",
    "DEFAULT_RULES",
    "DEFAULT_TIERS",
    "TierBookCache",
    "create_tiers",
    "default_scheme",
    "load_book",
    "scheme_at",
    "set_scheme",
    "set_schemes",
    "staff_standing",
    "standing",
]

DEFAULT_NAMES = tuple(tier.name for tier in DEFAULT_TIERS)


async def create_tiers(
    connection: Connection, program_id: int, names: Sequence[str], now: datetime
) -> tuple[Tier, ...]:
    """The new tiers, lowest first, above those that the program has already; `DEFAULT_NAMES` are usual.

    Refuses with the codes of `rules_setting.checked_names`; the transaction stays usable.
    """
    async with connection.transaction():
        # Taken first, so that of two who add tiers at once the second sees those of the first.
        tier_ids = await access.next_numbers(connection, program_id, "tier", len(names))
        existing = await store.select_tiers(connection, program_id)
        position = existing[-1].position if existing else 0
        tiers = tuple(
            Tier(tier_id, name, position + step)
            for step, (tier_id, name) in enumerate(
                zip(tier_ids, checked_names(existing, names), strict=True), start=1
            )
        )
        await store.insert_tiers(connection, program_id, tiers, now)
    return tiers


async def set_scheme(connection: Connection, program_id: int, scheme: Scheme, now: datetime) -> Scheme:
    """The hotel's scheme as it was stored, in place of the one it had. Refuses as `set_schemes` does."""
    return (await set_schemes(connection, program_id, [scheme], now))[0]


async def set_schemes(
    connection: Connection, program_id: int, schemes: Sequence[Scheme], now: datetime
) -> tuple[Scheme, ...]:
    """The schemes of these different hotels as they were stored, all or none, however many.

    Raises Refused: location_not_found, invalid_scheme with the `field` (`rules_setting.checked_scheme`),
    for the first that fails; the transaction stays usable. Servers that hold the book in memory follow
    within two seconds.
    """
    assert len({scheme.location_id for scheme in schemes}) == len(schemes), "one scheme for each hotel"
    tiers = await store.select_tiers(connection, program_id)
    locations = await access.list_locations(connection, program_id)
    location_ids = {location.location_id for location in locations}
    checked = []
    for scheme in schemes:
        if scheme.location_id not in location_ids:
            raise Refused("location_not_found")
        checked.append(checked_scheme(tiers, scheme))
    async with connection.transaction():
        await store.save_schemes(connection, program_id, checked, now)
    return tuple(checked)
