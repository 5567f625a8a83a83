"""The outermost layer: every request gets an id, is measured and logged, and is answered whatever happens."""

import itertools
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from time import perf_counter
from typing import Any, Literal

import msgspec
from litestar.exceptions import NotFoundException
from litestar.types import ASGIApp, Message, Receive, Send

from regulars.http.answers import Answer, Header
from regulars.http.contract import Contract, contract_at
from regulars.http.edge import failure_answer
from regulars.http.failures import ClientDisconnected, FailureKind, failure_of
from regulars.http.metrics import RouteMetrics
from regulars.http.plain import plain_answer
from regulars.http.requests import first_headers
from regulars.logs import RequestLine, RequestLog, log_unexpected, request_log

NOT_ANSWERED = 499
"""The status that is logged when the client was gone before it could be answered."""

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_NO_SNIFFING: Header = (b"x-content-type-options", b"nosniff")
_UNKNOWN = "unknown"


class Observation:
    """Wraps the router of the application.

    It also answers what never reaches a route: unknown addresses and methods, in the envelope of the
    contract that the address belongs to. `cross_origin` wraps the router too, and is asked instead of it
    where a request names its origin. `quiet` names contracts whose requests are logged as debug.
    """

    def __init__(
        self, router: ASGIApp, cross_origin: ASGIApp, contracts: Sequence[Contract], quiet: frozenset[str]
    ) -> None:
        self._router = router
        self._cross_origin = cross_origin
        self._contracts = contracts
        self._quiet = quiet
        self._routes: dict[tuple[int, str, int], _ObservedRoute] = {}
        # Unique without asking the system for random bytes again: the process has a name, requests count up.
        self._process_name = secrets.token_hex(6)
        self._numbers = itertools.count(1)
        self._log, self._quiet_log = request_log("info"), request_log("debug")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answers the request, or refuses the connection when it is not one."""
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008, "reason": ""})
            return
        started = perf_counter()
        headers = first_headers(scope)
        request_id = scope["request_id"] = self._request_id(headers)
        status = NOT_ANSWERED

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", request_id.encode()),
                    _NO_SNIFFING,
                ]
            await send(message)

        if scope["method"] == "HEAD":
            # The server drops the body of an answer to HEAD; its own scope still knows the method.
            scope = {**scope, "method": "GET", "only_headers": True}
        application = self._cross_origin if b"origin" in headers else self._router
        try:
            if "\0" in scope["path"]:
                raise NotFoundException
            await application(scope, receive, send_observed)
        except ClientDisconnected:
            pass
        except Exception as error:
            if status == NOT_ANSWERED:
                await self._failure_answer(scope, error)(scope, receive, send_observed)
            else:
                # The answer stays incomplete, so the server cuts the connection and the client notices.
                log_unexpected(error, request_id=request_id)
        self._record(scope, status, request_id, perf_counter() - started)

    def _request_id(self, headers: Mapping[bytes, bytes]) -> str:
        given = headers.get(b"x-request-id")
        if given is not None and _SANE_ID.fullmatch(given):
            return given.decode()
        return f"{self._process_name}-{next(self._numbers)}"

    def _failure_answer(self, scope: Any, error: Exception) -> Answer:
        contract = contract_at(scope["path"], self._contracts)
        if contract is not None:
            return failure_answer(contract, error)
        found = failure_of(error)
        if found.kind is FailureKind.UNEXPECTED:
            log_unexpected(error)
        return plain_answer(found)

    def _record(self, scope: Any, status: int, request_id: str, duration_seconds: float) -> None:
        template = scope.get("path_template", _UNKNOWN)
        key = (id(scope.get("route_handler")), template, status // 100)
        route = self._routes.get(key)
        if route is None:
            route = self._routes[key] = self._observed_route(scope, template, status // 100)
        route.metrics.record(duration_seconds)
        if route.log is None:
            return
        caller = scope.get("caller")
        route.log(
            RequestLine(
                datetime.now(UTC),
                route.level,
                "request",
                route.method,
                template,
                status,
                round(duration_seconds * 1000, 2),
                route.contract,
                caller.program_id if caller else None,
                caller.credential_id if caller else None,
                request_id,
            )
        )

    def _observed_route(self, scope: Any, template: str, status_class: int) -> "_ObservedRoute":
        """What is the same for every request of a route; an unknown address is one route for all of them."""
        handler = scope.get("route_handler")
        contract = _UNKNOWN if handler is None else handler.opt["contract"].name
        method = _UNKNOWN if handler is None else scope["method"]
        return _ObservedRoute(
            contract=contract,
            method=method,
            level="debug" if contract in self._quiet else "info",
            metrics=RouteMetrics(contract, method, template, status_class),
            log=self._quiet_log if contract in self._quiet else self._log,
        )


class _ObservedRoute(msgspec.Struct, frozen=True):
    contract: str
    method: str
    level: Literal["debug", "info"]
    metrics: RouteMetrics
    log: RequestLog | None
