"""A contract made up for the tests of its OpenAPI document: one route of each kind."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from msgspec import Meta, Struct

from regulars.http.access import PUBLIC, BearerKey, CookieKey, HeaderKey, SealedCookie, keyless, needs
from regulars.http.answers import Answer, json_answer
from regulars.http.contract import Contract
from regulars.http.openapi import Content, HeaderParameter, Operation
from regulars.http.plain import PlainError, plain_errors
from regulars.http.requests import HttpRequest


class Line(Struct):
    product_id: int
    label: str = ""


class Order(Struct, rename="camel"):
    """What is bought."""

    user_id: Annotated[str, Meta(min_length=1, description="Who buys.")]
    amount: Annotated[int, Meta(ge=1, le=2**53 - 1)]
    note: str | None = None
    lines: list[Line] = []


class Receipt(Struct):
    order_id: UUID
    note: str | None = None
    lines: list[Line] = []
    refunded: int | msgspec.UnsetType = msgspec.UNSET


class SignIn(Struct):
    password: Annotated[str, Meta(max_length=100)]


class Search(Struct):
    text: Annotated[str, Meta(description="Part of the name.")]
    limit: Annotated[int, Meta(ge=1, le=500)] = 50
    kind: str | None = None


IDEMPOTENCY = HeaderParameter("Idempotency-Key", "Makes a repeated request harmless.")


@post(
    "/shop/orders",
    opt={
        "access": needs("shop:admin", role="admin"),
        "operation": Operation(
            summary="Buy",
            description="Takes points.",
            body=Order,
            example=Order(user_id="leo", amount=5),
            headers=(IDEMPOTENCY,),
            answers={201: Receipt, 409: None},
        ),
    },
)
async def buy(request: HttpRequest) -> Answer:
    return json_answer(None)


@get(
    "/shop/orders/{order_id:uuid}/lines/{number:int}",
    opt={
        "access": keyless("shop.keyless", "shop:admin", "shop:child"),
        "operation": Operation(
            summary="Read",
            query=Search,
            path={"number": Annotated[int, Meta(ge=1)]},
            answers={200: list[Receipt], 404: None},
        ),
    },
)
async def read_line(request: HttpRequest) -> Answer:
    return json_answer(None)


@get(
    "/shop/export",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Export",
            answers={200: Content("A spreadsheet", media_type="text/csv"), 204: None},
        ),
    },
)
async def export(request: HttpRequest) -> Answer:
    return json_answer(None)


@post(
    "/shop/sign-in",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Sign in",
            body=SignIn,
            body_media_type="application/x-www-form-urlencoded",
            answers={
                303: None,
                401: (Content("A wrong one.", PlainError), Content("The form.", media_type="text/html")),
            },
        ),
    },
)
async def sign_in(request: HttpRequest) -> Answer:
    return json_answer(None)


@get("/shop/hidden", opt={"access": PUBLIC})
async def hidden(request: HttpRequest) -> Answer:
    return json_answer(None)


SHOP = Contract(
    name="shop",
    title="Shop",
    description="Buys things.",
    handlers=[buy, read_line, export, sign_in, hidden],
    paths=("/shop",),
    errors=plain_errors,
    error_body=PlainError,
    presentations=(
        HeaderKey("x-admin-key", frozenset({"shop:admin"})),
        BearerKey(scopes=frozenset({"shop:child"})),
        CookieKey("device", frozenset({"shop:child"})),
        SealedCookie("desk", frozenset({"shop:admin"})),
    ),
)
