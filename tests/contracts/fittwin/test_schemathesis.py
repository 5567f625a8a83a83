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

from tests.contracts.fittwin.test_document import document
from tests.support.beside import Api, running
from tests.support.fuzzing import AS_DOCUMENTED, fuzzed
from tests.support.market import Market, market
from tests.support.market_requests import EVERY
from tests.support.postgres import PostgresServer
from tests.support.soak import as_long_as_asked

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
    """A shop with a RID and an order."""

    def __init__(self, shop: Market, rid: str, order_id: str) -> None:
        self.shop = shop
        self.application = shop.application
        self.known = {"rid": rid, "orderId": order_id, "productId": shop.product_id, "currency": "USD"}
        # Tokens and keys are good for as long as the clock stands still.
        self.headers = {**shop.as_shop(), **shop.as_shopper()}

    def furnish(self, case: Case[Any]) -> bool:
        """Puts what the shop has into a request; tells whether there was room for any."""
        done = False
        parts: list[Any] = [case.body, case.path_parameters]
        for part in parts:
            found = self.known.keys() & part.keys() if isinstance(part, dict) else set()
            for name in found:
                part[name] = self.known[name]
            done |= bool(found)
        return done


@asynccontextmanager
async def open_home(database_url: str, directory: Path) -> AsyncIterator[Home]:
    """A shop with a RID and an order."""
    async with market(database_url, directory) as shop:
        rid = await shop.rid()
        yield Home(shop, rid, await shop.buy(rid))


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
def test_with_a_key_and_a_token(case: Case[Any], api: Api[Home]) -> None:
    is_plain = isinstance(case.body, dict | list)
    call(case, api, CHECKS_OF_BODIES if is_plain else CHECKS, api.home.headers)
    if api.home.furnish(case):
        call(case, api, CHECKS, api.home.headers)


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
    served = httpx2.get(f"{api.url}/docs/fittwin/openapi.json").json()
    assert (served["paths"], served["components"]) == (DOCUMENT["paths"], DOCUMENT["components"])
    assert set(DOCUMENT["paths"]) == {route.partition(" ")[2] for route in EVERY}
