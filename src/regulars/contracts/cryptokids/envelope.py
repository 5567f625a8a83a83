"""The envelope: what every answer of a ledger verb begins with, and what every refusal looks like."""

from uuid import UUID

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context, load_account, origin_of
from regulars.contracts.cryptokids.errors import failure_of, published
from regulars.contracts.cryptokids.hints import hints_for
from regulars.contracts.cryptokids.rows import ledger_row, transfer_row
from regulars.contracts.cryptokids.wire import ErrorAnswer, Hints, LedgerRow
from regulars.db.database import DatabaseUnavailable
from regulars.features.ledger.actions import find_transfer
from regulars.features.ledger.model import AccountState, Posted
from regulars.features.members.actions import origins_of
from regulars.http.answers import Answer, Header, json_answer
from regulars.http.failures import Failure, FailureKind

Envelope = tuple[bool, UUID, LedgerRow, int, Hints, str, str]
"""The values of `VerbAnswer`, in its order."""


async def envelope(context: Context, posted: Posted) -> Envelope:
    """The posting as every verb answers it; a replay is the original row with today's balance and hints."""
    row = await (_original_row(context, posted) if posted.replayed else _new_row(context, posted))
    account = posted.account
    hints = hints_for(account, context.settings, context.now)
    return True, row.id, row, account.balance, hints, row.verb, row.action


async def _new_row(context: Context, posted: Posted) -> LedgerRow:
    origin = context.origin or await origin_of(context)
    return transfer_row(posted.transfer, posted.hold, context.handle, origin)


async def _original_row(context: Context, posted: Posted) -> LedgerRow:
    """The row as it was written, which this request did not do: its hold and origin have to be read."""
    async with context.services.database.connection() as connection:
        found = await find_transfer(connection, context.program_id, posted.transfer.transfer_id)
        assert found is not None, "a claim names its transfer"
        origin_id = found.transfer.origin_id
        known = await origins_of(connection, context.program_id, [origin_id] if origin_id else [])
    # A hold may be that of somebody who was erased since, and who has no user id then.
    return ledger_row(found, context.handle or None, known.get(origin_id) if origin_id else None)


def refusal_answer(name: str, refused: Refused, account: AccountState | None, context: Context) -> Answer:
    """The refusal under its published word, with balance and hints where the member is known."""
    status, error = published(name, refused.code)
    details = refused.details
    retry_after = details.get("retry_after_ms")
    headers: tuple[Header, ...] = ()
    if retry_after is not None:
        headers = ((b"retry-after", b"%d" % max(1, -(-retry_after // 1000))),)
    answer = ErrorAnswer(
        error=error,
        balance=None if account is None else account.balance,
        hints=None if account is None else hints_for(account, context.settings, context.now),
        field=details.get("field"),
        requiredRole=details.get("required_role"),
        retry_after_ms=retry_after,
        existing=details.get("existing"),
        remaining_refundable=details.get("remaining"),
        templateId=details.get("template_id"),
    )
    return json_answer(answer, status, headers)


async def known_account(context: Context) -> AccountState | None:
    """The account that a refusal speaks about, if the member is known and the database answers."""
    if context.account is not None or context.member_id is None:
        return context.account
    try:
        return await load_account(context, context.member_id)
    except DatabaseUnavailable:
        return None


_WORDS: dict[FailureKind, str] = {
    FailureKind.ROUTE_UNKNOWN: "NOT_FOUND",
    FailureKind.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
    FailureKind.REQUEST_INVALID: "BAD_REQUEST",
    FailureKind.CREDENTIAL_MISSING: "UNAUTHORIZED",
    FailureKind.CREDENTIAL_INVALID: "UNAUTHORIZED",
    FailureKind.ACCESS_DENIED: "UNAUTHORIZED",
    FailureKind.INPUT_REFUSED: "invalid_payload",
    FailureKind.BODY_TOO_LARGE: "PAYLOAD_TOO_LARGE",
    FailureKind.BODY_TOO_SLOW: "REQUEST_TIMEOUT",
    FailureKind.UNAVAILABLE: "UNAVAILABLE",
    FailureKind.UNEXPECTED: "INTERNAL_ERROR",
}


def errors(failure: Failure) -> Answer:
    """What the HTTP layer could not let through, in this contract's envelope.

    A key of another contract is a wrong key here, so it is a 401 as well.
    """
    if failure.kind is FailureKind.REFUSED:
        status, error = published("", failure.code or "")
        return json_answer(ErrorAnswer(error=error), status)
    status = 401 if failure.kind is FailureKind.ACCESS_DENIED else failure.status
    return json_answer(ErrorAnswer(error=_WORDS[failure.kind], field=failure.field), status)


def outage_answer(name: str, failure: Failure) -> Answer:
    """A verb that could not be done for want of a database, or of a whole body."""
    return json_answer(ErrorAnswer(error=failure_of(name)), failure.status, failure.headers)
