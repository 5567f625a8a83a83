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
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.contracts.rejoes.test_document import document
from tests.support.beside import Api
from tests.support.fuzzing import AS_DOCUMENTED, call, furnish, fuzzed, fuzzed_api, json_of, schema_of
from tests.support.postgres import PostgresServer
from tests.support.soak import as_long_as_asked
from tests.support.store_requests import EVERY, World, open_store
from tests.support.stores import Stores, stores

pytestmark = as_long_as_asked
FUZZED = fuzzed(8)


def nothing_breaks(context: Any, answer: Any, case: Case[Any]) -> None:
    """No server error."""
    assert answer.status_code < 500, answer.status_code


CHECKS = [nothing_breaks, *AS_DOCUMENTED]
CHECKS_OF_BODIES = [*CHECKS, negative_data_rejection]


DOCUMENT = document()
schema = schema_of(document(), wrong_method=json_of("ErrorAnswer"))


class Home:
    """A store with a member."""

    def __init__(self, shop: Stores, world: World) -> None:
        self.shop = shop
        self.application = shop.application
        self.known = {"memberId": world.member_id, "storeLocation": "Store A", "cardToken": world.card}


@asynccontextmanager
async def open_home(database_url: str, directory: Path) -> AsyncIterator[Home]:
    """A store with a member."""
    async with stores(database_url, directory) as shop:
        yield Home(shop, await open_store(shop))


@pytest.fixture(scope="module")
def api(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api[Home]]:
    """One application for all operations."""
    with fuzzed_api(postgres, tmp_path_factory, open_home) as api:
        yield api


@schema.parametrize()
@FUZZED
def test_with_a_store_s_key(case: Case[Any], api: Api[Home]) -> None:
    headers = api.home.shop.headers()
    # A document cannot say that bodies of webhooks are refused for their signature first.
    is_plain = isinstance(case.body, dict | list) and "/webhooks/" not in case.operation.path
    is_plain = is_plain and "seed-member" not in case.operation.path
    call(case, api, CHECKS_OF_BODIES if is_plain else CHECKS, headers)
    if furnish(api.home.known, case.body, case.path_parameters):
        call(case, api, CHECKS, headers)


@schema.parametrize()
@FUZZED
def test_without_a_key(case: Case[Any], api: Api[Home]) -> None:
    answer = call(case, api, CHECKS, {})
    is_open = not case.operation.definition.raw["security"]
    if case.method.upper() == case.operation.method.upper() and not is_open:
        assert answer.status_code == 401


def test_the_document_that_is_served_is_the_one_that_was_tested(api: Api[Home]) -> None:
    served = httpx2.get(f"{api.url}/docs/rejoes/openapi.json").json()
    assert (served["paths"], served["components"]) == (DOCUMENT["paths"], DOCUMENT["components"])
    assert set(DOCUMENT["paths"]) == {route.partition(" ")[2] for route in EVERY}
