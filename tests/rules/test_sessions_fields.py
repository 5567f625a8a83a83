"""Bodies of the contract: what is missing is named all at once, and before what is wrong."""

import pytest

from regulars.base.refusals import Refused
from regulars.contracts.sessions.errors import published
from regulars.contracts.sessions.fields import parse_fields
from regulars.contracts.sessions.wire import ApplyBody, UpsertBody
from regulars.contracts.sessions.wire_events import EarnBody
from regulars.http.failures import BodyRefused, failure_of


def word_of(raw: bytes, kind: type[UpsertBody] | type[ApplyBody] | type[EarnBody]) -> str:
    """What a body is refused with, or nothing."""
    try:
        parse_fields(raw, kind)
    except (Refused, BodyRefused) as error:
        status, word = published(failure_of(error))
        assert status == 400
        return word
    return ""


BOTH = "phone_raw_and_venue_id_required"


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b'{"phone_raw": "1", "venue_id": "v"}', ""),
        (b'\xef\xbb\xbf{"phone_raw": "1", "venue_id": "v"}', ""),
        (b'{"phone_raw": "1", "venue_id": "v", "device_id": null, "more": [1]}', ""),
        (b"{}", BOTH),
        (b"\xef\xbb\xbf{}", BOTH),
        (b'{"phone_raw": null, "venue_id": null}', BOTH),
        (b'{"phone_raw": "", "venue_id": " "}', BOTH),
        (b'{"phone_raw": "1"}', "venue_id_required"),
        (b'{"venue_id": "v"}', "phone_raw_required"),
        (b'{"venue_id": "v", "phone_raw": "\\t"}', "phone_raw_required"),
        # What is missing comes before what is wrong, wherever they stand.
        (b'{"phone_raw": 5}', "venue_id_required"),
        (b'{"venue_id": 5}', "phone_raw_required"),
        (b'{"device_id": 5}', BOTH),
        (b'{"phone_raw": 5, "venue_id": "v"}', "invalid_phone_raw"),
        (b'{"phone_raw": "1", "venue_id": ["v"]}', "invalid_venue_id"),
        (b'{"phone_raw": "1", "venue_id": "v", "device_id": 5}', "invalid_device_id"),
        (b'{"phone_raw": "\\u0000", "venue_id": "v"}', "invalid_phone_raw"),
        (b'{"phone_raw": 1e999999, "venue_id": "v"}', "invalid_phone_raw"),
        (b'{"phone_raw": "' + b"1" * 201 + b'", "venue_id": "v"}', "invalid_phone_raw"),
        (b"", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"null", "invalid_json"),
        (b'{"phone_raw": "1"', "invalid_json"),
        (b'{"phone_raw": "1", "phone_raw": "2", "venue_id": "v"}', "invalid_json"),
        (b'{"phone_raw": "\xff", "venue_id": "v"}', "invalid_json"),
    ],
)
def test_upsert_bodies(raw: bytes, word: str) -> None:
    assert word_of(raw, UpsertBody) == word


EARN = b'"order_id": "o", "venue_id": "v", "payment_event_id": "e"'


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"{}", "order_id_and_venue_id_and_payment_event_id_and_total_minor_required"),
        (b"{" + EARN + b"}", "total_minor_required"),
        (b"{" + EARN + b', "total_minor": null}', "total_minor_required"),
        (b"{" + EARN + b', "total_minor": 0}', ""),
        (b"{" + EARN + b', "total_minor": -5}', ""),
        (b"{" + EARN + b', "total_minor": "5"}', "invalid_total_minor"),
        (b"{" + EARN + b', "total_minor": 5.0}', "invalid_total_minor"),
        (b"{" + EARN + b', "total_minor": true}', "invalid_total_minor"),
        (b"{" + EARN + b', "total_minor": 9223372036854775808}', "invalid_total_minor"),
        (b"{" + EARN + b', "total_minor": ' + b"9" * 5000 + b"}", "invalid_total_minor"),
        (b"{" + EARN + b', "total_minor": NaN}', "invalid_json"),
        (b"{" + EARN + b', "total_minor": 1, "paid_at": "2026-02-17T09:30:00.000Z"}', ""),
        (b"{" + EARN + b', "total_minor": 1, "paid_at": null, "currency": null}', ""),
        (b"{" + EARN + b', "total_minor": 1, "paid_at": "2026-02-17T09:30:00"}', "invalid_paid_at"),
        (b"{" + EARN + b', "total_minor": 1, "paid_at": "yesterday"}', "invalid_paid_at"),
        (b"{" + EARN + b', "total_minor": 1, "paid_at": 1771322400}', "invalid_paid_at"),
    ],
)
def test_earn_bodies(raw: bytes, word: str) -> None:
    assert word_of(raw, EarnBody) == word


def test_apply_bodies() -> None:
    assert word_of(b"{}", ApplyBody) == "cart_session_id_and_customer_id_and_venue_id_required"
    there = b'{"cart_session_id": "c", "customer_id": "x", "venue_id": "v", "reward_count": '
    assert word_of(there + b"null}", ApplyBody) == ""
    assert word_of(there + b'"1"}', ApplyBody) == "invalid_reward_count"
    assert word_of(there + b"1.5}", ApplyBody) == "invalid_reward_count"
