"""What the pages may offer a member next. Pure: the account's state and the settings in, the hints out."""

from datetime import datetime
from functools import lru_cache

from regulars.contracts.cryptokids.rows import HOLD_STATUSES, milliseconds
from regulars.contracts.cryptokids.settings import CryptoKidsSettings
from regulars.contracts.cryptokids.wire import Features, Hints, RefundableRedeem
from regulars.features.ledger.model import AccountState, Redemption

REFUNDABLE_REDEEMS_MAX = 50
NO_HOLD = "none"


def hints_for(account: AccountState, settings: CryptoKidsSettings, now: datetime) -> Hints:
    """The `hints` of an account (contract's notes, "hints"). A pending hold reserves its points.

    `max_refund` is said whether refunds are switched on or not; `can_refund` heeds the switch.
    """
    available = max(account.available, 0)
    redeems = _refundable(account.redemptions, settings, now) if account.redemptions else []
    max_refund = max(redeem.remaining for redeem in redeems) if redeems else 0
    pending = account.holds
    window = settings.refund_window
    return Hints(
        account.balance,
        available > 0,
        available,
        settings.refunds and max_refund > 0,
        max_refund,
        available,
        "pending" if pending else _newest_status(account),
        len(pending),
        str(pending[-1].hold_id) if pending else None,
        redeems,
        None if window is None else int(window.total_seconds()) * 1000,
        _features(settings.refunds),
    )


def _refundable(
    redemptions: tuple[Redemption, ...], settings: CryptoKidsSettings, now: datetime
) -> list[RefundableRedeem]:
    """The newest 50 redeems inside the window that have something left, newest first."""
    oldest = None if settings.refund_window is None else now - settings.refund_window
    inside = [
        redemption
        for redemption in redemptions
        if redemption.remaining > 0 and (oldest is None or redemption.redeemed_at >= oldest)
    ]
    return [
        RefundableRedeem(
            str(redemption.transfer_id),
            redemption.remaining,
            redemption.redeemed,
            milliseconds(redemption.redeemed_at),
        )
        for redemption in inside[:REFUNDABLE_REDEEMS_MAX]
    ]


def _newest_status(account: AccountState) -> str:
    status = account.newest_hold_status
    return NO_HOLD if status is None else HOLD_STATUSES[status]


@lru_cache(maxsize=2)
def _features(refunds: bool) -> Features:
    return Features(refunds)
