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
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import negative_data_rejection

from tests.contracts.rejoes.test_document import document
from tests.support.beside import Api, running
from tests.support.fuzzing import AS_DOCUMENTED, fuzzed
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


def without_default(made: dict[str, Any]) -> dict[str, Any]:
    """The document with every status named, but for methods that an address does not answer to."""
    for path in made["paths"].values():
        for operation in path.values():
            del operation["responses"]["default"]
            error = {"$ref": "#/components/schemas/ErrorAnswer"}
            operation["responses"].setdefault(
                "405", {"description": "", "content": {"application/json": {"schema": error}}}
            )
    return made


DOCUMENT = document()
schema = from_dict(without_default(document()))
# The test decides which key is sent.
schema.config.generation.update(with_security_parameters=False)


class Home:
    """A store with a member."""

    def __init__(self, shop: Stores, world: World) -> None:
        self.shop = shop
        self.world = world
        self.application = shop.application

    def furnish(self, case: Case[Any]) -> bool:
        """Puts what the store has into a request; tells whether there was room for any."""
        known = {"memberId": self.world.member_id, "storeLocation": "Store A", "cardToken": self.world.card}
        done = False
        parts: list[Any] = [case.body, case.path_parameters]
        for part in parts:
            found = known.keys() & part.keys() if isinstance(part, dict) else set()
            for name in found:
                part[name] = known[name]
            done |= bool(found)
        return done


@asynccontextmanager
async def open_home(database_url: str, directory: Path) -> AsyncIterator[Home]:
    """A store with a member."""
    async with stores(database_url, directory) as shop:
        yield Home(shop, await open_store(shop))


@pytest.fixture(scope="module")
def api(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api[Home]]:
    """One application for all operations."""
    directory = tmp_path_factory.mktemp("api")
    with (
        postgres.migrated_database() as database_url,
        running(lambda: open_home(database_url, directory)) as api,
    ):
        yield api


@schema.parametrize()
@FUZZED
def test_with_a_store_s_key(case: Case[Any], api: Api[Home]) -> None:
    headers = api.home.shop.headers()
    # A document cannot say that bodies of webhooks are refused for their signature first.
    is_plain = isinstance(case.body, dict | list) and "/webhooks/" not in case.operation.path
    is_plain = is_plain and "seed-member" not in case.operation.path
    call(case, api, CHECKS_OF_BODIES if is_plain else CHECKS, headers)
    if api.home.furnish(case):
        call(case, api, CHECKS, headers)


@schema.parametrize()
@FUZZED
def test_without_a_key(case: Case[Any], api: Api[Home]) -> None:
    answer = call(case, api, CHECKS, {})
    is_open = not case.operation.definition.raw["security"]
    if case.method.upper() == case.operation.method.upper() and not is_open:
        assert answer.status_code == 401


def call(case: Case[Any], api: Api[Home], checks: list[Any], headers: dict[str, str]) -> Any:
    return case.call_and_validate(base_url=api.url, headers=headers, checks=checks, allow_redirects=False)


def test_the_document_that_is_served_is_the_one_that_was_tested(api: Api[Home]) -> None:
    served = httpx2.get(f"{api.url}/docs/rejoes/openapi.json").json()
    assert (served["paths"], served["components"]) == (DOCUMENT["paths"], DOCUMENT["components"])
    assert set(DOCUMENT["paths"]) == {route.partition(" ")[2] for route in EVERY}
