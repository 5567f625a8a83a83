"""Whatever the document allows to be sent, and whatever it forbids: the answers are those it documents.

In CI the examples are few and always the same; in a soak there are hundreds for each operation, and new ones
each time.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    missing_required_header,
    negative_data_rejection,
)

from tests.contracts.loyaltyhub.test_document import document
from tests.support.beside import Api
from tests.support.fuzzing import AS_DOCUMENTED, furnish, fuzzed, fuzzed_api, schema_of
from tests.support.hotel_requests import GUEST, REQUESTS, open_bar, prepared
from tests.support.hotels import HIGH_STREET, Hotels, hotels
from tests.support.postgres import PostgresServer
from tests.support.soak import as_long_as_asked

pytestmark = as_long_as_asked
FUZZED = fuzzed(12)
CHECKS = [not_a_server_error, *AS_DOCUMENTED]
"""Not among them is that a wrong method is a 405: the contract answers 404 `rest_no_route`. Nor that all data
of the right form is accepted, for much of it names nobody who exists, nor that a key is asked for, which the
table in test_authorisation_tills.py says more exactly."""
CHECKS_OF_BODIES = [*CHECKS, negative_data_rejection, missing_required_header]
"""A query string is only text, and much that is no number in a document is one there."""

KNOWN: dict[str, Any] = {
    "customer_id": GUEST, "identifier": "F1", "code": "summer24", "total_amount": 45.5, "name": "Jane Doe",
    "identifier_id": 1, "email": "john@example.com", "promo_code": "SUMMER24",
}  # fmt: skip
"""What a made-up request is given, so that it has a chance to succeed."""


DOCUMENT = document()
schema = schema_of(document())


@asynccontextmanager
async def open_hotels(database_url: str, directory: Path) -> AsyncIterator[Hotels]:
    """Two hotels with a guest and a promo code."""
    async with hotels(database_url, directory) as hub:
        await open_bar(hub)
        yield hub


@pytest.fixture(scope="module")
def api(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api[Hotels]]:
    """One application for all operations."""
    with fuzzed_api(postgres, tmp_path_factory, open_hotels) as api:
        yield api


@schema.parametrize()
@FUZZED
def test_with_the_key_of_a_till(case: Case[Any], api: Api[Hotels]) -> None:
    key = api.home.headers(HIGH_STREET)
    checks = CHECKS_OF_BODIES if isinstance(case.body, dict | list) else CHECKS
    case.call_and_validate(base_url=api.url, headers=key, checks=checks)
    # The same once more about somebody who exists: what is made up is nobody's, and most of it ends there.
    if furnish(KNOWN, case.body):
        # What was wrong with the request may have been replaced, so it need no longer be refused.
        case.call_and_validate(base_url=api.url, headers=key, checks=CHECKS)


@schema.parametrize()
@FUZZED
def test_without_a_key(case: Case[Any], api: Api[Hotels]) -> None:
    answer = case.call_and_validate(base_url=api.url, checks=CHECKS)
    if case.method.upper() == case.operation.method.upper():
        assert answer.status_code == 401


@pytest.mark.parametrize("route", REQUESTS)
async def test_what_succeeds_is_as_documented(hub: Hotels, route: str) -> None:
    await open_bar(hub)
    request = await prepared(hub, route)
    answer = await hub.client.request(request.method, request.path, json=request.body, headers=hub.headers())
    assert answer.status_code in (200, 201)
    schema[request.path][request.method].Case().validate_response(answer, checks=CHECKS)


def test_the_document_that_is_served_is_the_one_that_was_tested(api: Api[Hotels]) -> None:
    served = httpx2.get(f"{api.url}/docs/loyaltyhub/openapi.json").json()
    assert (served["paths"], served["components"]) == (DOCUMENT["paths"], DOCUMENT["components"])
    paths = {route.partition(" ")[2] for route in REQUESTS}
    assert set(DOCUMENT["paths"]) == paths
