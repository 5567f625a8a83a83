"""Short ways to say what a ledger test is about: commands, accounts as they stand, outcomes."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from regulars.base.ids import new_id
from regulars.features.ledger.model import (
    AccountReference,
    AccountState,
    Adjust,
    Attribution,
    Capture,
    Claim,
    Convert,
    Declined,
    Earn,
    Hold,
    HoldStatus,
    Outcome,
    Posted,
    Redeem,
    Refund,
    RefusalCode,
    Release,
    Reserve,
    TakeBack,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TILL = Attribution(source="till", actor="ann")
MEMBER = AccountReference(UUID(int=1))
ACCOUNT_ID = UUID(int=100)


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **units: float) -> datetime:
        """The time after it went on by `units`, as for a timedelta."""
        self.now += timedelta(**units)
        return self.now


def claim(key: str = "key-1", fingerprint: bytes = b"request", scope: str = "request:1") -> Claim:
    """The claim of a request, unless another scope is given."""
    return Claim(scope, key, fingerprint)


def earn(
    amount: int, account: AccountReference = MEMBER, claim: Claim | None = None, by: Attribution = TILL
) -> Earn:
    """A credit of `amount`."""
    return Earn(account=account, action="earn_manual", attribution=by, claim=claim, amount=amount)


def redeem(
    amount: int, account: AccountReference = MEMBER, claim: Claim | None = None, by: Attribution = TILL
) -> Redeem:
    """A debit of `amount`."""
    return Redeem(account=account, action="spend_manual", attribution=by, claim=claim, amount=amount)


def adjust(
    delta: int, account: AccountReference = MEMBER, claim: Claim | None = None, by: Attribution = TILL
) -> Adjust:
    """A correction by `delta`."""
    return Adjust(account=account, action="adjust", attribution=by, claim=claim, delta=delta)


def convert(
    delta: int, account: AccountReference = MEMBER, claim: Claim | None = None, by: Attribution = TILL
) -> Convert:
    """One half of a conversion."""
    return Convert(account=account, action="convert", attribution=by, claim=claim, delta=delta)


def take_back(
    amount: int, account: AccountReference = MEMBER, claim: Claim | None = None, by: Attribution = TILL
) -> TakeBack:
    """What is to come back, now or later."""
    return TakeBack(account=account, action="clawback", attribution=by, claim=claim, amount=amount)


def refund(
    redeem_id: UUID,
    amount: int,
    account: AccountReference = MEMBER,
    claim: Claim | None = None,
    window: timedelta | None = None,
) -> Refund:
    """A refund of `amount` of a redeem."""
    return Refund(
        account=account, action="refund", attribution=TILL, claim=claim,
        redeem_id=redeem_id, amount=amount, window=window,
    )  # fmt: skip


def reserve(
    amount: int,
    account: AccountReference = MEMBER,
    claim: Claim | None = None,
    *,
    hold_id: UUID | None = None,
    expires_at: datetime | None = None,
    subject: dict[str, Any] | None = None,
    by: Attribution = TILL,
) -> Reserve:
    """A hold of `amount` under a new id, unless one is given."""
    return Reserve(
        account=account, action="spend_hold", attribution=by, claim=claim, amount=amount,
        hold_id=hold_id or new_id(), expires_at=expires_at, subject=subject,
    )  # fmt: skip


def capture(
    hold_id: UUID, amount: int | None = None, account: AccountReference = MEMBER, claim: Claim | None = None
) -> Capture:
    """The capture of a hold, of all of it unless an amount is given."""
    return Capture(
        account=account,
        action="spend_redeemed",
        attribution=TILL,
        claim=claim,
        hold_id=hold_id,
        amount=amount,
    )


def release(hold_id: UUID, account: AccountReference = MEMBER, claim: Claim | None = None) -> Release:
    """The release of a hold."""
    return Release(account=account, action="spend_canceled", attribution=TILL, claim=claim, hold_id=hold_id)


def hold(amount: int, *, hold_id: UUID | None = None, expires_at: datetime | None = None) -> Hold:
    """A pending hold of the account in `standing`."""
    return Hold(
        hold_id=hold_id or new_id(), account_id=ACCOUNT_ID, amount=amount, status=HoldStatus.PENDING,
        captured=None, expires_at=expires_at, subject=None, note=None, created_at=NOW, closed_at=None,
    )  # fmt: skip


def standing(balance: int, *holds: Hold, **fields: Any) -> AccountState:
    """An account with a balance that was earned in one go, and with pending holds."""
    account: dict[str, Any] = {
        "balance": balance, "credited": balance, "held": sum(hold.amount for hold in holds), "holds": holds,
        "version": 1, "exists": True, "updated_at": NOW - timedelta(days=1),
        "newest_hold_id": holds[-1].hold_id if holds else None,
        "newest_hold_status": HoldStatus.PENDING if holds else None,
    }  # fmt: skip
    return AccountState(account_id=ACCOUNT_ID, reference=MEMBER, **(account | fields))


def posted(outcome: Outcome) -> Posted:
    """The outcome, which must be a posting."""
    assert isinstance(outcome, Posted), outcome
    return outcome


def declined(outcome: Outcome, code: RefusalCode | None = None) -> Declined:
    """The outcome, which must be a refusal, and the one that is named."""
    assert isinstance(outcome, Declined), outcome
    assert code is None or outcome.refusal.code is code, outcome.refusal
    return outcome
