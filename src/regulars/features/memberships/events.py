"""What memberships tell others, in the words of the catalogue of events."""

from datetime import datetime

from regulars.features.memberships.model import Membership
from regulars.features.webhooks.catalogue import (
    MEMBERSHIP_CHANGED,
    MEMBERSHIP_ENDED,
    MEMBERSHIP_RENEWED,
    MEMBERSHIP_STARTED,
)
from regulars.features.webhooks.catalogue_data import MembershipData
from regulars.features.webhooks.model import Event


def told(before: Membership, after: Membership, at: datetime) -> list[Event]:
    """What is to be told of a membership that was like this and is now like that."""
    data = MembershipData(
        member_id=after.member_id,
        location_id=after.location_id or None,
        status=after.status,
        period_start=after.period_start,
        period_end=after.period_end,
    )
    if not before.status.is_live:
        kinds = [MEMBERSHIP_STARTED] if after.status.is_live else []
    elif not after.status.is_live:
        kinds = [MEMBERSHIP_ENDED]
    else:
        kinds = [MEMBERSHIP_RENEWED] if _begins_anew(before, after) else []
        kinds += [MEMBERSHIP_CHANGED] if after.status is not before.status else []
    return [kind.of(data, at) for kind in kinds]


def _begins_anew(before: Membership, after: Membership) -> bool:
    was, begins = before.period_start, after.period_start
    return was is not None and begins is not None and begins > was
