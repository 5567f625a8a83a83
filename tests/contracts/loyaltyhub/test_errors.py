"""The error table: every failure of the HTTP layer and every refusal has its published envelope."""

import msgspec
import pytest

from regulars.base.refusals import Refused
from regulars.contracts.loyaltyhub.envelope import errors, refusing_as
from regulars.contracts.loyaltyhub.errors import FAILURES, PARAMETERS, REFUSALS
from regulars.db.database import DatabaseUnavailable
from regulars.http.failures import FailureKind, Problem, failure, failure_of
from tests.support.hotels import Hotels, refused

PUBLISHED = {
    (403, "hotel_inactive", "Hotel is inactive"),
    (404, "customer_not_found", "Customer not found"),
    (404, "identifier_not_found", "RFID fob not found for this customer"),
    (409, "duplicate_email", "A customer with this email already exists"),
    (409, "duplicate_rfid", "This RFID code is already registered"),
    (409, "duplicate_rfid", "This RFID code is already registered to another customer"),
}
STATUSES = {
    FailureKind.ROUTE_UNKNOWN: (404, "rest_no_route"),
    FailureKind.METHOD_NOT_ALLOWED: (404, "rest_no_route"),
    FailureKind.REQUEST_INVALID: (400, "rest_invalid_request"),
    FailureKind.CREDENTIAL_MISSING: (401, "missing_api_key"),
    FailureKind.CREDENTIAL_INVALID: (401, "invalid_api_key"),
    FailureKind.ACCESS_DENIED: (401, "invalid_api_key"),
    FailureKind.INPUT_REFUSED: (400, "rest_invalid_json"),
    FailureKind.BODY_TOO_LARGE: (413, "rest_request_too_large"),
    FailureKind.BODY_TOO_SLOW: (408, "rest_request_timeout"),
    FailureKind.REFUSED: (400, "rest_invalid_request"),
    FailureKind.UNAVAILABLE: (503, "service_unavailable"),
    FailureKind.UNEXPECTED: (500, "internal_server_error"),
}


def test_the_published_refusals_are_in_the_table() -> None:
    assert set(REFUSALS.values()) >= PUBLISHED


@pytest.mark.parametrize("kind", FailureKind)
def test_every_failure_has_its_envelope(kind: FailureKind) -> None:
    assert set(FAILURES) == set(FailureKind) == set(STATUSES)
    answer = errors(failure(kind))
    body = msgspec.json.decode(answer.body)
    assert list(body) == ["code", "message", "data"]
    assert (answer.status, body["code"]) == STATUSES[kind]
    assert body["data"] == {"status": answer.status}
    assert body["message"]


@pytest.mark.parametrize(
    ("refused", "status", "code", "message"),
    [
        (Refused("hotel_inactive"), 403, "hotel_inactive", "Hotel is inactive"),
        (Refused("member_not_found"), 404, "customer_not_found", "Customer not found"),
        (Refused("identifier_taken", kind="email"), 409, "duplicate_email", None),
        (Refused("identifier_taken", kind="rfid"), 409, "duplicate_rfid", None),
        (Refused("identifier_taken", kind="qr"), 400, "rest_invalid_request", None),
        (Refused("invalid_identifier", kind="rfid"), 400, "rest_invalid_param", None),
        (Refused("something unforeseen"), 400, "rest_invalid_request", None),
    ],
    ids=lambda value: getattr(value, "code", None),
)  # fmt: skip
def test_refusals_of_features(refused: Refused, status: int, code: str, message: str | None) -> None:
    answer = errors(failure_of(refused))
    body = msgspec.json.decode(answer.body)
    assert (answer.status, body["code"], body["message"]) == (status, code, message or body["message"])


@pytest.mark.parametrize("refusal", PARAMETERS)
def test_refusals_of_a_field_name_it(refusal: str) -> None:
    body = msgspec.json.decode(errors(failure_of(Refused(refusal))).body)
    assert (body["code"], body["data"]) == ("rest_invalid_param", {"status": 400})
    assert body["message"] == f"Invalid parameter(s): {PARAMETERS[refusal]}"


@pytest.mark.parametrize(
    ("problem", "code", "message"),
    [
        (Problem.MISSING, "rest_missing_callback_param", "Missing parameter(s): name"),
        (Problem.WRONG_TYPE, "rest_invalid_param", "Invalid parameter(s): name"),
    ],
)
def test_fields_are_named(problem: Problem, code: str, message: str) -> None:
    answer = errors(failure(FailureKind.INPUT_REFUSED, field="name", problem=problem))
    body = msgspec.json.decode(answer.body)
    assert (answer.status, body["code"], body["message"]) == (400, code, message)


def test_an_endpoint_has_words_of_its_own_for_some_refusals() -> None:
    names = {"identifier_taken.rfid": "replacement_taken"}
    with pytest.raises(Refused, match="replacement_taken"), refusing_as(names):
        raise Refused("identifier_taken", kind="rfid")
    with pytest.raises(Refused, match="identifier_taken"), refusing_as(names):
        raise Refused("identifier_taken", kind="email")


async def test_an_outage_says_when_to_come_back(hub: Hotels, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> None:
        raise DatabaseUnavailable("connection to 10.0.0.7 lost")

    assert (await hub.sync())["count"] == 0
    monkeypatch.setattr(hub.database, "connection", away)
    monkeypatch.setattr(hub.database, "transaction", away)
    for answer in (
        await hub.get("/sync"),
        await hub.get("/sync", limit=5),
        await hub.post("/register", {"name": "J"}),
    ):
        refused(answer, 503, "service_unavailable")
        assert answer.headers["retry-after"] == "1"
        assert "10.0.0.7" not in answer.text


async def test_a_body_that_is_too_large(hub: Hotels) -> None:
    answer = await hub.post("/register", raw=b'{"name": "' + b"n" * 2**20 + b'"}')
    refused(answer, 413, "rest_request_too_large")
