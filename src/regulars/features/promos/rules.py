"""Whether a promo may be used now and here.

`at` is always what the clock on the hotel's wall shows, a datetime without a zone; `local_time` reads it.
An hour that daylight saving repeats is therefore open twice, and one that it skips never opens.
"""

from datetime import datetime, time
from zoneinfo import ZoneInfo

from regulars.features.promos.model import Promo, PromoKind, Reason, Uses

_FIRST_SECOND = time(0, 0, 0)
_LAST_SECOND = time(23, 59, 59)


def local_time(now: datetime, time_zone: str) -> datetime:
    """What the clock on the wall of a place in this zone shows at `now`, an aware datetime.

    `fold` is 1 during the second pass of an hour that daylight saving repeats.
    """
    assert now.tzinfo is not None
    return now.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)


def objection(
    promo: Promo | None,
    *,
    at: datetime,
    location_id: int,
    member: bool,
    total_minor: int | None,
    uses: Uses,
    assigned: bool = False,
) -> Reason | None:
    """The first reason, in the published order, why the promo cannot be used; None when it can.

    `promo` is None for a code that nobody has. `member` says whether a customer is known, `assigned` whether
    the promo was given to that customer. A `total_minor` of None leaves the minimum spend out. Source: the
    messages of /promos/validate in the Loyalty Hub contract, top to bottom.
    """
    assert at.tzinfo is None, "promos are read on the hotel's clock: local_time(now, zone)"
    if promo is None or (promo.assigned_only and member and not assigned):
        return Reason.NOT_FOUND
    return _objection_now_and_here(promo, at, location_id) or _objection_to_use(
        promo, member, total_minor, uses
    )


def _objection_now_and_here(promo: Promo, at: datetime, location_id: int) -> Reason | None:
    if not promo.active:
        return Reason.NOT_ACTIVE
    if promo.location_ids and location_id not in promo.location_ids:
        return Reason.NOT_HERE
    if promo.valid_from is not None and at < promo.valid_from:
        return Reason.NOT_YET
    if is_past(promo.valid_until, at):
        return Reason.EXPIRED
    weekday = weekday_of_window(promo, at)
    if weekday is None:
        return Reason.WRONG_TIME
    if promo.weekdays and weekday not in promo.weekdays:
        return Reason.WRONG_DAY
    return None


def _objection_to_use(promo: Promo, member: bool, total_minor: int | None, uses: Uses) -> Reason | None:
    if needs_membership(promo) and not member:
        return Reason.NEEDS_MEMBERSHIP
    if total_minor is not None and total_minor < promo.min_spend_minor:
        return Reason.BELOW_MINIMUM
    if is_used_up(promo, uses):
        return Reason.USED_UP
    return None


def is_past(end: datetime | None, at: datetime) -> bool:
    """Whether the last second, `end`, has gone by: an end of 23:59:59 holds until midnight.

    One that lies in an hour which daylight saving repeats goes by twice.
    """
    return end is not None and _to_the_second(at) > end


def weekday_of_window(promo: Promo, at: datetime) -> int | None:
    """The weekday, 1 to 7, on which the window that is open at `at` began; None while it is closed.

    A window of 22:00–02:00 on Fridays is open on Saturday at 01:00, because it began on Friday, and closed
    on Friday at 01:00, because that belongs to Thursday's night. Both ends are inclusive to the second; a
    missing one is the beginning or the end of the day.
    """
    today = at.isoweekday()
    if promo.time_from is None and promo.time_until is None:
        return today
    clock = _to_the_second(at).time()
    start, end = promo.time_from or _FIRST_SECOND, promo.time_until or _LAST_SECOND
    if start <= end:
        return today if start <= clock <= end else None
    if clock >= start:
        return today
    yesterday = 7 if today == 1 else today - 1
    return yesterday if clock <= end else None


def needs_membership(promo: Promo) -> bool:
    """Whether a customer must be known: if the promo says so, is assigned, or raises a customer's rates."""
    return promo.requires_membership or promo.assigned_only or promo.kind is PromoKind.LOYALTY_BONUS


def is_used_up(promo: Promo, uses: Uses) -> bool:
    """Whether no use is left, for everybody or for this customer."""
    limits = ((promo.usage_limit, uses.overall), (promo.usage_limit_per_customer, uses.of_member))
    return any(limit is not None and used >= limit for limit, used in limits)


def _to_the_second(at: datetime) -> datetime:
    """The second that `at` lies in, as clocks and the published dates show it."""
    return at.replace(microsecond=0)
