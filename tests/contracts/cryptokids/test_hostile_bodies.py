"""Whatever a caller sends, the answer is the endpoint's own refusal: never a 5xx, never a row."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.family import Family, refused

FIRST_ERRORS = {
    "/ck/earn": "INVALID_AMOUNT",
    "/ck/redeem": "INVALID_AMOUNT",
    "/ck/adjust": "INVALID_DELTA",
    "/ck/refund": "INVALID_USER",
    "/api/holds": "invalid_payload",
    "/api/earn/scan": "missing_token",
    "/api/earn/quick": "invalid_payload",
    "/api/tokens/earn": "invalid_payload",
    "/api/tokens/give": "invalid_payload",
    "/api/holds/x/approve": "invalid_payload",
}
NOT_BODIES = [
    b"",
    b"   ",
    b"null",
    b"true",
    b"5",
    b'"text"',
    b"[]",
    b"[1, 2]",
    b"{",
    b'{"user_id": "leo"',
    b'{"user_id": "leo",}',
    b"{'user_id': 'leo'}",
    b"\xff\xfe{}",
    b"\x00",
    b'{"user_id": "\xff"}',
    b'{"user_id": "\\ud800"}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b"user_id=leo&amount=5",
]


@pytest.mark.parametrize("raw", NOT_BODIES, ids=range(len(NOT_BODIES)))
async def test_what_is_no_object_is_the_endpoints_first_refusal(home: Family, raw: bytes) -> None:
    for path, error in FIRST_ERRORS.items():
        refused(await home.post(path, raw=raw), 400, error)
    assert await home.rows() == 0


def earning(amount: bytes, rest: bytes = b"") -> bytes:
    return b'{"user_id": "leo", "amount": %s%s}' % (amount, rest)


@pytest.mark.parametrize(
    "raw",
    [
        earning(b"9" * 100_000),
        earning(b"-" + b"9" * 100_000),
        earning(b"1" + b"0" * 400),
        earning(b"1e400"),
        earning(b"1E2"),
        earning(b"5.0"),
        earning(b"0.0000000000000001"),
        earning(b"NaN"),
        earning(b"Infinity"),
        earning(b"-Infinity"),
        earning(b"-0"),
        earning(b"05"),
        earning(b"+5"),
        earning(b"0x5"),
        earning(b'"5"'),
        earning(b"true"),
        earning(b"null"),
        earning(b"[5]"),
        earning(b'{"$gt": 0}'),
        earning(b"5", b', "amount": 6'),
        earning(b"5", b', "user_id": "maya"'),
        earning(b"5", b', "note": "a", "note": "b"'),
    ],
    ids=lambda raw: raw[:60].decode(),
)
async def test_hostile_amounts_and_repeated_names(home: Family, raw: bytes) -> None:
    refused(await home.post("/ck/earn", raw=raw), 400, "INVALID_AMOUNT")
    assert await home.rows() == 0


@pytest.mark.parametrize(
    ("rest", "error"),
    [
        (b', "note": "a\\u0000b"', "EARN_FAILED"),
        (b', "action": "a\\u0000b"', "EARN_FAILED"),
        (b', "idempotency_key": "a\\u0000b"', "EARN_FAILED"),
        (b', "note": {"deep": [1]}', "EARN_FAILED"),
        (b', "note": "\\ud83d"', "INVALID_AMOUNT"),
        (b', "note": "\xc3\x28"', "INVALID_AMOUNT"),
    ],
)
async def test_text_that_cannot_be_stored(home: Family, rest: bytes, error: str) -> None:
    refused(await home.post("/ck/earn", raw=earning(b"5", rest)), 400, error)
    assert await home.rows() == 0


@pytest.mark.parametrize(
    "note",
    [
        "\U0001f600",
        "\u202eevil",
        "<script>alert(1)</script>",
        "=1+1",
        "'; drop table members; --",
        "%s %(x)s",
    ],
)
async def test_odd_notes_are_kept_as_they_are(home: Family, note: str) -> None:
    answer = await home.earn(1, note=note, action=note, idempotency_key=note)
    assert (answer["tx"]["note"], answer["action"], answer["tx"]["idempotency_key"]) == (note, note, note)
    [row] = (await home.get("/api/history", userId="leo")).json()["rows"]
    assert row == answer["tx"]


@pytest.mark.parametrize("size", [2**20 + 1, 2**21])
async def test_a_body_that_is_too_large(home: Family, size: int) -> None:
    raw = earning(b"5", b', "note": "' + b"n" * size + b'"')
    answer = await home.post("/ck/earn", raw=raw)
    assert answer.status_code == 413
    assert answer.json() == {"error": "EARN_FAILED"}


async def test_a_large_body_within_the_limit_is_read(home: Family) -> None:
    answer = await home.earn(5, note="n" * 900_000)
    assert answer["tx"]["note"] == "n" * 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Admin-Actor": b"\xff\xfe\x01"},
        {"User-Agent": b"\xff" * 3000},
        {"User-Agent": ""},
        {"Idempotency-Key": b"\xff\xfe"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data"},
        {"X-Forwarded-For": "1.2.3.4, \x7f"},
    ],
    ids=str,
)
async def test_odd_headers_do_no_harm(home: Family, headers: dict[str, Any]) -> None:
    answer = await home.post("/ck/earn", {"user_id": "leo", "amount": 1}, headers=headers)
    assert answer.status_code == 200
    row = (await home.get("/api/history", userId="leo")).json()["rows"][0]
    assert row == answer.json()["tx"]


_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = [
    "user_id", "userId", "amount", "delta", "note", "notes", "action", "reason", "redeem_tx_id", "token",
    "finalCost", "itemId", "templateId", "templates", "idempotency_key", "count", "id",
]  # fmt: skip
_BODIES = st.dictionaries(st.sampled_from(_NAMES), _VALUES | st.just("leo") | st.just(1), max_size=8)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from([*FIRST_ERRORS, "/api/holds/x/cancel"]), body=_BODIES)
async def test_no_body_leads_to_a_5xx(home: Family, path: str, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode("utf-8", "surrogatepass")
    answer = await home.post(path, raw=raw)
    assert answer.status_code < 500
    assert answer.headers["content-type"] == "application/json"
    assert (answer.status_code >= 400) == ("error" in answer.json())
