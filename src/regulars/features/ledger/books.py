"""Accounts locked for the rest of a transaction, and what is posted to them there.

Opening the books is one round trip, together with what was sent before it; deciding takes none; what was
decided goes out with the flush that commits. The ledger's own batches work this way, and so does every
feature whose own rows have to change in the same transaction as a balance.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from regulars.base.clock import Clock
from regulars.base.ids import new_id
from regulars.db.pipeline import Pipeline
from regulars.features.ledger import events, store_accounts, store_opening, store_posting
from regulars.features.ledger.folding import Folding
from regulars.features.ledger.model import AccountReference, AccountState, Claim, Command, Outcome
from regulars.features.ledger.transaction import RETRYABLE, NothingSent, OpenedMeanwhile
from regulars.features.webhooks import actions as webhooks


class Books:
    """What one transaction has locked, decided and not yet written."""

    def __init__(self, pipeline: Pipeline, program_id: int, folding: Folding) -> None:
        self._pipeline = pipeline
        self._program_id = program_id
        self._folding = folding

    @classmethod
    async def open(
        cls,
        pipeline: Pipeline,
        program_id: int,
        references: Sequence[AccountReference],
        clock: Clock,
        *,
        claims: Collection[Claim] = (),
        redeem_ids: Collection[UUID] = (),
    ) -> "Books":
        """The books of these accounts, locked in sorted order; flushes what was sent before.

        Commands may have `claims` and refund `redeem_ids` only if they are named here. Missing accounts are
        opened; those of nobody, or of somebody erased, are closed. Raises `NothingSent` when the database
        failed, and the driver's error for what a new transaction would not meet again.
        """
        try:
            state = await store_accounts.read_batch(pipeline, program_id, references, claims, redeem_ids)
            # The moment of decision comes after the locks were granted.
            now = clock()
            missing = [reference for reference in references if reference not in state.accounts]
            if missing:
                state.accounts.update(await _open(pipeline, program_id, missing, now))
        except RETRYABLE:
            raise
        except psycopg.OperationalError as error:
            raise NothingSent(str(error)) from error
        return cls(pipeline, program_id, Folding(state, now))

    @property
    def now(self) -> datetime:
        """The moment of every decision in these books."""
        return self._folding.now

    @property
    def is_told(self) -> bool | None:
        """Whether somebody is told of the program's transfers; None, with new accounts only nobody asked."""
        return self._folding.state.is_told

    def account(self, reference: AccountReference) -> AccountState:
        """The account after what was decided so far, without what lapsed holds had reserved."""
        return self._folding.state.accounts[reference]

    def decide(self, command: Command) -> Outcome:
        """The outcome of the next command; its account has to be one of these."""
        return self._folding.decide(command)

    def send(self) -> None:
        """Sends all that was decided with the pipeline's next flush.

        A claim that somebody else made meanwhile raises `UniqueViolation` there.
        """
        writes = self._folding.writes
        if not writes.transfers and not writes.claims:
            return
        store_posting.write_batch(
            self._pipeline,
            self._program_id,
            transfers=writes.transfers,
            accounts=writes.accounts.values(),
            claims=writes.claims,
            holds=writes.holds.values(),
            redemptions=writes.redemptions.values(),
        )
        if self.is_told is not False and writes.transfers:
            told = events.told(writes.transfers, writes.accounts)
            webhooks.emit(self._pipeline, self._program_id, told, self.now)


async def _open(
    pipeline: Pipeline,
    program_id: int,
    missing: Sequence[AccountReference],
    now: datetime,
) -> dict[AccountReference, AccountState]:
    """The missing accounts: opened here, or closed for want of a member.

    Raises OpenedMeanwhile when somebody else opened one meanwhile: locked only now, it would come after
    accounts that sort behind it, and two transactions would wait for each other.
    """
    opened = await store_opening.open_accounts(pipeline, program_id, missing, now)
    others = [reference for reference in missing if reference not in opened]
    if others:
        if await store_opening.is_any_there(pipeline, program_id, others):
            raise OpenedMeanwhile
        for reference in others:
            opened[reference] = AccountState(account_id=new_id(), reference=reference, closed=True)
    return opened
