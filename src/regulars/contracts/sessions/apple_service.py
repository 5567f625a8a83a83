"""Apple's web service for cards, at the addresses that its phones call."""

from http import HTTPStatus

from litestar import delete, get, post
from litestar.handlers import HTTPRouteHandler

from regulars.contracts.sessions.addresses import base_url
from regulars.contracts.sessions.descriptions_pages import (
    FETCH,
    LOG,
    REGISTER,
    SERIALS,
    UNREGISTER,
    LogBody,
    RegistrationBody,
    SerialsQuery,
)
from regulars.contracts.sessions.faces import face_reader
from regulars.contracts.sessions.fields import read_fields
from regulars.contracts.sessions.guessing import count_report, count_unknown_page
from regulars.features.passes import actions as passes
from regulars.http.access import PUBLIC
from regulars.http.answers import NO_STORE, Answer, Header
from regulars.http.bodies import read_json
from regulars.http.queries import read_query
from regulars.http.requests import HttpRequest, header, services

_REGISTRATION = (
    "/wallet/apple/v1/devices/{device:str}/registrations/{pass_type:str}/{serial:str}"  # Apple's own order.
)


@post(_REGISTRATION, opt={"access": PUBLIC, "operation": REGISTER})
async def register(request: HttpRequest) -> Answer:
    """The phone is told when the card changes."""
    shared, where = services(request), request.path_params
    apple = shared.carriers.apple
    body = await read_fields(request, RegistrationBody)
    async with shared.database.connection() as connection:
        answer = await passes.register(
            connection,
            apple,
            device=where["device"],
            pass_type=where["pass_type"],
            serial=where["serial"],
            authorization=header(request, "authorization"),
            push_token=body.push_token,
            now=shared.clock(),
        )
    return await _proven(request, answer)


@delete(_REGISTRATION, status_code=200, opt={"access": PUBLIC, "operation": UNREGISTER})
async def unregister(request: HttpRequest) -> Answer:
    """The phone is not told any more."""
    shared, where = services(request), request.path_params
    apple = shared.carriers.apple
    async with shared.database.connection() as connection:
        answer = await passes.unregister(
            connection,
            apple,
            device=where["device"],
            pass_type=where["pass_type"],
            serial=where["serial"],
            authorization=header(request, "authorization"),
        )
    return await _proven(request, answer)


@get(
    "/wallet/apple/v1/devices/{device:str}/registrations/{pass_type:str}",
    opt={"access": PUBLIC, "operation": SERIALS},
)
async def list_changed(request: HttpRequest) -> Answer:
    """The cards of a phone that have changed since it asked last."""
    shared, where = services(request), request.path_params
    apple = shared.carriers.apple
    since = read_query(request, SerialsQuery).passes_updated_since
    async with shared.database.connection() as connection:
        answer = await passes.list_changed(
            connection, apple, device=where["device"], pass_type=where["pass_type"], since=since
        )
    return _answer(answer)


@get("/wallet/apple/v1/passes/{pass_type:str}/{serial:str}", opt={"access": PUBLIC, "operation": FETCH})
async def fetch(request: HttpRequest) -> Answer:
    """The card as it is now, unless the phone has it."""
    shared, where = services(request), request.path_params
    apple = shared.carriers.apple
    answer = await passes.fetch(
        shared.database,
        apple,
        face_reader(shared, base_url(request)),
        pass_type=where["pass_type"],
        serial=where["serial"],
        authorization=header(request, "authorization"),
        if_modified_since=header(request, "if-modified-since"),
    )
    return await _proven(request, answer)


@post("/wallet/apple/v1/log", opt={"access": PUBLIC, "operation": LOG})
async def log(request: HttpRequest) -> Answer:
    """What phones have to say about their cards goes to the server's log."""
    body = await read_json(request, LogBody)
    await count_report(request)
    return _answer(passes.log([line for line in body.logs if isinstance(line, str)]))


async def _proven(request: HttpRequest, answer: passes.Answer) -> Answer:
    """The answer to a phone that had to prove that it has the card; proofs that are none are counted."""
    if answer.status == HTTPStatus.UNAUTHORIZED:
        await count_unknown_page(request)
    return _answer(answer)


def _answer(answer: passes.Answer) -> Answer:
    """The feature's answer over HTTP."""
    headers: tuple[Header, ...] = (NO_STORE,)
    if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
        headers += ((b"content-type", (answer.media_type or "text/plain").encode()),)
    if answer.last_modified is not None:
        # The phone keeps the card and asks with this date; nobody between may keep it.
        headers += ((b"last-modified", answer.last_modified.encode()),)
    return Answer(int(answer.status), answer.body, headers)


HANDLERS: list[HTTPRouteHandler] = [register, unregister, list_changed, fetch, log]
