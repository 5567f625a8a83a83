"""What of the shop's news is of before the customer was forgotten, and what customers are recognised by."""

from datetime import datetime

import pytest

from regulars.features.lending.model import BorrowerStatus, Subscription
from regulars.features.lending.rules_forgotten import CustomerKey, is_of_before
from tests.support.lending import utc

FORGOTTEN_AT = utc(2026, 3, 1, 12)
BEFORE, AFTER = utc(2026, 2, 20), utc(2026, 3, 2)
ACTIVE, PAUSED, CANCELLED = BorrowerStatus


@pytest.mark.parametrize(
    ("starts_at", "status", "is_known", "expected"),
    [
        (BEFORE, ACTIVE, False, True),
        (BEFORE, None, False, True),
        (FORGOTTEN_AT, ACTIVE, False, True),
        (AFTER, ACTIVE, False, False),
        (AFTER, None, False, False),
        (AFTER, PAUSED, False, False),
        (AFTER, CANCELLED, False, True),
        (None, ACTIVE, False, True),
        (None, CANCELLED, False, True),
        (BEFORE, ACTIVE, True, True),
        (BEFORE, CANCELLED, True, True),
        (AFTER, ACTIVE, True, False),
        (AFTER, CANCELLED, True, False),
        (None, ACTIVE, True, False),
        (None, CANCELLED, True, False),
    ],
)
def test_news_of_before(
    starts_at: datetime | None, status: BorrowerStatus | None, is_known: bool, expected: bool
) -> None:
    told = Subscription(shopify_customer_id="900", status=status, cycle_starts_at=starts_at)
    assert is_of_before(told, FORGOTTEN_AT, is_known=is_known) is expected


def test_a_customer_has_one_digest_in_each_program_and_under_each_key() -> None:
    key = CustomerKey("a secret key of one server")
    assert key.digest(1, "900") == key.digest(1, " 900 ")
    others = [
        key.digest(2, "900"),
        key.digest(1, "901"),
        CustomerKey("a secret key of another").digest(1, "900"),
    ]
    assert len({key.digest(1, "900"), *others}) == 4
    # Where one number ends and the other begins, the digest knows.
    assert key.digest(1, "1/9") != key.digest(11, "/9")
    assert len(key.digest(1, "900")) == 32
