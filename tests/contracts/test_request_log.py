"""What is logged of requests, bugs and starts, without personal data."""

import json
from io import BytesIO
from typing import Any

import structlog

from regulars.app import create_application
from regulars.base.clock import utc_now
from regulars.features.access import actions as access
from regulars.features.access.sealing import SettingSeal
from regulars.settings import Settings
from regulars.settings_sources import Secret
from tests.support.sealed import store_as_it_is
from tests.support.shop import CANARY, TILL, Shop
from tests.support.stored import everything_stored


def logged(log: BytesIO) -> list[dict[str, Any]]:
    """The lines. Those of requests are gathered for a while; one more of another kind takes them along."""
    structlog.get_logger().debug("the end")
    *lines, end = [json.loads(line) for line in log.getvalue().splitlines()]
    assert end["event"] == "the end"
    return lines


async def test_a_request_is_one_line_without_personal_data(log: BytesIO, shop: Shop) -> None:
    await shop.client.get(f"/till/cards/{CANARY}?phone={CANARY}", headers={"x-till-key": shop.key})
    await shop.client.get(f"/nothing/{CANARY}")
    await shop.client.get("/till/fail/teapot")
    lines = logged(log)
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
    lines = logged(log)
    errors = [line for line in lines if line["event"] == "unexpected_error"]
    assert [line["error"] for line in errors] == ["RuntimeError", "KeyError"]
    assert "shop.py" in errors[0]["traceback"]
    assert CANARY not in log.getvalue().decode()


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
    lines = logged(log)
    warnings = [line for line in lines if line["level"] == "warning"]
    assert [(line["event"], line["program"], line["setting"]) for line in warnings] == [
        ("open_without_a_key", "shop", "till.keyless")
    ]


async def test_a_start_seals_the_secrets_that_are_stored_as_text(
    log: BytesIO, shop: Shop, database_url: str
) -> None:
    for name in ("till.signing_secret", "till.token_secret"):
        await store_as_it_is(shop.database, shop.program_id, name, CANARY)
    settings = Settings(database_url=Secret(database_url), secret_key=Secret(shop.secret_key), jobs=False)
    for _ in range(2):
        async with create_application(settings, contracts=[TILL]).lifespan():
            assert CANARY not in everything_stored(database_url)
    said = [line["count"] for line in logged(log) if line["event"] == "sealed_plain_secrets"]
    assert said == [2]
    assert CANARY not in log.getvalue().decode()
    async with shop.database.connection() as connection:
        program = await access.get_program(connection, shop.program_id)
    assert program is not None
    opened = SettingSeal(shop.secret_key).opened(program)
    assert (opened["till.signing_secret"], opened["till.token_secret"]) == (CANARY, CANARY)
