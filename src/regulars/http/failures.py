"""Everything that can go wrong with a request, as values that a contract turns into its own words."""

from enum import StrEnum
from math import ceil
from typing import Any

import msgspec
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException

from regulars.base.refusals import Refused
from regulars.db.database import DatabaseUnavailable
from regulars.http.answers import Header

RETRY_AFTER_SECONDS = 1


class FailureKind(StrEnum):
    """Why a request was not done."""

    ROUTE_UNKNOWN = "route_unknown"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    REQUEST_INVALID = "request_invalid"
    CREDENTIAL_MISSING = "credential_missing"
    CREDENTIAL_INVALID = "credential_invalid"
    ACCESS_DENIED = "access_denied"
    INPUT_REFUSED = "input_refused"
    BODY_TOO_LARGE = "body_too_large"
    BODY_TOO_SLOW = "body_too_slow"
    REFUSED = "refused"
    UNAVAILABLE = "unavailable"
    UNEXPECTED = "unexpected"


class Problem(StrEnum):
    """What is wrong with a body, with a query string, or with one field of them."""

    NOT_JSON = "not_json"
    NOT_OBJECT = "not_object"
    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"


class InputRefused(Exception):
    """A body or a query string that is not what the route declares.

    `field` is the first declared field that is wrong, under its name on the wire, or None when the
    whole is. `path` says where inside it (`items[2].price`). `detail` is a sentence without values.
    """

    def __init__(
        self, field: str | None, kind: Problem, *, path: str | None = None, detail: str = ""
    ) -> None:
        super().__init__(kind, field)
        self.field = field
        self.kind = kind
        self.path = path or field
        self.detail = detail


class BodyRefused(InputRefused):
    """A body that is not what the route declares."""


class QueryRefused(InputRefused):
    """A query string that is not what the route declares."""


class RequestRefused(Exception):
    """A request that is not let through, for the reason `kind`.

    `details` is what the contract's answer needs in order to say why.
    """

    def __init__(self, kind: FailureKind, **details: Any) -> None:
        super().__init__(kind)
        self.kind = kind
        self.details = details


class ClientDisconnected(Exception):
    """The client went away before it had sent its whole request; nobody is left to answer."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """What a contract's error table is given to put into its envelope.

    `status` is what HTTP would say; a contract may answer another one. `message` is a sentence that
    may be shown to anyone. `code` and `details` are those of `Refused`; `field`, `path` and `problem`
    belong to INPUT_REFUSED.
    """

    kind: FailureKind
    status: int
    message: str
    code: str | None = None
    details: dict[str, Any] = {}
    field: str | None = None
    path: str | None = None
    problem: Problem | None = None
    headers: tuple[Header, ...] = ()


_STATUS_AND_MESSAGE: dict[FailureKind, tuple[int, str]] = {
    FailureKind.ROUTE_UNKNOWN: (404, "There is nothing at this address."),
    FailureKind.METHOD_NOT_ALLOWED: (405, "This address does not answer to that method."),
    FailureKind.REQUEST_INVALID: (400, "The request is not valid."),
    FailureKind.CREDENTIAL_MISSING: (401, "A credential is required."),
    FailureKind.CREDENTIAL_INVALID: (401, "The credential is not valid."),
    FailureKind.ACCESS_DENIED: (403, "The credential does not allow this."),
    FailureKind.INPUT_REFUSED: (400, "The request is not valid."),
    FailureKind.BODY_TOO_LARGE: (413, "The body is too large."),
    FailureKind.BODY_TOO_SLOW: (408, "The body did not arrive in time."),
    FailureKind.REFUSED: (400, "The request was refused."),
    FailureKind.UNAVAILABLE: (503, "The server cannot do this right now. Try again in a moment."),
    FailureKind.UNEXPECTED: (500, "Something went wrong on the server."),
}

# What is left of the body would be taken for the next request, so the connection ends here.
_CLOSE: tuple[Header, ...] = ((b"connection", b"close"),)


def failure(kind: FailureKind, **more: Any) -> Failure:
    """A failure with the usual status and message of its kind."""
    status, message = _STATUS_AND_MESSAGE[kind]
    return Failure(**{"kind": kind, "status": status, "message": message, **more})


def failure_of(error: Exception) -> Failure:
    """What `error` means to the caller. What is not known is UNEXPECTED, and says nothing about itself."""
    match error:
        case Refused():
            return failure(FailureKind.REFUSED, code=error.code, details=error.details)
        case InputRefused():
            return _input_failure(error)
        case RequestRefused(kind=FailureKind.UNAVAILABLE):
            return unavailable(RETRY_AFTER_SECONDS)
        case RequestRefused():
            return failure(error.kind, details=error.details)
        case DatabaseUnavailable():
            return unavailable(RETRY_AFTER_SECONDS)
        case NotFoundException():
            return failure(FailureKind.ROUTE_UNKNOWN)
        case MethodNotAllowedException():
            allow = (error.headers or {}).get("allow", "")
            return failure(FailureKind.METHOD_NOT_ALLOWED, headers=((b"allow", allow.encode()),))
        case HTTPException() if error.status_code < 500:
            return failure(FailureKind.REQUEST_INVALID, status=error.status_code)
    return failure(FailureKind.UNEXPECTED)


def unavailable(retry_after_seconds: float) -> Failure:
    """A failure that passes, with the Retry-After header that says when to come back."""
    seconds = max(1, ceil(retry_after_seconds))
    return failure(FailureKind.UNAVAILABLE, headers=((b"retry-after", b"%d" % seconds),))


def _input_failure(error: InputRefused) -> Failure:
    if error.kind is Problem.TOO_LARGE:
        return failure(FailureKind.BODY_TOO_LARGE, problem=error.kind, headers=_CLOSE)
    if error.kind is Problem.TOO_SLOW:
        return failure(FailureKind.BODY_TOO_SLOW, problem=error.kind, headers=_CLOSE)
    more: dict[str, Any] = {"message": error.detail} if error.detail else {}
    return failure(FailureKind.INPUT_REFUSED, field=error.field, path=error.path, problem=error.kind, **more)
