"""What sales tell others, in the words of the catalogue of events."""

from regulars.features.sales.model import Entry
from regulars.features.webhooks.catalogue import TIER_CHANGED
from regulars.features.webhooks.catalogue_data import TierData
from regulars.features.webhooks.model import Event


def told(entry: Entry) -> list[Event]:
    """What is to be told of a sale: that it takes the customer to another tier, or nothing."""
    if not entry.changes_tier:
        return []
    data = TierData(
        member_id=entry.member_id,
        location_id=entry.location_id,
        tier=entry.tier_after,
        previous_tier=entry.reckoning.tier,
        visits=entry.reckoning.visits + 1,
    )
    return [TIER_CHANGED.of(data, entry.sold_at)]
