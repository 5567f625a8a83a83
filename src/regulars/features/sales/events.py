"""What sales tell others, in the words of the catalogue of events."""

from collections.abc import Iterable

from regulars.features.sales.model import ToldTier
from regulars.features.webhooks.catalogue import TIER_CHANGED
from regulars.features.webhooks.catalogue_data import TierData
from regulars.features.webhooks.model import Event


def told(tiers: Iterable[ToldTier]) -> list[Event]:
    """One event for each member who has another tier than before, in their order."""
    return [
        TIER_CHANGED.of(
            TierData(tier.member_id, tier.location_id, tier.tier, tier.previous_tier, tier.visits),
            tier.told_at,
        )
        for tier in tiers
        if tier.tier != tier.previous_tier
    ]
