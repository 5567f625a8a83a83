"""Guessing RIDs meets 429. Only those that are nobody's or somebody else's count, and only they are refused.

A shopper's own RIDs and links that lead somewhere are answered whatever was tried before, so that nobody can
lock anybody out. The shop's own server is not counted: it passes on what all its customers bring.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from math import ceil

from regulars.base.refusals import Refused
from regulars.contracts.fittwin.context import Context
from regulars.contracts.fittwin.settings import UNKNOWN_RIDS_PER_MINUTE
from regulars.http.requests import HttpRequest, client_address, services

PERIOD = timedelta(minutes=1)
_RIDS, _LINKS = "unknown_rids", "unknown_links"
_NOT_FOUND = "referral_not_found"


@asynccontextmanager
async def counting_rids(context: Context, subject: str) -> AsyncIterator[None]:
    """Counts a RID that the shopper asks for and has not.

    Raises Refused("too_many_unknown_rids") in place of "referral_not_found", and DatabaseUnavailable.
    """
    try:
        yield
    except Refused as refused:
        limit = UNKNOWN_RIDS_PER_MINUTE.read_from(context.program.settings)
        if refused.code == _NOT_FOUND and limit > 0:
            who = context.hashes.person(subject).hex()
            _refuse(await context.services.attempts.count(context.program_id, _RIDS, who, limit, PERIOD))
        raise


@asynccontextmanager
async def counting_links(request: HttpRequest) -> AsyncIterator[None]:
    """Counts a link that leads nowhere, by the address that asked. Raises as `counting_rids`.

    No program is known, so what programs have set does not count.
    """
    try:
        yield
    except Refused as refused:
        shared = services(request)
        # The count has to be kept somewhere; without a program there are no links either.
        program_id = await shared.programs.default_program_id()
        if refused.code == _NOT_FOUND and program_id is not None:
            address = shared.attempts.subject_of(client_address(request))
            limit = UNKNOWN_RIDS_PER_MINUTE.default
            _refuse(await shared.attempts.count(program_id, _LINKS, address, limit, PERIOD))
        raise


def _refuse(wait: timedelta | None) -> None:
    if wait is not None:
        raise Refused("too_many_unknown_rids", retry_after_seconds=max(1, ceil(wait.total_seconds())))
