"""The hints, as a table: an account and the settings in, what the pages may offer out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from regulars.contracts.cryptokids.hints import hints_for
from regulars.contracts.cryptokids.settings import CryptoKidsSettings, program_settings
from regulars.features.access.model import Program
from regulars.features.ledger.model import AccountReference, AccountState, Hold, HoldStatus, Redemption
from regulars.settings import Settings

NOW = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
DAY = timedelta(days=1)
ACCOUNT = UUID(int=1)


def settings(**stored: Any) -> CryptoKidsSettings:
    named = {f"cryptokids.{name}": value for name, value in stored.items()}
    program = Program(1, "family", "Family", "GBP", "UTC", named)
    return program_settings(program, Settings(mode="development"))


def hold(number: int, amount: int) -> Hold:
    return Hold(UUID(int=number), ACCOUNT, amount, HoldStatus.PENDING, None, None, None, None, NOW, None)


def redeem(number: int, redeemed: int, refunded: int = 0, age: timedelta = DAY) -> Redemption:
    return Redemption(UUID(int=number), ACCOUNT, redeemed, refunded, NOW - age)


def account(balance: int = 0, **more: Any) -> AccountState:
    held = sum(hold.amount for hold in more.get("holds", ()))
    return AccountState(
        account_id=ACCOUNT, reference=AccountReference(UUID(int=2)), balance=balance, held=held, **more
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (account(), {"balance": 0, "can_redeem": False, "max_redeem": 0, "max_redeem_for_reward": 0}),
        (account(7), {"balance": 7, "can_redeem": True, "max_redeem": 7, "max_redeem_for_reward": 7}),
        (
            account(7, holds=(hold(1, 3), hold(2, 2))),
            {"balance": 7, "can_redeem": True, "max_redeem": 2, "max_redeem_for_reward": 2},
        ),
        (
            account(7, holds=(hold(1, 7),)),
            {"balance": 7, "can_redeem": False, "max_redeem": 0, "max_redeem_for_reward": 0},
        ),
        (account(), {"hold_status": "none", "pending_hold_count": 0, "active_hold_id": None}),
        (
            account(7, holds=(hold(1, 3), hold(2, 2)), newest_hold_status=HoldStatus.RELEASED),
            {"hold_status": "pending", "pending_hold_count": 2, "active_hold_id": str(UUID(int=2))},
        ),
        (
            account(newest_hold_id=UUID(int=3), newest_hold_status=HoldStatus.CAPTURED),
            {"hold_status": "redeemed", "pending_hold_count": 0, "active_hold_id": None},
        ),
        (account(newest_hold_status=HoldStatus.RELEASED), {"hold_status": "canceled"}),
        (account(newest_hold_status=HoldStatus.EXPIRED), {"hold_status": "expired"}),
        (account(), {"can_refund": False, "max_refund": 0}),
        (account(redemptions=(redeem(2, 5), redeem(1, 9, 7))), {"can_refund": True, "max_refund": 5}),
        (account(redemptions=(redeem(2, 5), redeem(1, 9))), {"can_refund": True, "max_refund": 9}),
        (account(redemptions=(redeem(1, 5, 5),)), {"can_refund": False, "max_refund": 0}),
    ],
)
def test_hints_follow_the_account(state: AccountState, expected: dict[str, Any]) -> None:
    hints = hints_for(state, settings(), NOW)
    assert {name: getattr(hints, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        ({}, (True, 5, None, True)),
        ({"refunds": False}, (False, 5, None, False)),
        ({"refund_window_days": 1}, (True, 5, 86_400_000, True)),
        ({"refund_window_days": 0}, (False, 0, 0, True)),
        ({"refunds": "false", "refund_window_days": "1"}, (True, 5, None, True)),
    ],
)
def test_hints_follow_the_settings(stored: dict[str, Any], expected: tuple[object, ...]) -> None:
    state = account(redemptions=(redeem(2, 5, age=DAY), redeem(1, 9, age=DAY + timedelta(microseconds=1))))
    if stored.get("refund_window_days") != 1:
        state = account(redemptions=(redeem(2, 5, age=DAY),))
    hints = hints_for(state, settings(**stored), NOW)
    found = (hints.can_refund, hints.max_refund, hints.refund_window_ms, hints.features.refunds)
    assert found == expected


def test_the_newest_fifty_redeems_are_listed() -> None:
    redemptions = tuple(redeem(number, 1) for number in range(64, 0, -1))
    listed = hints_for(account(redemptions=redemptions), settings(), NOW).refundable_redeems
    assert [UUID(redeem.redeemTxId).int for redeem in listed] == list(range(64, 14, -1))
    assert listed[0].at == int((NOW - DAY).timestamp()) * 1000


@pytest.mark.parametrize(
    ("stored", "name", "value"),
    [
        ({}, "token_lifetime_seconds", 120),
        ({"token_lifetime_seconds": 3}, "token_lifetime_seconds", 10),
        ({"token_lifetime_seconds": True}, "token_lifetime_seconds", 120),
        ({}, "refunds_per_hour", 20),
        ({"refunds_per_hour": 0}, "refunds_per_hour", 0),
        ({"refunds_per_hour": -3}, "refunds_per_hour", 0),
        ({"refunds_per_hour": 10**9}, "refunds_per_hour", 1000),
        ({}, "hold_lifetime", None),
        ({"hold_lifetime_seconds": 60}, "hold_lifetime", timedelta(seconds=60)),
        ({"hold_lifetime_seconds": None}, "hold_lifetime", None),
        ({}, "enrol_on_earn", True),
        ({"enrol_on_earn": False}, "enrol_on_earn", False),
        ({}, "keyless", False),
        ({"keyless": "true"}, "keyless", False),
        ({"refund_window_days": 10**9}, "refund_window", timedelta(days=36_500)),
    ],
)
def test_stored_settings_are_typed_and_bounded(stored: dict[str, Any], name: str, value: object) -> None:
    assert getattr(settings(**stored), name) == value


def test_what_the_server_sets_is_the_programs_default() -> None:
    server = Settings(mode="development", feature_refunds=False, ck_refund_window_days=10**9)
    program = Program(1, "family", "Family", "GBP", "UTC", {})
    found = program_settings(program, server)
    assert (found.refunds, found.refund_window) == (False, timedelta(days=36_500))
    stored = {"cryptokids.refunds": True, "cryptokids.refund_window_days": None}
    found = program_settings(Program(1, "family", "Family", "GBP", "UTC", stored), server)
    assert (found.refunds, found.refund_window) == (True, None)
