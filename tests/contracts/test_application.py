"""The application around the contracts, shown with a small contract of its own on a real database."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from typing import Annotated, Any

import httpx2
import openapi_spec_validator
import psycopg
import pytest
import pytest_asyncio
from litestar import Litestar, get, post
from litestar.response import Stream
from msgspec import Meta, Struct

from regulars.app import create_application, open_services
from regulars.base.clock import utc_now
from regulars.base.refusals import Refused
from regulars.db.database import Database, DatabaseUnavailable
from regulars.features.access import actions as access
from regulars.http.access import PUBLIC, HeaderKey, authorisation_table, keyless, needs
from regulars.http.answers import Answer, Header, json_answer, page_answer, redirect_answer, text_answer
from regulars.http.bodies import read_json
from regulars.http.contract import Contract
from regulars.http.cross_origin import ORIGINS_SETTING
from regulars.http.failures import Failure, FailureKind
from regulars.http.openapi import Operation, undocumented_routes
from regulars.http.requests import HttpRequest, caller, caller_if_any, header, services
from regulars.logs import configure_logs
from regulars.operations import OK, Check, judge_jobs
from regulars.settings import Settings
from regulars.settings_sources import Secret

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


@pytest_asyncio.fixture
async def shop(database_url: str, database: Database) -> AsyncIterator[Shop]:
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
    application = create_application(settings, contracts=[TILL])
    # Not the application's own lifespan, which has to end in the task it began in; fixtures do not.
    async with open_services(settings) as opened:
        application.state["services"] = opened
        transport = httpx2.ASGITransport(app=application)  # type: ignore[arg-type]
        async with httpx2.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            yield Shop(application, client, database, secret_key, program.program_id, issued.key)


async def test_a_handler_gets_its_caller_and_its_body(shop: Shop) -> None:
    answer = await shop.post("/till/sales", b'{"card":"A1","amount":5}')
    assert answer.status_code == 200
    assert answer.json() == {"program_id": shop.program_id, "credential_id": 1, "amount": 5}


async def test_path_parameters_and_headers_are_text_whatever_bytes_they_are(shop: Shop) -> None:
    answer = await shop.client.get("/till/cards/caf%C3%A9", headers=[(b"x-note", b" caf\xe9 ")])
    assert answer.json() == ["café", "keyless", "café"]


# Errors of the layer, in the contract's envelope


FAILURES: dict[str, tuple[str, str, bytes, int, str]] = {
    "an unknown address": ("GET", "/till/nothing", b"", 404, "route_unknown"),
    "another method": ("GET", "/till/sales", b"", 405, "method_not_allowed"),
    "a NUL in the address": ("GET", "/till/cards/%00", b"", 404, "route_unknown"),
    "no JSON": ("POST", "/till/sales", b"{", 400, "input_refused"),
    "a wrong field": ("POST", "/till/sales", b'{"card":"A1","amount":true}', 400, "input_refused"),
    "a body too large": ("POST", "/till/sales", b" " * 1_000_001, 413, "body_too_large"),
    "a refusal": ("GET", "/till/fail/teapot", b"", 418, "teapot"),
    "the database away": ("GET", "/till/fail/database", b"", 503, "unavailable"),
    "a bug": ("GET", "/till/fail/bug", b"", 500, "unexpected"),
    "a bug in finding the bug": ("GET", "/till/fail/unheard-of", b"", 500, "unexpected"),
}


@pytest.mark.parametrize(("method", "path", "body", "status", "code"), FAILURES.values(), ids=FAILURES)
async def test_failures_come_in_the_contracts_envelope(
    shop: Shop, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = await shop.client.request(method, path, content=body, headers={"x-till-key": shop.key})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "10.0.0.7" not in answer.text
    assert CANARY not in answer.text


async def test_failures_carry_the_headers_that_http_wants(shop: Shop) -> None:
    wrong_method = await shop.client.get("/till/sales")
    assert sorted(wrong_method.headers["allow"].split(", ")) == ["OPTIONS", "POST"]
    unavailable = await shop.client.get("/till/fail/database")
    assert int(unavailable.headers["retry-after"]) >= 1
    too_large = await shop.post("/till/sales", b" " * 1_000_001)
    assert too_large.headers["connection"] == "close"


async def test_addresses_outside_the_contracts_have_a_plain_answer(shop: Shop) -> None:
    for path in ("/", "/nothing", "/tillage", "/favicon.ico"):
        answer = await shop.client.get(path)
        assert (answer.status_code, answer.json()["error"]) == (404, "route_unknown")


async def test_an_answer_that_breaks_in_the_middle_is_cut_and_not_completed(shop: Shop) -> None:
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    await shop.application(scope_of("GET", "/till/show/broken"), receive, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent].count("http.response.start") == 1
    assert all(message.get("more_body", True) for message in sent)


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


async def test_the_application_opens_and_closes_its_services_itself(shop: Shop) -> None:
    settings = shop.application.state["services"].settings
    application = create_application(settings, contracts=[TILL])
    async with application.lifespan(), application.state["services"].database.connection() as connection:
        await connection.execute("select 1")
    with pytest.raises(DatabaseUnavailable):
        async with application.state["services"].database.connection():
            pass


async def test_websockets_are_turned_away(shop: Shop) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    await shop.application(scope_of("GET", "/till/sales", kind="websocket"), receive, send)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["websocket.close"]


# Credentials


HOSTILE_HEADERS: dict[str, list[Header]] = {
    "bytes beyond ASCII": [(b"x-till-key", b"\xff\xfe\xc3\xa9" * 20)],
    "endless": [(b"x-till-key", b"a" * 60_000)],
    "empty": [(b"x-till-key", b"")],
    "NUL": [(b"x-till-key", b"\x00" * 64)],
    "doubled, the first one wrong": [(b"x-till-key", b"wrong"), (b"x-till-key", b"RIGHT")],
    "under another contract's name": [(b"x-admin-key", b"RIGHT")],
}


@pytest.mark.parametrize("headers", HOSTILE_HEADERS.values(), ids=HOSTILE_HEADERS)
async def test_hostile_credentials_are_refused_and_nothing_more(shop: Shop, headers: list[Header]) -> None:
    assert await status_of_sale(shop, headers) == 401


async def test_the_first_of_two_keys_counts(shop: Shop) -> None:
    assert await status_of_sale(shop, [(b"x-till-key", b"RIGHT"), (b"x-till-key", b"wrong")]) == 200


async def status_of_sale(shop: Shop, headers: list[Header]) -> int:
    """The answer's status to exactly these headers, in which RIGHT stands for the right key."""
    headers = [(name, value.replace(b"RIGHT", shop.key.encode())) for name, value in headers]
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.extend([message["status"]] if "status" in message else [])

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"card":"A1","amount":5}', "more_body": False}

    await shop.application(scope_of("POST", "/till/sales", *headers), receive, send)  # type: ignore[arg-type]
    assert len(statuses) == 1
    return statuses[0]


async def test_a_revoked_key_stops_within_five_seconds(shop: Shop) -> None:
    body = b'{"card":"A1","amount":5}'
    assert (await shop.post("/till/sales", body)).status_code == 200
    async with shop.database.transaction() as connection:
        await access.revoke_credential(connection, shop.program_id, 1, now=utc_now())
    for _ in range(50):
        if (await shop.post("/till/sales", body)).status_code == 401:
            break
        await asyncio.sleep(0.1)
    else:
        pytest.fail("the revoked key still works")


async def test_every_route_says_what_it_asks_for(shop: Shop) -> None:
    rows = {(row.method, row.path): row for row in authorisation_table(shop.application)}
    assert rows["POST", "/till/sales"].access == needs(SCOPE)
    assert rows["POST", "/till/sales"].contract == "till"
    assert rows["GET", "/healthz"].access == PUBLIC
    assert {row.method for row in rows.values()} == {"GET", "POST"}
    assert undocumented_routes(shop.application) == []


def test_a_route_that_does_not_say_is_not_started() -> None:
    @get("/till/open")
    async def forgotten(request: HttpRequest) -> Answer:
        return json_answer(None)

    contract = Contract(
        name="till",
        title="",
        description="",
        handlers=[forgotten],
        paths=(),
        errors=till_errors,
        error_body=Trouble,
    )
    with pytest.raises(ValueError, match=r"GET /till/open \(forgotten\)"):
        create_application(Settings(mode="development"), contracts=[contract])


def test_the_error_table_of_the_layer_itself_knows_every_kind() -> None:
    from regulars.http.failures import failure
    from regulars.http.plain import plain_answer

    for kind in FailureKind:
        assert plain_answer(failure(kind)).status >= 400


# What surrounds every answer


async def test_answers_are_marked_and_neither_kept_nor_guessed_at(shop: Shop) -> None:
    answer = await shop.client.get("/till/cards/A1")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]
    assert (await shop.client.get("/nothing")).headers["x-request-id"]


REQUEST_IDS = {
    "sane": ("abc-123.X_y", True),
    "too long": ("a" * 65, False),
    "not sane": ("a b<script>", False),
}


@pytest.mark.parametrize(("given", "kept"), REQUEST_IDS.values(), ids=REQUEST_IDS)
async def test_a_sane_request_id_is_kept(shop: Shop, given: str, kept: bool) -> None:
    answer = await shop.client.get("/till/cards/A1", headers={"x-request-id": given})
    assert (answer.headers["x-request-id"] == given) is kept


async def test_request_ids_differ(shop: Shop) -> None:
    ids = {(await shop.client.get("/healthz")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


async def test_pages_cannot_be_framed_and_load_nothing_from_elsewhere(shop: Shop) -> None:
    answer = await shop.client.get("/till/show/page")
    policy = answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "http" not in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_other_kinds_of_answers(shop: Shop) -> None:
    text = await shop.client.get("/till/show/text")
    assert text.headers["content-disposition"] == 'attachment; filename="his_tory__.csv"'
    stream = await shop.client.get("/till/show/stream")
    assert (stream.text, stream.headers["x-content-type-options"]) == ("a,b\n1,2\n", "nosniff")
    redirect = await shop.client.get("/till/show/redirect", follow_redirects=False)
    assert redirect.status_code == 302
    assert "set-cookie" not in redirect.headers


async def test_a_public_route_knows_its_caller_if_there_is_one(shop: Shop) -> None:
    assert (await shop.client.get("/till/show/who")).json() is None
    answer = await shop.client.get("/till/show/who", headers={"x-till-key": shop.key})
    assert answer.json() == "till"


async def test_head_is_answered_like_get_and_options_with_the_methods(shop: Shop) -> None:
    assert (await shop.client.head("/till/cards/A1")).status_code == 200
    options = await shop.client.options("/till/sales")
    assert options.status_code == 204
    assert "POST" in options.headers["allow"]


# Pages of other origins

ORIGIN = "https://shop.example"
PREFLIGHT = {
    "origin": ORIGIN,
    "access-control-request-method": "POST",
    "access-control-request-headers": "x-till-key",
}


async def test_no_other_origin_may_call_by_default(shop: Shop) -> None:
    preflight = await shop.client.options("/till/sales", headers=PREFLIGHT)
    assert "access-control-allow-origin" not in preflight.headers
    answer = await shop.client.get("/till/cards/A1", headers={"origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers


async def test_an_origin_that_a_program_names_may_call(shop: Shop) -> None:
    async with shop.database.transaction() as connection:
        await access.update_program_settings(
            connection, shop.program_id, {ORIGINS_SETTING: [ORIGIN, "null", 7]}, now=utc_now()
        )
    preflight = await shop.client.options("/till/sales", headers=PREFLIGHT)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert preflight.headers["access-control-allow-headers"] == "x-till-key"
    assert "access-control-allow-credentials" not in preflight.headers
    refused = await shop.client.post("/till/sales", headers={"origin": ORIGIN})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)
    assert "origin" in refused.headers["vary"]
    for origin in ("null", "https://evil.example", ORIGIN + ".evil", "http://shop.example", "\xff"):
        answer = await shop.client.get("/till/cards/A1", headers=[(b"origin", origin.encode("latin-1"))])
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


# Operations


async def test_the_process_is_healthy(shop: Shop) -> None:
    answer = await shop.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readiness_names_each_thing_it_looked_at(shop: Shop) -> None:
    answer = await shop.client.get("/readyz")
    fine = {"status": "ok", "detail": None}
    assert answer.json() == {"status": "ok", "database": fine, "migrations": fine, "jobs": fine}
    assert answer.status_code == 200


async def test_readiness_sees_a_schema_of_another_version(shop: Shop, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("update schema_version set version_num = '0001'")
    answer = await shop.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"]["status"] == "failing"
    assert "0001" in answer.json()["migrations"]["detail"]


async def test_without_a_database_the_process_is_healthy_but_not_ready(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(database: Database) -> Any:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(Database, "connection", away)
    assert (await shop.client.get("/healthz")).status_code == 200
    answer = await shop.client.get("/readyz")
    assert answer.status_code == 503
    assert {answer.json()[name]["status"] for name in ("database", "migrations", "jobs")} == {"failing"}


HEARTBEATS = {
    "just now": (timedelta(seconds=1), True, "ok"),
    "late": (timedelta(seconds=59), True, "ok"),
    "too late": (timedelta(seconds=61), True, "failing"),
    "too late, jobs run elsewhere": (timedelta(seconds=61), False, "failing"),
    "never": (None, True, "failing"),
    "never, jobs run elsewhere": (None, False, "ok"),
}


@pytest.mark.parametrize(("age", "expected", "status"), HEARTBEATS.values(), ids=HEARTBEATS)
def test_jobs_are_judged_by_the_last_sign_of_life(age: timedelta | None, expected: bool, status: str) -> None:
    now = utc_now()
    check = judge_jobs(None if age is None else now - age, now, expected=expected)
    assert isinstance(check, Check)
    assert check.status == status
    assert (check is OK) is (status == "ok")


async def test_metrics_count_requests_by_contract_route_and_class_of_status(shop: Shop) -> None:
    def count(text: str, labels: str) -> float:
        line = f"regulars_http_requests_total{{{labels}}} "
        return next((float(row.removeprefix(line)) for row in text.splitlines() if row.startswith(line)), 0.0)

    sales = 'contract="till",method="POST",route="/till/sales",status="4xx"'
    cards = 'contract="till",method="GET",route="/till/cards/{card}",status="2xx"'
    before = (await shop.client.get("/metrics")).text
    for card in ("A1", "A2", "A3"):
        await shop.client.get(f"/till/cards/{card}")
    await shop.client.post("/till/sales")
    answer = await shop.client.get("/metrics")
    assert count(answer.text, cards) - count(before, cards) == 3
    assert count(answer.text, sales) - count(before, sales) == 1
    assert "regulars_http_request_duration_seconds_bucket" in answer.text
    assert "A1" not in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


# Documentation


async def test_the_documents_are_valid_and_the_pages_lead_to_them(shop: Shop) -> None:
    index = (await shop.client.get("/docs")).text
    for name in ("till", "operations"):
        assert f'href="/docs/{name}/openapi.json"' in index
        document = (await shop.client.get(f"/docs/{name}/openapi.json")).json()
        openapi_spec_validator.validate(document)
        assert f'data-url="/docs/{name}/openapi.json"' in (await shop.client.get(f"/docs/{name}")).text
    every = (await shop.client.get("/docs/openapi.json")).json()
    openapi_spec_validator.validate(every)
    assert {"/till/sales", "/readyz"} <= every["paths"].keys()
    assert (await shop.client.get("/docs/nothing")).status_code == 404
    assert (await shop.client.get("/docs/nothing/openapi.json")).status_code == 404


async def test_what_the_pages_load_is_there_and_is_kept_by_browsers(shop: Shop) -> None:
    page = (await shop.client.get("/docs/till")).text
    addresses = [part.split('"')[0] for part in page.split('="/docs/assets/')[1:]]
    assert len(addresses) == 4
    for address in addresses:
        answer = await shop.client.get(f"/docs/assets/{address}")
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert "swagger" not in address or answer.headers["content-encoding"] == "gzip"
        again = await shop.client.get(
            f"/docs/assets/{address}", headers={"if-none-match": answer.headers["etag"]}
        )
        assert again.status_code == 304
    assert (await shop.client.get("/docs/assets/..%2fdocs.py")).status_code == 404


# Logs


@pytest_asyncio.fixture
async def log() -> AsyncIterator[BytesIO]:
    """What is logged, as JSON lines. Asked for before `shop`, whose application asks how to log once."""
    stream = BytesIO()
    configure_logs("json", "debug", stream=stream)
    yield stream
    configure_logs("json", "error", stream=BytesIO())


async def logged(log: BytesIO) -> list[dict[str, Any]]:
    """The lines, once those of requests have been gathered."""
    await asyncio.sleep(0.15)
    return [json.loads(line) for line in log.getvalue().splitlines()]


async def test_a_request_is_one_line_without_personal_data(log: BytesIO, shop: Shop) -> None:
    await shop.client.get(f"/till/cards/{CANARY}?phone={CANARY}", headers={"x-till-key": shop.key})
    await shop.client.get(f"/nothing/{CANARY}")
    await shop.client.get("/till/fail/teapot")
    lines = await logged(log)
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["route"] for line in requests] == ["/till/cards/{card}", "unknown", "/till/fail/{how}"]
    assert [line["status"] for line in requests] == [200, 404, 418]
    first = requests[0]
    assert (first["method"], first["contract"], first["credential_id"]) == ("GET", "till", 1)
    assert first["program_id"] == shop.program_id
    assert first["duration_ms"] >= 0
    assert first["request_id"]
    assert CANARY not in log.getvalue().decode()
    assert shop.key not in log.getvalue().decode()


async def test_a_bug_is_logged_with_where_it_happened_but_not_with_what_it_was_about(
    log: BytesIO, shop: Shop
) -> None:
    await shop.client.get("/till/fail/bug")
    await shop.client.get("/till/fail/unheard-of")
    lines = await logged(log)
    errors = [line for line in lines if line["event"] == "unexpected_error"]
    assert [line["error"] for line in errors] == ["RuntimeError", "KeyError"]
    assert "test_application.py" in errors[0]["traceback"]
    assert CANARY not in log.getvalue().decode().replace("CANARY", "")


async def test_programs_that_are_open_without_a_key_are_named_at_every_start(
    log: BytesIO, shop: Shop, database_url: str
) -> None:
    async with shop.database.transaction() as connection:
        await access.update_program_settings(
            connection, shop.program_id, {"till.keyless": True, "other.keyless": True}, now=utc_now()
        )
    settings = Settings(database_url=Secret(database_url), secret_key=Secret(shop.secret_key), jobs=False)
    async with create_application(settings, contracts=[TILL]).lifespan():
        pass
    lines = await logged(log)
    warnings = [line for line in lines if line["level"] == "warning"]
    assert [(line["event"], line["program"], line["setting"]) for line in warnings] == [
        ("open_without_a_key", "shop", "till.keyless")
    ]
