"""What a batch's commands do one after another, each on what the ones before it left behind. Pure."""

from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

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
    Transfer,
)
from regulars.features.ledger.model_deciding import RefundTarget, Remembered, Stamp
from regulars.features.ledger.rules import REMEMBERED, decide
from regulars.features.ledger.rules_clawback import collect, owes_what_it_has
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


class Folding:
    """Commands decided one by one, each on what those before it left behind; `writes` is what comes of it."""

    def __init__(self, state: BatchState, now: datetime) -> None:
        self.state = state
        self.now = now
        self.writes = Writes()
        for reference, account in state.accounts.items():
            if account.holds:
                state.accounts[reference] = _expire_lapsed(account, now, self.writes)

    def decide(self, command: Command) -> Outcome:
        """The outcome of the next command."""
        return _decide(command, self.state, self.now, self.writes)


def _stamp(account: AccountState, now: datetime) -> Stamp:
    """The identity of the account's next transfer, which sorts by its time and, within that, its version."""
    return Stamp(id_at(moment(account, now), account.version + 1), now)


def _expire_lapsed(account: AccountState, now: datetime, writes: Writes) -> AccountState:
    for hold in account.holds:
        if is_expired(hold, now):
            posted = expire(account, hold, _stamp(account, now))
            posted = _collect(posted, now, writes)
            account = posted.account
    return account


def _collect(posted: Posted, now: datetime, writes: Writes) -> Posted:
    """The posting, noted, with the account as it is once what became available has paid what is owed."""
    writes.add(posted)
    if not owes_what_it_has(posted.account):
        return posted
    collected = collect(posted.account, _stamp(posted.account, now))
    writes.add(collected)
    return replace(posted, account=collected.account)


def _decide(command: Command, state: BatchState, now: datetime, writes: Writes) -> Outcome:
    claim = command.claim
    remembered = state.remembered.get((claim.scope, claim.key)) if claim is not None else None
    target = state.targets.get(command.redeem_id) if isinstance(command, Refund) else None
    account = state.accounts[command.account]
    outcome = decide(command, account, remembered, target, _stamp(account, now))
    if isinstance(outcome, Posted) and not outcome.replayed:
        outcome = _collect(outcome, now, writes)
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
