"""Where a contract meets HTTP: the caller is known, the handler is called, whatever fails is enveloped."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, Router
from litestar.handlers import HTTPRouteHandler
from litestar.middleware import DefineMiddleware
from litestar.response import Response
from litestar.types import ASGIApp, Receive, Send

from regulars.http.access import declared_handlers
from regulars.http.answers import Answer, with_headers
from regulars.http.authentication import Authentication
from regulars.http.contract import Contract
from regulars.http.failures import (
    ClientDisconnected,
    Failure,
    FailureKind,
    failure_of,
)
from regulars.http.requests import HttpRequest, first_headers
from regulars.logs import log_unexpected

Handler = Callable[..., Awaitable[Any]]


def contract_router(contract: Contract) -> Router:
    """The contract's routes, each behind an `Edge` of its own."""
    return Router(
        path="/",
        route_handlers=list(contract.handlers),
        middleware=[DefineMiddleware(Edge, contract=contract)],
        opt={"contract": contract},
    )


class Edge:
    """A middleware that authenticates the callers of one route and calls its handler by itself.

    Handlers take the request and return a complete answer. Litestar would look for dependencies to
    resolve and wrap the answer on the way, which took 15 of 76 µs and found nothing to do.
    """

    def __init__(self, app: ASGIApp, contract: Contract) -> None:
        self._contract = contract
        self._route_handler: HTTPRouteHandler | None = None
        self._authentication: Authentication
        self._handler: Handler

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers the request; what the handler raises, too."""
        if scope["method"] == "OPTIONS":
            await _methods_answer(scope)(scope, receive, send)
            return
        if scope["route_handler"] is not self._route_handler:
            self._bind(scope["route_handler"])
        try:
            answer = await self._answer(scope, receive, send)
        except ClientDisconnected:
            raise
        except Exception as error:
            answer = failure_answer(self._contract, error)
        await answer(scope, receive, send)

    def _bind(self, route_handler: Any) -> None:
        """Litestar builds one Edge for each route handler, but does not say for which."""
        self._route_handler = route_handler
        self._authentication = Authentication(route_handler.opt["access"], self._contract.presentations)
        self._handler = route_handler.fn

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> ASGIApp:
        services = scope["litestar_app"].state["services"]
        caller = await self._authentication.caller(first_headers(scope), scope["method"], services)
        scope["services"] = services
        scope["caller"] = caller
        request: HttpRequest = Request(scope, receive, send)
        answer = await self._handler(request=request)
        if isinstance(answer, Response):
            return answer.to_asgi_response(app=None, request=request)
        return answer  # type: ignore[no-any-return]


def _methods_answer(scope: Any) -> Answer:
    """The methods of an address. Litestar's own answer forgets all but those of the handler it saw first."""
    routes = scope["litestar_app"].routes
    route = next(route for route in routes if route.path_format == scope["path_template"])
    methods = sorted({"OPTIONS", *(method for method, _ in declared_handlers(route))})
    return Answer(204, b"", ((b"allow", ", ".join(methods).encode()),))


def failure_answer(contract: Contract, error: Exception) -> Answer:
    """What the contract answers when `error` ends a request; the unexpected is logged."""
    found = failure_of(error)
    if found.kind is FailureKind.UNEXPECTED:
        log_unexpected(error, contract=contract.name)
    return enveloped(contract, found)


def enveloped(contract: Contract, found: Failure) -> Answer:
    """The contract's answer to a failure, with the headers that HTTP wants to go with it."""
    return with_headers(contract.errors(found), found.headers)
