"""What all contracts are fuzzed by: how many requests are made up, and what every answer has to be."""

from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.soak import IS_SOAK, bounded

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
