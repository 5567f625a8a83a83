"""Counts what comes from one source in an hour: clicks, and shoppers who recommend for the first time."""

from regulars.contracts.fittwin.context import Context
from regulars.features.referrals.model import EVENT_PERIOD, Source
from regulars.features.referrals.model_settings import policy_of

_EVENTS = "referral_events"


async def is_flood(context: Context, source: Source) -> bool:
    """Whether the source's device or address makes more events than are believed, this one included.

    What goes on beyond the limit is counted in memory, and writes nothing. Raises DatabaseUnavailable.
    """
    limit = policy_of(context.program).events_per_hour_max
    found = False
    for known in (source.device, source.address):
        if known is None:
            continue
        waits = await context.services.attempts.count(
            context.program_id, _EVENTS, known.hex(), limit, EVENT_PERIOD
        )
        found |= waits is not None
    return found
