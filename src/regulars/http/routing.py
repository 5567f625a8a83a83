"""Finds the route that a request is for."""

import re
from collections.abc import Awaitable
from typing import Any

import msgspec
from litestar import Litestar
from litestar.exceptions import ClientException, MethodNotAllowedException, NotFoundException
from litestar.types import ASGIApp, Receive, Send
from litestar.utils import normalize_path

from regulars.http.access import declared_handlers
from regulars.http.edge import Edge, answer_with_methods
from regulars.http.requests import first_headers

_HOST = re.compile(rb"[0-9A-Za-z!$&'()*+,;=\-._~:\[\]@%]*")
"""What may stand in a host and its port, by RFC 3986. Links in answers are made of it."""


class Routing:
    """Hands each request to the `Edge` of its route.

    Litestar has the table of routes and reads addresses with parameters, doubled slashes and the like.
    What its own router does besides, for middleware and exception handlers that are not there, took 3 of
    the 38 µs of a posting.
    """

    def __init__(self, application: Litestar) -> None:
        self._router = application.asgi_router
        self._edges: dict[Any, ASGIApp] = {}
        self._plain: dict[tuple[str, str], _Destination] = {}
        self._with_parameters: list[_Pattern] = []
        for route in application.routes:
            for method, handler in declared_handlers(route):
                edge = self._edges[handler] = Edge(handler)
                if route.path_parameters:
                    parts = tuple(_part(component) for component in route.path_components)
                    self._with_parameters.append(_Pattern(method, parts, edge, handler, route.path_format))
                else:
                    self._plain[method, route.path] = _Destination(edge, handler, route.path, {})

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Answers the request. Raises Litestar's exceptions for one that leads nowhere."""
        host = first_headers(scope).get(b"host")
        if host is not None and not _HOST.fullmatch(host):
            raise ClientException("Invalid host header")
        method, path = scope["method"], scope["path"]
        destination = self._plain.get((method, path)) or self._find(method, path, scope.get("root_path", ""))
        scope["route_handler"] = destination.route_handler
        scope["path_template"] = destination.path_template
        scope["path_params"] = destination.path_params
        return destination.application(scope, receive, send)

    def _find(self, method: Any, path: str, root_path: str) -> "_Destination":
        address = normalize_path(path.removeprefix(root_path))
        try:
            _, handler, _, path_params, path_template = self._router.handle_routing(
                path=address, method=method
            )
        except (NotFoundException, MethodNotAllowedException):
            # A part that is a word of one contract may be a value of another: /api/members/add is Rejoes',
            # but only to POST, and /api/members/{userId} is CryptoKids', where somebody may be called add.
            destination = self._by_parameters(method, address)
            if destination is None:
                raise
            return destination
        # What has no Edge are the answers to OPTIONS, which Litestar adds by itself.
        application = self._edges.get(handler, answer_with_methods)
        return _Destination(application, handler, path_template, path_params)

    def _by_parameters(self, method: str, address: str) -> "_Destination | None":
        """The route with parameters that an address is for, or None.

        Raises MethodNotAllowedException where there are such routes, but none for the method.
        """
        fitting = [pattern for pattern in self._with_parameters if pattern.fits(address)]
        for pattern in fitting:
            if method == pattern.method:
                return pattern.destination(address)
        if fitting and method == "OPTIONS":
            return msgspec.structs.replace(fitting[0].destination(address), application=answer_with_methods)
        if fitting:
            methods = sorted({"OPTIONS", *(pattern.method for pattern in fitting)})
            raise MethodNotAllowedException(headers={"allow": ", ".join(methods)})
        return None


def _part(component: Any) -> tuple[str, bool]:
    """A part of a route's address, and whether it is the name of a parameter."""
    return (component, False) if isinstance(component, str) else (component.name, True)


class _Pattern(msgspec.Struct, frozen=True):
    """The address of a route with parameters, all of them text."""

    method: str
    parts: tuple[tuple[str, bool], ...]
    application: ASGIApp
    route_handler: Any
    path_template: str

    def fits(self, address: str) -> bool:
        """Whether the address is one of the route's."""
        values = _values(address)
        return len(values) == len(self.parts) and all(
            is_parameter or value == name
            for (name, is_parameter), value in zip(self.parts, values, strict=True)
        )

    def destination(self, address: str) -> "_Destination":
        """The route as an address that fits means it."""
        pairs = zip(self.parts, _values(address), strict=True)
        parameters = {name: value for (name, is_parameter), value in pairs if is_parameter}
        return _Destination(self.application, self.route_handler, self.path_template, parameters)


def _values(address: str) -> list[str]:
    return [value for value in address.split("/") if value]


class _Destination(msgspec.Struct, frozen=True):
    application: ASGIApp
    route_handler: Any
    path_template: str
    path_params: dict[str, Any]
