"""What all contracts are fuzzed by: how many requests are made up, and what every answer has to be."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from schemathesis import BaseSchema, Case
from schemathesis.openapi import from_dict
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.beside import Api, running
from tests.support.listening import Served
from tests.support.postgres import PostgresServer
from tests.support.soak import IS_SOAK, bounded

Home = TypeVar("Home", bound=Served)

AS_DOCUMENTED = [
    status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
"""The document names the answer's status, type, headers and shape."""


def fuzzed(examples: int) -> settings:
    """So many requests for each operation, always the same ones; in a soak hundreds, new ones each time."""
    return settings(
        max_examples=bounded(examples, 300),
        deadline=None,
        derandomize=not IS_SOAK,
        suppress_health_check=list(HealthCheck),
    )


def schema_of(document: dict[str, Any], wrong_method: Mapping[str, Any] | None = None) -> BaseSchema:
    """The schema of a document with every status named: what "default" covers, no client is prepared for.

    `wrong_method` is the response of methods that an address does not answer to, where that is a 405. Which
    key is sent is for the test to decide.
    """
    for path in document["paths"].values():
        for operation in path.values():
            del operation["responses"]["default"]
            if wrong_method is not None:
                operation["responses"].setdefault("405", wrong_method)
    schema = from_dict(document)
    schema.config.generation.update(with_security_parameters=False)
    return schema


def json_of(component: str) -> dict[str, Any]:
    """A response of the shape that a component of the document has."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{component}"}}}
    return {"description": "", "content": content}


@contextmanager
def fuzzed_api(
    postgres: PostgresServer,
    directories: pytest.TempPathFactory,
    opened: Callable[[str, Path], AbstractAsyncContextManager[Home]],
) -> Iterator[Api[Home]]:
    """One application for all operations, of what `opened` opens on a database and in a directory."""
    directory = directories.mktemp("api")
    with (
        postgres.migrated_database() as database_url,
        running(lambda: opened(database_url, directory)) as api,
    ):
        yield api


def furnish(known: Mapping[str, Any], *parts: Any) -> bool:
    """Puts what is there into the parts of a made-up request; tells whether there was room for any.

    What is made up is nobody's, and most of it ends there.
    """
    done = False
    for part in parts:
        found = known.keys() & part.keys() if isinstance(part, dict) else set()
        for name in found:
            part[name] = known[name]
        done |= bool(found)
    return done


def call(case: Case[Any], api: Api[Any], checks: list[Any], headers: dict[str, str]) -> Any:
    """The answer to a request, which has passed the checks. Nobody follows where it points."""
    return case.call_and_validate(base_url=api.url, headers=headers, checks=checks, allow_redirects=False)
