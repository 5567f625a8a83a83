"""Guessing cards and phone numbers meets 429. Only what is not there counts, and only that is refused:

a card that exists and a number that is known are answered whatever others have tried before, on the same
kiosk or from the same address, so that nobody can lock a customer out. What phones report, which takes no
proof and goes to the log, is counted too. So are wrong keys on the sign-in page: a right one opens it, from
the same address too, for keys are far too long to be found by trying.
"""

from datetime import timedelta
from math import ceil

from regulars.base.refusals import Refused
from regulars.contracts.sessions.context import Context
from regulars.contracts.sessions.settings import ENROLMENTS_PER_MINUTE, UNKNOWN_CARDS_PER_MINUTE
from regulars.db.database import Connection
from regulars.features.access import actions as access
from regulars.http.requests import HttpRequest, client_address, services

PERIOD = timedelta(minutes=1)
REPORTS_PER_MINUTE = 20
WRONG_KEYS_PER_MINUTE = 10
TOO_MANY = "too_many_requests"
_CARDS, _PAGES = "sessions.unknown_cards", "sessions.unknown_pages"
_ENROLMENTS, _REPORTS = "sessions.enrolments", "sessions.phone_reports"
_KEYS = "sessions.wrong_admin_keys"


async def count_unknown_card(context: Context) -> None:
    """Counts a card that a kiosk has asked for and that is none, by the kiosk's credential.

    Raises Refused("too_many_requests") and DatabaseUnavailable.
    """
    limit = UNKNOWN_CARDS_PER_MINUTE.read_from(context.program.settings)
    if limit > 0:
        limits = context.services.attempts
        _refuse(await limits.count(context.program_id, _CARDS, _subject(context), limit, PERIOD))


async def count_unknown_page(request: HttpRequest) -> None:
    """Counts a customer's page that was asked for and is nobody's, by the address that asked.

    No program is known, so what programs have set does not count. Raises Refused("too_many_requests") and
    DatabaseUnavailable.
    """
    await _count_address(request, _PAGES, UNKNOWN_CARDS_PER_MINUTE.default)


async def count_report(request: HttpRequest) -> None:
    """Counts what a phone has to report, by its address: nobody may fill the log.

    Raises Refused("too_many_requests") and DatabaseUnavailable.
    """
    await _count_address(request, _REPORTS, REPORTS_PER_MINUTE)


async def count_wrong_admin_key(request: HttpRequest) -> None:
    """Counts a key that does not open the admin page, by the address of whoever tries to sign in.

    Raises Refused("too_many_requests") and DatabaseUnavailable.
    """
    await _count_address(request, _KEYS, WRONG_KEYS_PER_MINUTE)


async def count_enrolment(context: Context, connection: Connection) -> None:
    """Counts a phone number that was nobody's until now, by the caller's credential.

    It belongs to the transaction that enrols, which Refused("too_many_requests") undoes.
    """
    limit = ENROLMENTS_PER_MINUTE.read_from(context.program.settings)
    if limit > 0:
        _refuse(
            await access.count_attempt(
                connection, context.program_id, _ENROLMENTS, _subject(context), limit, PERIOD, context.now
            )
        )


async def _count_address(request: HttpRequest, limiter: str, limit: int) -> None:
    shared = services(request)
    # The count has to be kept somewhere; without a program there are no cards either.
    program_id = await shared.programs.default_program_id()
    if program_id is not None:
        subject = shared.attempts.subject_of(client_address(request))
        _refuse(await shared.attempts.count(program_id, limiter, subject, limit, PERIOD))


def _subject(context: Context) -> str:
    # Kiosks whose tokens somebody else issues cannot be told apart.
    return str(context.caller.credential_id or "token")


def _refuse(wait: timedelta | None) -> None:
    if wait is not None:
        raise Refused(TOO_MANY, retry_after_seconds=max(1, ceil(wait.total_seconds())))
