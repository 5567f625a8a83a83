"""The ledger in a few lines of plain Python, written from its documentation and not from its code.

It keeps no versions, no times and no texts; it only says what each command has to lead to.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from regulars.features.ledger.model import (
    AccountReference,
    Adjust,
    Capture,
    Command,
    Convert,
    Earn,
    Redeem,
    Refund,
    Release,
    Reserve,
    TakeBack,
)

BALANCE_MAX = 2**53 - 1
FORGOTTEN = {
    "account_closed", "idempotency_conflict", "redeem_not_found", "redeem_of_another_account", "not_a_redeem",
    "refund_window_expired",
}  # fmt: skip

Answer = tuple[str, int]
"""The verb and the amount of a posting, or the code of a refusal and 0."""


class ModelHold(msgspec.Struct):
    """A pending hold."""

    amount: int
    expires_at: datetime | None


class ModelAccount(msgspec.Struct):
    """What one account has."""

    balance: int = 0
    owed: int = 0
    closed: bool = False
    holds: dict[UUID, ModelHold] = {}

    @property
    def available(self) -> int:
        """What may be taken."""
        return max(0, self.unreserved - self.owed)

    @property
    def unreserved(self) -> int:
        """What no hold reserves."""
        return self.balance - sum(hold.amount for hold in self.holds.values())

    def take_back(self, amount: int) -> Answer:
        """Takes what there is and remembers the rest."""
        taken = min(amount, self.unreserved)
        self.balance -= taken
        self.owed += amount - taken
        return "clawback", -taken

    def pay_what_is_owed(self) -> None:
        """Happens whenever the ledger touches the account."""
        paid = min(self.owed, self.unreserved)
        self.balance -= paid
        self.owed -= paid


class ModelRedeem(msgspec.Struct):
    """What may be refunded."""

    account: AccountReference
    remaining: int
    at: datetime


class Model:
    """All accounts of a program."""

    def __init__(self) -> None:
        self.accounts: dict[AccountReference, ModelAccount] = {}
        self.redeems: dict[UUID, ModelRedeem] = {}
        self.others: dict[UUID, AccountReference] = {}
        self.claims: dict[str, tuple[bytes, Answer]] = {}

    def apply(self, command: Command, now: datetime) -> tuple[Answer, bool]:
        """What the command leads to, and whether that is remembered from an earlier one."""
        account = self.accounts.setdefault(command.account, ModelAccount())
        self.lapse(account, now)
        account.pay_what_is_owed()
        wrong = self._refund_refused(command, now) if isinstance(command, Refund) else None
        if wrong:
            return (wrong, 0), False
        claim = command.claim
        if claim is not None and claim.key in self.claims:
            fingerprint, answer = self.claims[claim.key]
            return (
                (answer, True) if fingerprint == claim.fingerprint else (("idempotency_conflict", 0), False)
            )
        answer = ("account_closed", 0) if account.closed else self._decide(command, account)
        account.pay_what_is_owed()
        if claim is not None and answer[0] not in FORGOTTEN:
            self.claims[claim.key] = (claim.fingerprint, answer)
        return answer, False

    def note(self, transfer_id: UUID, account: AccountReference, answer: Answer, now: datetime) -> None:
        """What the ledger called a posting that was made, so that a refund can name it."""
        verb, amount = answer
        if verb in ("redeem", "capture") and amount < 0:
            self.redeems[transfer_id] = ModelRedeem(account, -amount, now)
        else:
            self.others[transfer_id] = account

    def lapse(self, account: ModelAccount, now: datetime) -> None:
        """Holds end by themselves."""
        for hold_id, hold in list(account.holds.items()):
            if hold.expires_at is not None and hold.expires_at <= now:
                del account.holds[hold_id]

    def _refund_refused(self, command: Refund, now: datetime) -> str | None:
        redeem = self.redeems.get(command.redeem_id)
        owner = redeem.account if redeem else self.others.get(command.redeem_id)
        if owner is None:
            return "redeem_not_found"
        if owner != command.account:
            return "redeem_of_another_account"
        if redeem is None:
            return "not_a_redeem"
        if command.window is not None and now - redeem.at > command.window:
            return "refund_window_expired"
        return None

    def _decide(self, command: Command, account: ModelAccount) -> Answer:
        match command:
            case Earn(amount=amount):
                return self._move(account, "earn", amount)
            case Redeem(amount=amount):
                return self._move(account, "redeem", -amount)
            case Adjust(delta=delta) | Convert(delta=delta):
                return self._move(account, "adjust", delta)
            case TakeBack(amount=amount):
                return account.take_back(amount)
            case Reserve(hold_id=hold_id, amount=amount, expires_at=expires_at):
                if len(account.holds) == 100:
                    return "too_many_holds", 0
                if amount > account.available:
                    return "insufficient_funds", 0
                account.holds[hold_id] = ModelHold(amount, expires_at)
                return "reserve", 0
            case Refund(redeem_id=redeem_id, amount=amount):
                return self._refund(account, self.redeems[redeem_id], amount)
            case Capture() | Release():
                return self._end(command, account)
        raise AssertionError(command)

    def _move(self, account: ModelAccount, verb: str, amount: int) -> Answer:
        if -amount > account.available:
            return "insufficient_funds", 0
        if account.balance + amount > BALANCE_MAX:
            return "balance_limit", 0
        account.balance += amount
        return verb, amount

    def _refund(self, account: ModelAccount, redeem: ModelRedeem, amount: int) -> Answer:
        if redeem.remaining == 0:
            return "nothing_to_refund", 0
        if amount > redeem.remaining:
            return "over_refund", 0
        answer = self._move(account, "refund", amount)
        if answer[0] == "refund":
            redeem.remaining -= amount
        return answer

    def _end(self, command: Capture | Release, account: ModelAccount) -> Answer:
        hold = account.holds.get(command.hold_id)
        if hold is None:
            return "hold_not_pending", 0
        taken = 0
        if isinstance(command, Capture):
            taken = hold.amount if command.amount is None else command.amount
            if taken > hold.amount:
                return "capture_exceeds_hold", 0
        del account.holds[command.hold_id]
        account.balance -= taken
        return ("capture" if isinstance(command, Capture) else "release"), -taken
