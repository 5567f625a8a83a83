"""OpenAPI documents: what a contract's routes say about themselves is what the document says."""

from typing import Any, cast

import msgspec
import pytest
from litestar import Litestar

from regulars.http.edge import contract_router
from regulars.http.openapi import (
    build_document,
    undocumented_routes,
)
from tests.support.documented_shop import SHOP

Document = dict[str, Any]


@pytest.fixture(scope="module")
def application() -> Litestar:
    return Litestar([contract_router(SHOP)], openapi_config=None)


@pytest.fixture(scope="module")
def document(application: Litestar) -> Document:
    raw = build_document(
        application,
        [SHOP],
        title="Shop",
        description="Buys.",
        version="2.0",
        server_url="https://shop.example",
    )
    return cast(Document, msgspec.json.decode(raw))


def operation(document: Document, method: str, path: str) -> Document:
    return cast(Document, document["paths"][path][method])


def test_the_document_names_itself_and_where_it_is_served(document: Document) -> None:
    assert document["openapi"] == "3.1.0"
    assert document["info"] == {"title": "Shop", "description": "Buys.", "version": "2.0"}
    assert document["servers"] == [{"url": "https://shop.example"}]


def test_routes_without_an_operation_are_left_out_and_can_be_asked_for(
    application: Litestar, document: Document
) -> None:
    assert "/shop/hidden" not in document["paths"]
    assert undocumented_routes(application) == ["GET /shop/hidden"]


def test_a_body_lists_what_is_required_what_may_be_null_and_its_limits(document: Document) -> None:
    body = operation(document, "post", "/shop/orders")["requestBody"]
    assert body["required"] is True
    content = body["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/Order"}
    assert content["example"] == {"userId": "leo", "amount": 5, "note": None, "lines": []}
    order = document["components"]["schemas"]["Order"]
    assert order["required"] == ["userId", "amount"]
    assert order["properties"]["userId"] == {"type": "string", "minLength": 1, "description": "Who buys."}
    assert order["properties"]["amount"] == {"type": "integer", "minimum": 1, "maximum": 2**53 - 1}
    assert order["properties"]["note"]["anyOf"] == [{"type": "string"}, {"type": "null"}]


def test_what_is_always_sent_is_required_in_an_answer(document: Document) -> None:
    schemas = document["components"]["schemas"]
    assert schemas["Receipt"]["required"] == ["order_id", "note", "lines"]
    # A struct that is sent both ways promises no more than a request must say.
    assert schemas["Line"]["required"] == ["product_id"]
    assert schemas["PlainError"]["required"] == ["error", "message"]


def test_query_parameters_are_the_fields_of_their_struct(document: Document) -> None:
    parameters = operation(document, "get", "/shop/orders/{order_id}/lines/{number}")["parameters"]
    assert [parameter for parameter in parameters if parameter["in"] == "query"] == [
        {
            "name": "text",
            "in": "query",
            "required": True,
            "description": "Part of the name.",
            "schema": {"type": "string"},
        },
        {
            "name": "limit",
            "in": "query",
            "required": False,
            "schema": {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
        },
        {"name": "kind", "in": "query", "required": False, "schema": {"type": "string"}},
    ]
    assert "Search" not in document["components"]["schemas"]


def test_path_parameters_have_their_types(document: Document) -> None:
    parameters = operation(document, "get", "/shop/orders/{order_id}/lines/{number}")["parameters"]
    assert [parameter for parameter in parameters if parameter["in"] == "path"] == [
        {"name": "order_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}},
        {"name": "number", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}},
    ]


def test_headers_are_parameters(document: Document) -> None:
    assert operation(document, "post", "/shop/orders")["parameters"] == [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "description": "Makes a repeated request harmless.",
            "schema": {"type": "string"},
        }
    ]


ANSWERS = {
    ("post", "/shop/orders"): "201 400 401 403 408 409 413 503 default",
    ("get", "/shop/orders/{order_id}/lines/{number}"): "200 400 401 403 404 413 503 default",
    ("get", "/shop/export"): "200 204 503 default",
    ("post", "/shop/sign-in"): "303 400 401 408 413 503 default",
}


@pytest.mark.parametrize(("route", "statuses"), ANSWERS.items())
def test_every_answer_is_there_also_what_the_layer_itself_answers(
    document: Document, route: tuple[str, str], statuses: str
) -> None:
    assert list(operation(document, *route)["responses"]) == statuses.split()


def test_failures_have_the_contracts_envelope(document: Document) -> None:
    responses = operation(document, "post", "/shop/orders")["responses"]
    envelope = {"application/json": {"schema": {"$ref": "#/components/schemas/PlainError"}}}
    assert {responses[status]["content"] == envelope for status in ("401", "409", "503", "default")} == {True}
    assert responses["409"]["description"] == "Conflict"


def test_answers_that_are_not_json_say_so(document: Document) -> None:
    responses = operation(document, "get", "/shop/export")["responses"]
    assert responses["200"] == {
        "description": "A spreadsheet",
        "content": {"text/csv": {"schema": {"type": "string"}}},
    }
    assert responses["204"] == {"description": "No Content"}


def test_a_form_is_a_form_and_an_answer_may_have_two_media_types(document: Document) -> None:
    described = operation(document, "post", "/shop/sign-in")
    form = {"schema": {"$ref": "#/components/schemas/SignIn"}}
    assert described["requestBody"]["content"] == {"application/x-www-form-urlencoded": form}
    assert described["responses"]["401"] == {
        "description": "A wrong one. The form.",
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/PlainError"}},
            "text/html": {"schema": {"type": "string"}},
        },
    }


SECURITY: dict[tuple[str, str], list[Document]] = {
    ("post", "/shop/orders"): [{"shop.header.x-admin-key": []}, {"shop.cookie.desk": []}],
    ("get", "/shop/orders/{order_id}/lines/{number}"): [
        {"shop.header.x-admin-key": []},
        {"shop.bearer.authorization": []},
        {"shop.cookie.device": []},
        {"shop.cookie.desk": []},
        {},
    ],
    ("get", "/shop/export"): [],
}


@pytest.mark.parametrize(("route", "expected"), SECURITY.items())
def test_the_ways_in_are_those_that_can_open_the_route(
    document: Document, route: tuple[str, str], expected: list[Document]
) -> None:
    assert operation(document, *route)["security"] == expected


def test_the_schemes_are_declared(document: Document) -> None:
    assert document["components"]["securitySchemes"] == {
        "shop.header.x-admin-key": {"type": "apiKey", "in": "header", "name": "x-admin-key"},
        "shop.bearer.authorization": {"type": "http", "scheme": "bearer"},
        "shop.cookie.device": {"type": "apiKey", "in": "cookie", "name": "device"},
        "shop.cookie.desk": {"type": "apiKey", "in": "cookie", "name": "desk"},
    }


def test_the_description_says_what_the_route_asks_for(document: Document) -> None:
    assert operation(document, "post", "/shop/orders")["description"] == (
        "Takes points.\n\nNeeds a credential with `shop:admin` and the role `admin`."
    )
    assert (
        "switched `shop.keyless` on"
        in (operation(document, "get", "/shop/orders/{order_id}/lines/{number}")["description"])
    )


def test_every_reference_leads_somewhere(document: Document) -> None:
    raw = msgspec.json.encode(document).decode()
    for name in raw.split('"$ref":"#/components/schemas/')[1:]:
        assert name.split('"')[0] in document["components"]["schemas"]


def test_operation_ids_are_unique(document: Document) -> None:
    ids = [entry["operationId"] for methods in document["paths"].values() for entry in methods.values()]
    assert sorted(ids) == ["shop_buy", "shop_export", "shop_read_line", "shop_sign_in"]
