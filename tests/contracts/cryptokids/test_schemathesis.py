"""Whatever the document allows to be sent, and whatever it forbids: the answers are those it documents.

In CI the examples are few and always the same; in a soak there are hundreds for each operation, and new ones
each time.
"""

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import msgspec
import pytest
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    missing_required_header,
    negative_data_rejection,
    unsupported_method,
)

from regulars.app import create_application
from regulars.contracts.cryptokids.router import CONTRACT
from regulars.http.openapi import build_document
from regulars.settings import Settings
from tests.support.beside import Api
from tests.support.family import Family, family
from tests.support.family_requests import REQUESTS, prepared
from tests.support.fuzzing import AS_DOCUMENTED, furnish, fuzzed, fuzzed_api, schema_of
from tests.support.postgres import PostgresServer
from tests.support.soak import as_long_as_asked

pytestmark = as_long_as_asked
FUZZED = fuzzed(8)
CHECKS = [not_a_server_error, *AS_DOCUMENTED, unsupported_method]
"""Not among them is that all data of the right form is accepted, for much of it names nobody who exists,
and that a key is asked for, which the table in test_authorisation.py says more exactly."""
CHECKS_OF_BODIES = [*CHECKS, negative_data_rejection, missing_required_header]
"""A query string is only text, and what is no number in it is moved into its range or left out."""
TWINS = {"title": "name", "price": "cost"}

KNOWN = {"user_id": "leo", "userId": "leo", "amount": 1, "delta": 1, "reason": "mis_tap", "dob": "2017-05-14"}
"""What a made-up request is given, so that it has a chance to succeed."""


def document() -> dict[str, Any]:
    """The contract's document, made before there is a server."""
    application = create_application(Settings(mode="development"), contracts=[CONTRACT])
    made = build_document(
        application, [CONTRACT], title="CryptoKids", description="", version="1.0", server_url="/"
    )
    return dict(msgspec.json.decode(made))


DOCUMENT = document()
schema = schema_of(document())
ROUTES = [route for route in REQUESTS if route.partition(" ")[2] in DOCUMENT["paths"]]


@pytest.fixture(scope="module")
def api(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api[Family]]:
    """One application for all operations."""
    with fuzzed_api(postgres, tmp_path_factory, family) as api:
        yield api


@schema.parametrize()
@FUZZED
def test_with_the_admins_key(case: Case[Any], api: Api[Family]) -> None:
    key = {"X-Admin-Key": api.home.keys["admin"]}
    checks = CHECKS if says_something_twice(case.body) else CHECKS_OF_BODIES
    case.call_and_validate(base_url=api.url, headers=key, checks=checks)
    # The same once more about somebody who exists: what is made up is nobody's, and most of it ends there.
    if furnish_with_family(case, api):
        role = {**key, "X-Actor-Role": "admin"}
        # What was wrong with the request may have been replaced, so it need no longer be refused.
        case.call_and_validate(base_url=api.url, headers=role, checks=CHECKS)


@schema.parametrize()
@FUZZED
def test_without_a_key(case: Case[Any], api: Api[Family]) -> None:
    case.call_and_validate(base_url=api.url, checks=CHECKS)


@pytest.mark.parametrize("route", ROUTES)
async def test_what_succeeds_is_as_documented(home: Family, route: str) -> None:
    method, path = route.split(" ")
    request = await prepared(home, route)
    answer = await home.client.request(
        request.method, request.path, json=request.body, headers=home.headers()
    )
    assert answer.status_code in (200, 201)
    names = dict.fromkeys(re.findall(r"{(\w+)}", path), "any")
    schema[path][method].Case(path_parameters=names).validate_response(answer, checks=CHECKS)


def test_the_document_that_is_served_is_the_one_that_was_tested(api: Api[Family]) -> None:
    served = httpx2.get(f"{api.url}/docs/cryptokids/openapi.json").json()
    assert (served["paths"], served["components"]) == (DOCUMENT["paths"], DOCUMENT["components"])


def says_something_twice(body: Any) -> bool:
    """Whether a body holds both spellings of a name, of which one does not count, or there is no body."""
    if not isinstance(body, dict):
        return not isinstance(body, list)
    spelled = [str(TWINS.get(name, name)).replace("_", "").lower() for name in body]
    return len(set(spelled)) < len(spelled)


def furnish_with_family(case: Case[Any], api: Api[Family]) -> bool:
    """Puts ids of the family into a request; tells whether there was room for any."""
    known = KNOWN | {"itemId": api.home.reward_id, "templateId": api.home.template_id}
    return furnish(known, case.body, case.path_parameters, case.query) and case.method != "DELETE"
