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
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
)

from regulars.contracts.sessions.context import ADMIN_SCOPE, INTERNAL_SCOPE, KIOSK_SCOPE
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.contracts.sessions.test_document import document
from tests.support.beside import Api
from tests.support.fuzzing import AS_DOCUMENTED, call, furnish, fuzzed, fuzzed_api, json_of, schema_of
from tests.support.kiosk_requests import REQUESTS, World, open_shop, places, prepared, send
from tests.support.kiosks import VENUE, Kiosks, carrying, kiosks, selling
from tests.support.postgres import PostgresServer
from tests.support.soak import as_long_as_asked

pytestmark = as_long_as_asked
FUZZED = fuzzed(12)


def nothing_breaks(context: Any, answer: Any, case: Case[Any]) -> None:
    """No server error but 501, which is what a wallet without certificates answers."""
    assert answer.status_code < 500 or answer.status_code == 501, answer.status_code


CHECKS = [nothing_breaks, *AS_DOCUMENTED]
"""Not among them is that all data of the right form is accepted, for much of it names nobody who exists, nor
that a key is asked for, which the table in test_authorisation_kiosks.py says more exactly."""
CHECKS_OF_BODIES = [*CHECKS, negative_data_rejection]
"""A query string is only text, and much that is no number in a document is one there."""


DOCUMENT = document()
schema = schema_of(document(), wrong_method=json_of("ErrorAnswer"))


class Home:
    """A shop with a customer."""

    def __init__(self, shop: Kiosks, world: World) -> None:
        self.shop = shop
        self.world = world
        self.application = shop.application

    @property
    def keys(self) -> dict[str, str]:
        """Every key of the program at once: each route takes the one that it wants."""
        return {
            name: value
            for scope in (KIOSK_SCOPE, INTERNAL_SCOPE, ADMIN_SCOPE)
            for name, value in self.shop.headers(scope).items()
        }

    def furnish(self, case: Case[Any]) -> bool:
        """Puts what the shop has into a request; tells whether there was room for any."""
        known = {
            "customer_id": self.world.customer_id, "venue_id": VENUE, "pass_token": self.world.token,
            "phone_raw": "+447700900000", "total_minor": 2599, "reward_count": 1, "currency": "GBP",
        }  # fmt: skip
        places = furnish({"token": self.world.token}, case.path_parameters)
        return furnish(known, case.body, case.query, case.path_parameters) or places


@asynccontextmanager
async def open_home(database_url: str, directory: Path) -> AsyncIterator[Home]:
    """A shop with a customer, which sells memberships and signs cards."""
    with selling() as (_, sold):
        async with kiosks(database_url, directory, **sold, **carrying()) as shop:
            yield Home(shop, await open_shop(shop))


@pytest.fixture(scope="module")
def api(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api[Home]]:
    """One application for all operations."""
    with fuzzed_api(postgres, tmp_path_factory, open_home) as api:
        yield api


@schema.parametrize()
@FUZZED
def test_with_the_keys_of_a_program(case: Case[Any], api: Api[Home]) -> None:
    checks = CHECKS_OF_BODIES if isinstance(case.body, dict | list) else CHECKS
    call(case, api, checks, api.home.keys)
    # The same once more about somebody who exists: what is made up is nobody's, and most of it ends there.
    if api.home.furnish(case):
        # What was wrong with the request may have been replaced, so it need no longer be refused.
        call(case, api, CHECKS, api.home.keys)


@schema.parametrize()
@FUZZED
def test_without_a_key(case: Case[Any], api: Api[Home]) -> None:
    answer = call(case, api, CHECKS, {})
    is_open = not case.operation.definition.raw["security"]
    if case.method.upper() == case.operation.method.upper() and not is_open:
        assert answer.status_code == 401


@pytest.mark.parametrize("route", REQUESTS)
async def test_what_succeeds_is_as_documented(stripe_shop: tuple[Kiosks, StripeStandIn], route: str) -> None:
    shop, _ = stripe_shop
    world = await open_shop(shop)
    request = prepared(world, route)
    headers = {name: value for scope in shop.keys for name, value in shop.headers(scope).items()}
    answer = await send(shop, request, headers)
    method, path = route.split(" ")
    schema[path][method].Case(path_parameters=places(world)).validate_response(answer, checks=CHECKS)


def test_the_document_that_is_served_is_the_one_that_was_tested(api: Api[Home]) -> None:
    served = httpx2.get(f"{api.url}/docs/sessions/openapi.json").json()
    assert (served["paths"], served["components"]) == (DOCUMENT["paths"], DOCUMENT["components"])
    paths = {route.partition(" ")[2] for route in REQUESTS}
    assert set(DOCUMENT["paths"]) == paths
