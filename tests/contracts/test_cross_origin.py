"""Pages of other origins may call only where the program names them."""

from regulars.base.clock import utc_now
from regulars.features.access import actions as access
from regulars.http.cross_origin import ORIGINS
from tests.support.shop import Shop

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
            connection, shop.program_id, {ORIGINS.name: [ORIGIN, "null", 7]}, now=utc_now()
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
