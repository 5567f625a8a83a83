"""Counted limits as requests ask for them: exact across processes, cheap when somebody goes on regardless."""

import hmac
from collections import OrderedDict
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from regulars.base.clock import Clock, utc_now
from regulars.db.database import Database
from regulars.features.access.actions import count_attempt

WAITING_MAX = 10_000
_SITE_BITS = 64
"""So much of an IPv6 address is one customer's of a network; the rest is theirs to change at will."""


class AttemptLimits:
    """Counts attempts on connections of its own, so they count whatever becomes of the request.

    Who has to wait is remembered until then: a flood of attempts beyond a limit writes nothing, and no
    connection waits for the row that the flood is counted in.
    """

    def __init__(self, database: Database, secret_key: str | bytes, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        secret = secret_key.encode() if isinstance(secret_key, str) else secret_key
        self._address_key = hmac.digest(secret, b"regulars address of an attempt", "sha256")
        self._waiting: OrderedDict[tuple[int, str, str], datetime] = OrderedDict()

    async def count(
        self, program_id: int, limiter: str, subject: str, limit: int, period: timedelta
    ) -> timedelta | None:
        """None when the attempt is one of at most `limit` in any `period`, else how long until the next is.

        `subject` as for `actions.count_attempt`. Raises DatabaseUnavailable.
        """
        key, now = (program_id, limiter, subject), self._clock()
        until = self._waiting.get(key)
        if until is not None and until > now:
            return until - now
        self._waiting.pop(key, None)
        async with self._database.connection() as connection:
            wait = await count_attempt(connection, program_id, limiter, subject, limit, period, now)
        if wait is not None:
            self._waiting[key] = now + wait
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popitem(last=False)
        return wait

    def subject_of(self, address: str | None) -> str:
        """What an address is counted under: a keyed digest, for an address is personal data.

        All addresses of one IPv6 site count as one.
        """
        return hmac.digest(self._address_key, _site_of(address or "").encode(), "sha256")[:16].hex()


def _site_of(address: str) -> str:
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), _SITE_BITS), strict=False))
