"""What a batch's commands do one after another, each on what the ones before it left behind. Pure."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from regulars.base.ids import id_at
from regulars.features.ledger import store_posting
from regulars.features.ledger.booking import moment
from regulars.features.ledger.model import (
    AccountState,
    Command,
    Declined,
    Hold,
    Outcome,
    Posted,
    Redemption,
    Refund,
    RefundTarget,
    Remembered,
    Stamp,
    Transfer,
)
from regulars.features.ledger.rules import REMEMBERED, decide
from regulars.features.ledger.rules_holds import expire, is_expired
from regulars.features.ledger.store_accounts import BatchState


class Writes(msgspec.Struct):
    """The rows that a batch will write; each account, hold and redemption once, as it ends up."""

    transfers: list[Transfer] = []
    claims: list[store_posting.ClaimRow] = []
    accounts: dict[UUID, AccountState] = {}
    holds: dict[UUID, Hold] = {}
    redemptions: dict[UUID, Redemption] = {}

    def add(self, posted: Posted) -> None:
        """Notes what a posting changes."""
        self.transfers.append(posted.transfer)
        self.accounts[posted.account.account_id] = posted.account
        if posted.hold is not None:
            self.holds[posted.hold.hold_id] = posted.hold
        if posted.redemption is not None:
            self.redemptions[posted.redemption.transfer_id] = posted.redemption


def fold(commands: Sequence[Command], state: BatchState, now: datetime) -> tuple[list[Outcome], Writes]:
    """The outcome of each command, decided in order, each on what the ones before it left behind."""
    writes = Writes()
    for reference, account in state.accounts.items():
        if account.holds:
            state.accounts[reference] = _expire_lapsed(account, now, writes)
    return [_decide(command, state, now, writes) for command in commands], writes


def _stamp(account: AccountState, now: datetime) -> Stamp:
    """The identity of the account's next transfer, which sorts by its time and, within that, its version."""
    return Stamp(id_at(moment(account, now), account.version + 1), now)


def _expire_lapsed(account: AccountState, now: datetime, writes: Writes) -> AccountState:
    for hold in account.holds:
        if is_expired(hold, now):
            posted = expire(account, hold, _stamp(account, now))
            writes.add(posted)
            account = posted.account
    return account


def _decide(command: Command, state: BatchState, now: datetime, writes: Writes) -> Outcome:
    claim = command.claim
    remembered = state.remembered.get((claim.scope, claim.key)) if claim is not None else None
    target = state.targets.get(command.redeem_id) if isinstance(command, Refund) else None
    account = state.accounts[command.account]
    outcome = decide(command, account, remembered, target, _stamp(account, now))
    if isinstance(outcome, Posted) and not outcome.replayed:
        writes.add(outcome)
        state.accounts[command.account] = outcome.account
        if outcome.redemption is not None:
            redemption = outcome.redemption
            state.targets[redemption.transfer_id] = RefundTarget(redemption.account_id, redemption)
    if claim is not None and remembered is None:
        _remember(command, outcome, state, now, writes)
    return outcome


def _remember(
    command: Command,
    outcome: Outcome,
    state: BatchState,
    now: datetime,
    writes: Writes,
) -> None:
    claim = command.claim
    assert claim is not None
    if is_forgotten(outcome):
        return
    transfer = outcome.transfer if isinstance(outcome, Posted) else None
    refusal = outcome.refusal if isinstance(outcome, Declined) else None
    state.remembered[claim.scope, claim.key] = Remembered(claim.fingerprint, transfer, refusal)
    transfer_id = transfer.transfer_id if transfer is not None else None
    fingerprint = "\\x" + claim.fingerprint.hex()
    writes.claims.append(
        store_posting.ClaimRow(claim.scope, claim.key, fingerprint, transfer_id, refusal, now)
    )


def is_forgotten(outcome: Outcome) -> bool:
    """Whether the claim remembers nothing of it."""
    return isinstance(outcome, Declined) and outcome.refusal.code not in REMEMBERED
