"""Builds OpenAPI 3.1 documents from what the handlers say about themselves in `opt["operation"]`."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Litestar

from regulars.http.access import (
    Access,
    BearerKey,
    BearerToken,
    CookieKey,
    Presentation,
    SealedCookie,
    declared_handlers,
)
from regulars.http.contract import Contract
from regulars.http.openapi_schemas import Schemas

_PLACES: dict[type, str] = {
    BearerKey: "bearer",
    BearerToken: "bearer",
    CookieKey: "cookie",
    SealedCookie: "cookie",
}


class Content(msgspec.Struct, frozen=True):
    """An answer whose media type or meaning is worth saying. `kind` None is text or bytes."""

    description: str = ""
    kind: Any = None
    media_type: str = "application/json"


class HeaderParameter(msgspec.Struct, frozen=True):
    """A header that a route reads."""

    name: str
    description: str
    kind: Any = str
    required: bool = False


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """What a handler says about itself, as `opt["operation"]`.

    `body` and `query` are structs that `read_json` and `read_query` are given. `path` refines the types
    of path parameters. `body_media_type` is that of a form where the body is none of JSON. `answers` maps a
    status to a type or a `Content`, or to several that differ in their media type; None is the contract's
    error body, or no body at all below 400. What every route may answer (401, 403, 413, 503) need not be
    named.
    """

    summary: str
    description: str = ""
    body: Any = None
    body_required: bool = True
    body_media_type: str = "application/json"
    example: Any = None
    query: Any = None
    path: Mapping[str, Any] = {}
    headers: tuple[HeaderParameter, ...] = ()
    answers: Mapping[int, Any]

    def __deepcopy__(self, memo: object) -> "Operation":
        # Litestar copies handlers with all they carry; what never changes need not be copied.
        return self


class DocumentedRoute(msgspec.Struct, frozen=True):
    """A route with all that its documentation is made from."""

    method: str
    path: str
    path_kinds: dict[str, Any]
    handler: str
    contract: Contract
    access: Access
    operation: Operation


def documented_routes(application: Litestar, contracts: Sequence[Contract]) -> list[DocumentedRoute]:
    """The routes of `contracts` that have an operation, by path and method."""
    names = {contract.name for contract in contracts}
    routes = [
        DocumentedRoute(
            method.lower(),
            route.path_format,
            {name: parameter.type for name, parameter in route.path_parameters.items()},
            handler.fn.__name__,
            handler.opt["contract"],
            handler.opt["access"],
            handler.opt["operation"],
        )
        for route in application.routes
        for method, handler in declared_handlers(route)
        if "operation" in handler.opt and handler.opt["contract"].name in names
    ]
    return sorted(routes, key=lambda route: (route.path, route.method))


def undocumented_routes(application: Litestar) -> list[str]:
    """The routes that say nothing about themselves, as "METHOD path", for the test that wants none."""
    return sorted(
        f"{method} {route.path_format}"
        for route in application.routes
        for method, handler in declared_handlers(route)
        if "operation" not in handler.opt
    )


def build_document(
    application: Litestar,
    contracts: Sequence[Contract],
    *,
    title: str,
    description: str,
    version: str,
    server_url: str,
) -> bytes:
    """The OpenAPI document of `contracts`, as indented JSON."""
    routes = documented_routes(application, contracts)
    schemas = Schemas(
        inputs=[kind for route in routes for kind in _input_kinds(route)],
        answers=[kind for route in routes for kind in _answer_kinds(route)],
        queries=[route.operation.query for route in routes if route.operation.query is not None],
    )
    paths: dict[str, dict[str, Any]] = {}
    seen: dict[str, int] = {}
    for route in routes:
        described = paths.setdefault(route.path, {})[route.method] = _operation(route, schemas)
        name = described["operationId"]
        seen[name] = seen.get(name, 0) + 1
        # A route may have several addresses, but an id is one operation's.
        if seen[name] > 1:
            described["operationId"] = f"{name}_{seen[name]}"
    document = {
        "openapi": "3.1.0",
        "info": {"title": title, "description": description, "version": version},
        "servers": [{"url": server_url}],
        "tags": [{"name": contract.title, "description": contract.description} for contract in contracts],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "securitySchemes": {
                _scheme_name(contract, presentation): _scheme(presentation)
                for contract in contracts
                for presentation in contract.presentations
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _operation(route: DocumentedRoute, schemas: Schemas) -> dict[str, Any]:
    operation = route.operation
    described = {
        "operationId": f"{route.contract.name}_{route.handler}",
        "tags": [route.contract.title],
        "summary": operation.summary,
        "description": "\n\n".join(filter(None, (operation.description, _access_sentence(route.access)))),
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
        "security": _security(route),
    }
    if operation.body is not None:
        media: dict[str, Any] = {"schema": schemas.of(operation.body)}
        if operation.example is not None:
            media["example"] = msgspec.to_builtins(operation.example)
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {operation.body_media_type: media},
        }
    return described


def _parameters(route: DocumentedRoute, schemas: Schemas) -> list[dict[str, Any]]:
    operation = route.operation
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": schemas.of(operation.path.get(name, kind))}
        for name, kind in route.path_kinds.items()
    ]
    in_query = schemas.query_parameters(operation.query) if operation.query is not None else []
    in_headers = [
        {
            "name": parameter.name,
            "in": "header",
            "required": parameter.required,
            "description": parameter.description,
            "schema": schemas.of(parameter.kind),
        }
        for parameter in operation.headers
    ]
    return [*in_path, *in_query, *in_headers]


def _responses(route: DocumentedRoute, schemas: Schemas) -> dict[str, Any]:
    error = (Content(kind=route.contract.error_body, media_type=route.contract.error_media_type),)
    answers: dict[int, tuple[Content, ...]] = dict.fromkeys(_usual_failures(route), error)
    for status, answer in route.operation.answers.items():
        answers[status] = _contents(answer) or (error if status >= 400 else ())
    responses = {str(status): _response(status, answers[status], schemas) for status in sorted(answers)}
    return {**responses, "default": _response(500, error, schemas) | {"description": "Any other failure"}}


def _contents(answer: Any) -> tuple[Content, ...]:
    """What an operation says of an answer, as a content for each of its media types."""
    if answer is None:
        return ()
    several = answer if isinstance(answer, tuple) else (answer,)
    return tuple(one if isinstance(one, Content) else Content(kind=one) for one in several)


def _response(status: int, contents: tuple[Content, ...], schemas: Schemas) -> dict[str, Any]:
    description = " ".join(content.description for content in contents if content.description)
    response: dict[str, Any] = {"description": description or HTTPStatus(status).phrase}
    if contents:
        response["content"] = {
            content.media_type: {
                "schema": {"type": "string"} if content.kind is None else schemas.of(content.kind)
            }
            for content in contents
        }
    return response


def _usual_failures(route: DocumentedRoute) -> list[int]:
    """The statuses that the HTTP layer itself may answer on this route."""
    statuses = [503]
    if not route.access.public:
        statuses += [401, 403]
    if route.operation.body is not None:
        statuses += [400, 408, 413]
    elif route.operation.query is not None:
        statuses += [400, 413]
    return statuses


def _input_kinds(route: DocumentedRoute) -> list[Any]:
    operation = route.operation
    in_path = [operation.path.get(name, kind) for name, kind in route.path_kinds.items()]
    in_headers = [parameter.kind for parameter in operation.headers]
    return [*in_path, *in_headers, *([] if operation.body is None else [operation.body])]


def _answer_kinds(route: DocumentedRoute) -> list[Any]:
    contents = [content for answer in route.operation.answers.values() for content in _contents(answer)]
    kinds = [*(content.kind for content in contents), route.contract.error_body]
    return [kind for kind in kinds if kind is not None]


def _security(route: DocumentedRoute) -> list[dict[str, list[str]]]:
    """The ways to be let in; an empty one means that nothing need be shown."""
    if route.access.public:
        return []
    ways: list[dict[str, list[str]]] = [
        {_scheme_name(route.contract, presentation): []}
        for presentation in route.contract.presentations
        if presentation.scopes is None or not presentation.scopes.isdisjoint(route.access.scopes)
    ]
    return [*ways, {}] if route.access.keyless_setting is not None else ways


def _access_sentence(access: Access) -> str:
    if access.public:
        return ""
    scopes = " or ".join(f"`{scope}`" for scope in sorted(access.scopes))
    role = f" and the role `{access.role}`" if access.role else ""
    if access.keyless_setting is None:
        return f"Needs a credential with {scopes}{role}."
    return (
        f"Open in development and where the program has switched `{access.keyless_setting}` on; "
        f"elsewhere needs a credential with {scopes}{role}."
    )


def _scheme_name(contract: Contract, presentation: Presentation) -> str:
    kind = _PLACES.get(type(presentation), "header")
    return f"{contract.name}.{kind}.{presentation.name}"


def _scheme(presentation: Presentation) -> dict[str, str]:
    if isinstance(presentation, BearerToken):
        return {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    if isinstance(presentation, BearerKey):
        return {"type": "http", "scheme": "bearer"}
    return {"type": "apiKey", "in": _PLACES.get(type(presentation), "header"), "name": presentation.name}
