"""What a second look at a tier that others know makes of it. Pure."""

from datetime import datetime

from regulars.features.sales.model import DueTier, ToldTier
from regulars.features.tiers.model import Standing


def looked_at(due: DueTier, standing: Standing, since: datetime, now: datetime) -> ToldTier:
    """The tier as others know it after this look, at which visits from `since` on count.

    One that changes is looked at once more in the next run, because a sale may be under way that this look
    does not see and that did not see this look. Otherwise there is nothing to see before the first visit that
    counts leaves the period. Of somebody who was erased nothing is told any more.
    """
    tier = due.tier if due.is_erased else standing.tier
    changes = tier != due.tier
    return ToldTier(
        member_id=due.customer.member_id,
        location_id=due.location_id,
        tier=tier,
        previous_tier=due.tier,
        visits=standing.visits,
        counted_from=_looked_at_again_from(due, since, changes=changes),
        told_at=max(due.told_at, now) if changes else due.told_at,
    )


def _looked_at_again_from(due: DueTier, since: datetime, *, changes: bool) -> datetime | None:
    if due.is_erased:
        return None
    return since if changes else due.first_visit_at
