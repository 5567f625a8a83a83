"""Guessing cards meets 429. Only cards that are none count, and only they are refused.

A card that exists is answered whatever others have tried before, so that nobody can lock a member out.
"""

from datetime import timedelta
from math import ceil

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.context import Context
from regulars.contracts.rejoes.settings import UNKNOWN_CARDS_PER_MINUTE
from regulars.http.requests import HttpRequest, client_address

PERIOD = timedelta(minutes=1)
_CARDS = "rejoes.unknown_cards"


async def count_unknown_card(request: HttpRequest, context: Context) -> None:
    """Counts a card that is nobody's by the store's key, and without one by the address that asked.

    Raises Refused("too_many_requests") and DatabaseUnavailable.
    """
    limit = UNKNOWN_CARDS_PER_MINUTE.read_from(context.program.settings)
    if limit == 0:
        return
    limits = context.services.attempts
    credential_id = context.caller.credential_id
    subject = str(credential_id) if credential_id else limits.subject_of(client_address(request))
    wait = await limits.count(context.program_id, _CARDS, subject, limit, PERIOD)
    if wait is not None:
        raise Refused("too_many_requests", retry_after_seconds=max(1, ceil(wait.total_seconds())))
