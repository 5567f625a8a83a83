"""What decides about deliveries: what an answer means, when it is tried again, and what is wanted. Pure.

The schedule and what each status means are those of Standard Webhooks 1.0.
"""

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from regulars.features.webhooks.model_delivery import Answer, Verdict

DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
"""How long after its first, second, … failure an event is told again; after the last one no more."""

ATTEMPTS_MAX = len(DELAYS) + 1
JITTER = 0.1
"""Delays are longer by up to this part, so that what failed together does not come back together."""

RETRY_AFTER_MAX = timedelta(days=1)
TROUBLE_LENGTH_MAX = 200
FILTERS_MAX = 50
EVERYTHING = "*"

GONE = "it answered 410 Gone"
EXHAUSTED = "nothing got through to the end of the schedule"
UNREADABLE = "its secret was sealed with another secret key of the server: rotate it"

_FILTER = re.compile(r"\*|[a-z][a-z_]*\.\*|[a-z][a-z_]*(\.[a-z][a-z_]*)+", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,9}", re.ASCII)


def judge(answer: Answer, attempts: int, now: datetime, chance: float) -> Verdict:
    """What the answer to an attempt means, after `attempts` earlier ones. `chance` is from 0 up to 1.

    Only 2xx is success. A redirect is never followed, 410 disables at once, and the end of the schedule does
    if nothing else got through. Whoever asks for more time by Retry-After gets it, a day at most.
    """
    if answer.status is not None and 200 <= answer.status <= 299:
        return Verdict("delivered")
    trouble = _trouble_of(answer)[:TROUBLE_LENGTH_MAX]
    if answer.status == 410:
        return Verdict("failed", trouble, disables=GONE, is_final=True)
    if attempts + 1 >= ATTEMPTS_MAX:
        return Verdict("failed", trouble, disables=EXHAUSTED)
    delay = DELAYS[attempts] * (1 + JITTER * chance)
    return Verdict("pending", trouble, now + max(delay, retry_after(answer.retry_after, now)))


def retry_after(header: str | None, now: datetime) -> timedelta:
    """How long a Retry-After header asks to be left alone, in seconds or by a date (RFC 9110, 10.2.3).

    From nothing to a day, and nothing for what is neither.
    """
    if header is None:
        return timedelta(0)
    if _SECONDS.fullmatch(header):
        asked = timedelta(seconds=int(header))
    else:
        try:
            at = parsedate_to_datetime(header)
        except ValueError:
            return timedelta(0)
        asked = (at if at.tzinfo is not None else at.replace(tzinfo=UTC)) - now
    return min(max(asked, timedelta(0)), RETRY_AFTER_MAX)


def filters_for(event_type: str) -> tuple[str, ...]:
    """The filters that let events of this type through."""
    kind, _, _ = event_type.partition(".")
    return EVERYTHING, f"{kind}.*", event_type


def is_wanted(event_type: str, filters: Collection[str]) -> bool:
    """Whether an endpoint with these filters is told of events of this type."""
    return any(filter_ in filters for filter_ in filters_for(event_type))


def fault_of_filters(filters: Collection[str], known_types: Collection[str]) -> str | None:
    """The first filter that lets nothing through, "" for none at all or too many; None if all is well."""
    if not 1 <= len(filters) <= FILTERS_MAX:
        return ""
    for filter_ in filters:
        if not _FILTER.fullmatch(filter_) or not any(is_wanted(known, [filter_]) for known in known_types):
            return filter_
    return None


def _trouble_of(answer: Answer) -> str:
    if answer.status is None:
        return answer.trouble
    if 300 <= answer.status <= 399:
        return f"answered {answer.status}, and redirects are not followed"
    return f"answered {answer.status}"
