"""What the customer endpoints say about themselves in the OpenAPI document."""

from regulars.contracts.loyaltyhub.wire import (
    AddAnswer,
    AddBody,
    ErrorAnswer,
    RegisterAnswer,
    RegisterBody,
    ReplaceAnswer,
    ReplaceBody,
    SyncAnswer,
    SyncQuery,
)
from regulars.http.openapi import Content, Operation


def error(*codes: str) -> Content:
    """A refusal under one of these codes."""
    return Content(" · ".join(f"`{code}`" for code in codes), ErrorAnswer)


KEY_ERRORS: dict[int, Content] = {
    401: error("missing_api_key", "invalid_api_key"),
    403: error("hotel_inactive"),
}
"""What every endpoint may answer to a wrong key."""
BODY_ERROR = error("rest_missing_callback_param", "rest_invalid_param", "rest_invalid_json")

REGISTER = Operation(
    summary="Register a customer",
    description="The home hotel is the one whose key is sent.",
    body=RegisterBody,
    example={
        "name": "Jane Doe",
        "email": "jane@example.com",
        "phone": "07700123456",
        "dob": "1990-05-15",
        "rfid_code": "RFID123456",
    },
    answers={
        201: RegisterAnswer,
        400: BODY_ERROR,
        **KEY_ERRORS,
        409: error("duplicate_email", "duplicate_rfid"),
    },
)
ADD = Operation(
    summary="Add a fob",
    body=AddBody,
    example={"customer_id": 42, "identifier": "NEWRFID789", "label": "Husband's fob"},
    answers={
        201: AddAnswer,
        400: BODY_ERROR,
        **KEY_ERRORS,
        404: error("customer_not_found"),
        409: error("duplicate_rfid"),
    },
)
REPLACE = Operation(
    summary="Replace a fob",
    description="The old code stops working at once. The id and the label stay.",
    body=ReplaceBody,
    example={"customer_id": 42, "identifier_id": 15, "new_identifier": "REPLACEMENT123"},
    answers={
        200: ReplaceAnswer,
        400: BODY_ERROR,
        **KEY_ERRORS,
        404: error("customer_not_found", "identifier_not_found"),
        409: error("duplicate_rfid"),
    },
)
SYNC = Operation(
    summary="List customers for offline use",
    description="All active customers with their fobs, by id, as they are at one moment, however many. An "
    "answer that breaks off is not complete: it ends without `count`. `sync_time` lies a little in the past, "
    "so that changes which are under way are sent the next time; those of the last seconds are sent twice.",
    query=SyncQuery,
    answers={200: SyncAnswer, 400: error("rest_invalid_param"), **KEY_ERRORS},
)
