"""Counts what comes from one source in an hour: clicks, and shoppers who recommend for the first time."""

from regulars.features.access.limits import AttemptLimits
from regulars.features.access.model import Program
from regulars.features.referrals.model import EVENT_PERIOD, Source
from regulars.features.referrals.model_settings import policy_of

_EVENTS = "referral_events"


async def is_flood(attempts: AttemptLimits, program: Program, source: Source) -> bool:
    """Whether the source's device or address makes more events than are believed, this one included.

    What goes on beyond the limit is counted in memory, and writes nothing. Raises DatabaseUnavailable.
    """
    limit = policy_of(program).events_per_hour_max
    found = False
    for known in (source.device, source.address):
        if known is None:
            continue
        wait = await attempts.count(program.program_id, _EVENTS, known.hex(), limit, EVENT_PERIOD)
        found |= wait is not None
    return found
