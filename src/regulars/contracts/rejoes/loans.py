"""Loans: garments that are taken along, brought back, swapped, and listed while they are out.

Whoever asks for one of the three acts sends an idempotency key, and is answered the same however often it is
repeated. Guards before it: the key's presence, the body, and the store that the caller's key is for.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.context import STORE, Context, id_of, open_context, require_store
from regulars.contracts.rejoes.descriptions import ACTIVE, ACTIVE_OF_NOBODY, CHECKOUT, RETURN, SWAP
from regulars.contracts.rejoes.errors import KEPT, errors
from regulars.contracts.rejoes.fields import read_fields
from regulars.contracts.rejoes.paths import both, plain
from regulars.contracts.rejoes.rows import Rows
from regulars.contracts.rejoes.wire import CheckoutBody, ReturnBody, SwapBody
from regulars.db.pipeline import Pipeline
from regulars.features.lending import actions as lending
from regulars.features.lending.model import NewLoan
from regulars.features.replays.model import ReplayClaim
from regulars.http.answers import Answer, json_answer
from regulars.http.replay import Begin, answered_once, fingerprint_of, required_key
from regulars.http.requests import HttpRequest

KEY_HEADER = "x-idempotency-key"


@get(both("/loans/active/{memberId:str}"), opt={"access": STORE, "operation": ACTIVE})
async def list_active(request: HttpRequest) -> Answer:
    """What the member has out, from the oldest on."""
    context = await open_context(request)
    member_id, now = id_of(request.path_params["memberId"]), context.now
    async with context.services.database.connection() as connection:
        found = await lending.wardrobe_of(connection, context.program_id, member_id, now, only_open=True)
    if found is None:
        raise Refused("member_not_found")
    rows = Rows(request, now)
    return json_answer([rows.gallery_loan(lent) for lent in found.loans])


@get(both("/loans/active"), opt={"access": STORE, "operation": ACTIVE_OF_NOBODY})
async def list_active_of_nobody(request: HttpRequest) -> Answer:
    """A 400, because the member is missing."""
    raise Refused("member_id_missing")


@post(both("/loans/checkout"), opt={"access": STORE, "operation": CHECKOUT})
async def checkout(request: HttpRequest) -> Answer:
    """A garment is taken along."""
    context = await open_context(request)
    key = required_key(request, KEY_HEADER)
    body = await read_fields(request, CheckoutBody)
    await require_store(context, body.store_location)
    wanted, now = _new_loan(body), context.now
    rows = Rows(request, now)

    def begin(pipeline: Pipeline) -> Callable[[], Answer]:
        attempt = lending.Checkout(pipeline, context.program, wanted, now)
        return lambda: json_answer(rows.gallery_loan(attempt.decide()), 201)

    return await _once(request, context, key, body, wanted.member_id, begin, now)


@post(both("/loans/return"), opt={"access": STORE, "operation": RETURN})
async def take_back(request: HttpRequest) -> Answer:
    """A garment came back."""
    context = await open_context(request)
    key = required_key(request, KEY_HEADER)
    body = await read_fields(request, ReturnBody)
    member_id, loan_id, now = id_of(body.member_id), id_of(body.loan_id), context.now
    rows = Rows(request, now)

    def begin(pipeline: Pipeline) -> Callable[[], Answer]:
        attempt = lending.Return(pipeline, context.program, member_id, loan_id, now)
        return lambda: json_answer(rows.loan(attempt.decide()))

    return await _once(request, context, key, body, member_id, begin, now)


@post(both("/loans/swap"), opt={"access": STORE, "operation": SWAP})
async def swap(request: HttpRequest) -> Answer:
    """A garment came back, and another is taken along."""
    context = await open_context(request)
    key = required_key(request, KEY_HEADER)
    body = await read_fields(request, SwapBody)
    await require_store(context, body.store_location)
    wanted, loan_id, now = _new_loan(body), id_of(body.loan_id), context.now
    rows = Rows(request, now)

    def begin(pipeline: Pipeline) -> Callable[[], Answer]:
        attempt = lending.Swap(pipeline, context.program, loan_id, wanted, now)
        return lambda: json_answer(rows.swap(attempt.decide()))

    return await _once(request, context, key, body, wanted.member_id, begin, now)


def _new_loan(body: CheckoutBody | SwapBody) -> NewLoan:
    photo_ids = tuple(id_of(upload_id) for upload_id in body.upload_ids)
    return NewLoan(id_of(body.member_id), photo_ids, body.store_location.strip())


async def _once(
    request: HttpRequest,
    context: Context,
    key: str,
    body: Struct,
    member_id: UUID,
    begin: Begin,
    now: Any,
) -> Answer:
    """The answer of a request under a key. Keys are a credential's own, for whatever it asks."""
    fingerprint = fingerprint_of(plain(request.scope["path"]), body)
    claim = ReplayClaim(context.program_id, context.scope, key, fingerprint, member_id)
    return await answered_once(
        context.services.database, claim, begin, errors=errors, kept_refusals=KEPT, now=now
    )


HANDLERS: list[HTTPRouteHandler] = [list_active, list_active_of_nobody, checkout, take_back, swap]
