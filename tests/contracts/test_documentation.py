"""The documents and pages at /docs, and what these pages load."""

import openapi_spec_validator

from tests.support.shop import Shop


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
