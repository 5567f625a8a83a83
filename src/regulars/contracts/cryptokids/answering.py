"""How a ledger endpoint answers: its work is timed and counted, and what it refuses gets its hints."""

from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import TypeVar

import msgspec

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import Context, find_member, open_context, require_role
from regulars.contracts.cryptokids.envelope import known_account, outage_answer, refusal_answer
from regulars.contracts.cryptokids.errors import failure_of, published
from regulars.contracts.cryptokids.wire_bodies import AnyBody
from regulars.db.database import DatabaseUnavailable
from regulars.http.access import Access
from regulars.http.answers import Answer
from regulars.http.bodies import decode, read_body
from regulars.http.failures import BodyRefused, Problem, RequestRefused
from regulars.http.failures import failure_of as failure_of_error
from regulars.http.requests import HttpRequest

T = TypeVar("T", bound=msgspec.Struct)
Work = Callable[[Context], Awaitable[Answer]]

FAILED = "failed"
"""A refusal without a name of its own: it is answered as the verb's failure."""

_any_body = msgspec.json.Decoder(AnyBody)


async def member_of_body(context: Context) -> None:
    """Notes the member whom the body is about, however wrong the rest of it may be."""
    await find_member(context, user_id_in(context.raw))


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What sets one ledger endpoint apart.

    `name` chooses its words in the error table, `verb` is what telemetry counts it as (None: not at
    all). `faults` says which refusal a wrong field of the body is; None stands for the body as a whole,
    and a field that is not named is `FAILED`. `whose` finds the member for a refusal's hints.
    """

    name: str
    access: Access
    faults: Mapping[str | None, str]
    verb: str | None = None
    whose: Callable[[Context], Awaitable[None]] = member_of_body


async def answer(request: HttpRequest, endpoint: Endpoint, work: Work) -> Answer:
    """What `work` answers, or its refusal in the contract's envelope."""
    started = perf_counter()
    context = await open_context(request)
    failure: str | None = failure_of(endpoint.name)
    try:
        context.raw = await read_body(request)
        if endpoint.access.role is not None:
            require_role(context, endpoint.access.role)
        answered = await work(context)
        failure = None
    except Refused as refused:
        failure = published(endpoint.name, refused.code)[1]
        answered = await _refuse(context, endpoint, refused)
    except BodyRefused as error:
        if error.kind in (Problem.TOO_LARGE, Problem.TOO_SLOW):
            answered = outage_answer(endpoint.name, failure_of_error(error))
        else:
            fault = Refused(endpoint.faults.get(error.field, FAILED), field=error.field)
            failure = published(endpoint.name, fault.code)[1]
            answered = await _refuse(context, endpoint, fault)
    except (DatabaseUnavailable, RequestRefused) as error:
        answered = outage_answer(endpoint.name, failure_of_error(error))
    finally:
        if endpoint.verb is not None:
            context.services.telemetry.record(
                context.program_id, endpoint.verb, perf_counter() - started, failure
            )
    return answered


def body_of(context: Context, kind: type[T]) -> T:
    """The body as a `kind`. Raises BodyRefused, which `answer` turns into the endpoint's word."""
    return decode(context.raw, kind)


def user_id_in(raw: bytes) -> str | None:
    """Whom a body names, if it is JSON and names anybody."""
    try:
        body = _any_body.decode(raw)
    except (ValueError, RecursionError):
        return None
    named = body.user_id if body.user_id is not None else body.user_id_camel
    return named if isinstance(named, str) and "\0" not in named else None


def required_user(published_spelling: str | None, other_spelling: str | None) -> str:
    """Whom a body must name. Raises Refused("invalid_payload") when it names nobody."""
    user_id = published_spelling or other_spelling
    if not user_id or not user_id.strip():
        raise Refused("invalid_payload")
    return user_id


async def _refuse(context: Context, endpoint: Endpoint, refused: Refused) -> Answer:
    try:
        if context.account is None and (context.member_id is None or context.only_for_posting):
            await endpoint.whose(context)
        account = await known_account(context)
    except (Refused, DatabaseUnavailable):
        account = None
    return refusal_answer(endpoint.name, refused, account, context)
