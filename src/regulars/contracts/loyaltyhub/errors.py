"""The published errors: what every refusal is called on the wire, with which status and sentence.

`REFUSALS` has the refusals of features, `PARAMETERS` and `NAMING_FIELDS` those that are about one field of a
request, `OBJECTIONS` what stands against a promo, and `FAILURES` what the HTTP layer could not let through.
The codes that begin with `rest_` are those of WordPress, on which the published server runs.
"""

from regulars.base.refusals import Refused
from regulars.features.promos.model import Reason
from regulars.http.failures import Failure, FailureKind, Problem

Published = tuple[int, str, str]
"""A status, a code and a message."""

REFUSALS: dict[str, Published] = {
    "hotel_inactive": (403, "hotel_inactive", "Hotel is inactive"),
    "member_not_found": (404, "customer_not_found", "Customer not found"),
    "customer_not_found": (404, "customer_not_found", "Customer not found"),
    "duplicate_ticket": (409, "duplicate_ticket", "Another sale was logged under this ticket"),
    "no_base_discount": (400, "no_base_discount", "There is no discount that this promo could raise"),
    "identifier_not_found": (404, "identifier_not_found", "RFID fob not found for this customer"),
    "identifier_taken.email": (409, "duplicate_email", "A customer with this email already exists"),
    "identifier_taken.rfid": (409, "duplicate_rfid", "This RFID code is already registered"),
    "replacement_taken": (409, "duplicate_rfid", "This RFID code is already registered to another customer"),
}

PARAMETERS: dict[str, str] = {
    "invalid_name": "name",
    "invalid_email": "email",
    "invalid_phone": "phone",
    "invalid_birth_date": "dob",
    "invalid_rfid_code": "rfid_code",
    "invalid_identifier": "identifier",
    "invalid_new_identifier": "new_identifier",
    "invalid_label": "label",
    "invalid_updated_since": "updated_since",
    "invalid_cursor": "cursor",
    "too_many_items": "items",
}
"""Refusals that say which field of the request is wrong."""

NAMING_FIELDS = {"invalid_amount", "invalid_quantity", "invalid_rate", "invalid_text"}
"""Refusals whose own `field` is the wrong one."""

PROMO_INVALID = "promo_invalid"
OBJECTIONS: dict[Reason, str] = {
    Reason.NOT_FOUND: "Promo code not found",
    Reason.NOT_ACTIVE: "This promo code is no longer active",
    Reason.NOT_HERE: "This promo is not valid at this location",
    Reason.NOT_YET: "This promo is not yet active",
    Reason.EXPIRED: "This promo has expired",
    Reason.WRONG_TIME: "This promo is not valid at this time of day",
    Reason.WRONG_DAY: "This promo is not valid today",
    Reason.NEEDS_MEMBERSHIP: "This promo requires membership. Please scan your card first.",
    Reason.BELOW_MINIMUM: "Minimum spend of {minimum} required",
    Reason.USED_UP: "This promo has reached its usage limit",
}
"""What /promos/validate says as it stands, and /promos/apply as a refusal."""

_NO_ROUTE: Published = (404, "rest_no_route", "No route was found matching the URL and request method.")
_INVALID_KEY: Published = (401, "invalid_api_key", "Invalid API key")
_NOT_JSON: Published = (400, "rest_invalid_json", "Invalid JSON body passed.")
_INVALID_REQUEST: Published = (400, "rest_invalid_request", "The request is not valid.")

FAILURES: dict[FailureKind, Published] = {
    FailureKind.ROUTE_UNKNOWN: _NO_ROUTE,
    FailureKind.METHOD_NOT_ALLOWED: _NO_ROUTE,
    FailureKind.REQUEST_INVALID: _INVALID_REQUEST,
    FailureKind.CREDENTIAL_MISSING: (401, "missing_api_key", "Missing API key"),
    FailureKind.CREDENTIAL_INVALID: _INVALID_KEY,
    # A key of another contract is a wrong key here.
    FailureKind.ACCESS_DENIED: _INVALID_KEY,
    FailureKind.INPUT_REFUSED: _NOT_JSON,
    FailureKind.BODY_TOO_LARGE: (413, "rest_request_too_large", "The request is too large."),
    FailureKind.BODY_TOO_SLOW: (408, "rest_request_timeout", "The request did not arrive in time."),
    FailureKind.REFUSED: _INVALID_REQUEST,
    FailureKind.UNAVAILABLE: (
        503, "service_unavailable", "The server cannot do this right now. Try again in a moment.",
    ),
    FailureKind.UNEXPECTED: (500, "internal_server_error", "Something went wrong on the server."),
}  # fmt: skip


def published(failure: Failure) -> Published:
    """What a failure is called on the wire."""
    if failure.kind is FailureKind.REFUSED:
        return _published_refusal(failure)
    if failure.kind is FailureKind.INPUT_REFUSED and failure.field is not None:
        return _wrong_parameter(failure.field, missing=failure.problem is Problem.MISSING)
    return FAILURES[failure.kind]


def name_of(refused: Refused) -> str:
    """The name of a refusal in the table: where it is about a kind of identifier, that too."""
    return _name(refused.code, refused.details.get("kind"))


def objection_message(reason: Reason, minimum: str) -> str:
    """Why a promo cannot be used; `minimum` is what has to be spent, such as £10.00."""
    return OBJECTIONS[reason].format(minimum=minimum)


def _published_refusal(failure: Failure) -> Published:
    code = failure.code or ""
    if code == PROMO_INVALID:
        return 400, code, objection_message(failure.details["reason"], failure.details["minimum"])
    if code in NAMING_FIELDS:
        return _wrong_parameter(failure.details["field"], missing=False)
    if code in PARAMETERS:
        return _wrong_parameter(PARAMETERS[code], missing=False)
    return REFUSALS.get(_name(code, failure.details.get("kind")), FAILURES[FailureKind.REFUSED])


def _wrong_parameter(name: str, *, missing: bool) -> Published:
    if missing:
        return 400, "rest_missing_callback_param", f"Missing parameter(s): {name}"
    return 400, "rest_invalid_param", f"Invalid parameter(s): {name}"


def _name(code: str, kind: str | None) -> str:
    # Which kind of identifier cannot be one is told by the name of the field instead.
    return f"{code}.{kind}" if kind is not None and code == "identifier_taken" else code
