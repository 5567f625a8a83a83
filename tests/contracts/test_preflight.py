"""What a page of an origin that a program names may send, and what it may read of the answer."""

from regulars.base.clock import utc_now
from regulars.features.access import actions as access
from regulars.http.cross_origin import ORIGINS
from tests.support.shop import Shop

ORIGIN = "https://shop.example"


async def name_origin(shop: Shop) -> None:
    async with shop.database.transaction() as connection:
        await access.update_program_settings(
            connection, shop.program_id, {ORIGINS.name: [ORIGIN]}, now=utc_now()
        )


async def test_every_method_of_the_contracts_may_be_used(shop: Shop) -> None:
    await name_origin(shop)
    asked = {"origin": ORIGIN, "access-control-request-method": "PATCH"}
    answer = await shop.client.options("/till/sales", headers=asked)
    assert (answer.status_code, answer.content) == (204, b"")
    allowed = set(answer.headers["access-control-allow-methods"].split(", "))
    assert allowed == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    assert int(answer.headers["access-control-max-age"]) > 0


async def test_a_page_may_read_what_it_needs_to_come_back_and_to_ask_about(shop: Shop) -> None:
    await name_origin(shop)
    answer = await shop.client.get("/till/cards/A1", headers={"origin": ORIGIN})
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert exposed == {"x-request-id", "retry-after", "content-disposition"}
    assert "access-control-allow-credentials" not in answer.headers


async def test_an_options_request_that_is_no_preflight_is_answered_with_the_methods(shop: Shop) -> None:
    await name_origin(shop)
    answer = await shop.client.options("/till/sales", headers={"origin": ORIGIN})
    assert answer.status_code == 204
    assert "POST" in answer.headers["allow"]
    assert "access-control-allow-methods" not in answer.headers
