"""A shop: the application around a small contract of its own, the till's, on a real database."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx2
from litestar import Litestar, get, post
from litestar.response import Stream
from msgspec import Meta, Struct

from regulars.base.clock import utc_now
from regulars.base.refusals import Refused
from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.access import actions as access
from regulars.http.access import PUBLIC, HeaderKey, keyless, needs
from regulars.http.answers import Answer, Header, json_answer, page_answer, redirect_answer, text_answer
from regulars.http.bodies import read_json
from regulars.http.contract import Contract
from regulars.http.failures import Failure
from regulars.http.openapi import Operation
from regulars.http.requests import HttpRequest, caller, caller_if_any, header, services
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.applications import open_application

SCOPE = "till:use"


CANARY = "+44 7700 900123"


class Sale(Struct):
    card: str
    amount: Annotated[int, Meta(ge=1)]


class Sold(Struct):
    program_id: int
    credential_id: int | None
    amount: int


class Trouble(Struct):
    code: str
    text: str
    field: str | None = None


def till_errors(failure: Failure) -> Answer:
    status = 418 if failure.code == "teapot" else failure.status
    return json_answer(Trouble(failure.code or failure.kind.value, failure.message, failure.field), status)


@post(
    "/till/sales",
    opt={"access": needs(SCOPE), "operation": Operation(summary="Sell", body=Sale, answers={200: Sold})},
)
async def sell(request: HttpRequest) -> Answer:
    sale = await read_json(request, Sale)
    who = caller(request)
    return json_answer(Sold(who.program_id, who.credential_id, sale.amount))


@get(
    "/till/cards/{card:str}",
    opt={
        "access": keyless("till.keyless", SCOPE),
        "operation": Operation(summary="Look", answers={200: str}),
    },
)
async def look(request: HttpRequest) -> Answer:
    return json_answer([request.path_params["card"], caller(request).name, header(request, "x-note")])


@get("/till/fail/{how:str}", opt={"access": PUBLIC, "operation": Operation(summary="Fail", answers={})})
async def fail(request: HttpRequest) -> Answer:
    raise {
        "teapot": Refused("teapot", person=CANARY),
        "database": DatabaseUnavailable("connection to 10.0.0.7 lost"),
        "bug": RuntimeError(f"no member {CANARY}"),
    }[request.path_params["how"]]


@get(
    "/till/show/{what:str}",
    opt={"access": PUBLIC, "operation": Operation(summary="Show", answers={200: str})},
)
async def show(request: HttpRequest) -> Any:
    async def lines() -> AsyncIterator[bytes]:
        yield b"a,b\n"
        yield b"1,2\n"

    async def broken_lines() -> AsyncIterator[bytes]:
        yield b"a,b\n"
        raise RuntimeError(CANARY)

    async with services(request).database.connection() as connection:
        await connection.execute("select 1")
    return {
        "page": page_answer("<p>Hello</p>"),
        "text": text_answer("a,b", media_type="text/csv", file_name='his"tory\r\n.csv'),
        "redirect": redirect_answer("/till/show/page\r\nset-cookie: a=b"),
        "stream": Stream(lines(), media_type="text/csv"),
        "broken": Stream(broken_lines(), media_type="text/csv"),
        "who": json_answer(getattr(caller_if_any(request), "name", None)),
    }[request.path_params["what"]]


TILL = Contract(
    name="till",
    title="Till",
    description="Sells.",
    handlers=[sell, look, fail, show],
    paths=("/till",),
    errors=till_errors,
    error_body=Trouble,
    presentations=(HeaderKey("x-till-key"),),
)


class Shop(Struct):
    """The running application and the key of its program."""

    application: Litestar
    client: httpx2.AsyncClient
    database: Database
    secret_key: str
    program_id: int
    key: str

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return await self.client.post(path, content=body, headers={"x-till-key": self.key, **headers})


@asynccontextmanager
async def open_shop(database_url: str, database: Database) -> AsyncIterator[Shop]:
    """A shop with one program and one key, open until the block ends."""
    secret_key = secrets.token_hex(32)
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="shop", name="Shop", currency="GBP", time_zone="UTC", now=utc_now()
        )
        issued = await access.issue_credential(
            connection, secret_key, program.program_id, name="till", scopes=[SCOPE], now=utc_now()
        )
    settings = Settings(
        mode="development", jobs=False, database_url=Secret(database_url), secret_key=Secret(secret_key)
    )
    async with open_application(settings, [TILL]) as application:
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield Shop(application, client, database, secret_key, program.program_id, issued.key)


def scope_of(method: str, path: str, *headers: Header, kind: str = "http") -> dict[str, Any]:
    return {
        "type": kind,
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "scheme": "http",
    }
