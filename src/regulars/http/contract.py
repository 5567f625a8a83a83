"""A published contract as the HTTP layer sees it: its routes, its credentials, its error table."""

from collections.abc import Callable, Sequence

import msgspec
from litestar.handlers import HTTPRouteHandler

from regulars.http.access import Presentation
from regulars.http.answers import Answer
from regulars.http.failures import Failure

ErrorTable = Callable[[Failure], Answer]
"""Puts a failure into the contract's envelope. It must know every `FailureKind`."""


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the application needs in order to serve a contract.

    `name` is its folder, its label in metrics and its address in the documentation. Unknown addresses
    below one of `paths` are answered by its error table; of several contracts the longest path wins.
    Credentials are looked for in the order of `presentations`, the first one found counts. `error_body`
    is the struct of its error envelope, for the documentation.
    """

    name: str
    title: str
    description: str
    handlers: Sequence[HTTPRouteHandler]
    paths: tuple[str, ...]
    errors: ErrorTable
    error_body: type
    presentations: tuple[Presentation, ...] = ()
    version: str = "1.0"
    error_media_type: str = "application/json"


def contract_at(path: str, contracts: Sequence[Contract]) -> Contract | None:
    """The contract that answers for an address which leads nowhere, or None when it is nobody's."""
    candidates = (
        (len(prefix), contract)
        for contract in contracts
        for prefix in contract.paths
        if path == prefix or path.startswith(prefix.rstrip("/") + "/")
    )
    return max(candidates, key=lambda candidate: candidate[0], default=(0, None))[1]
