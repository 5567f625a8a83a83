"""One batch of commands as one transaction: lock and read, decide in order, write, commit.

Two round trips: begin and read; write and commit. A batch that loses a race on a unique key (two workers
remember the same claim) starts again and then finds what the other one wrote.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
import psycopg
from psycopg import errors

from regulars.base.clock import Clock
from regulars.base.ids import id_at, new_id
from regulars.db.database import Connection, DatabaseUnavailable
from regulars.db.pipeline import Pipeline, Statement
from regulars.features.ledger import store_accounts, store_posting
from regulars.features.ledger.booking import moment
from regulars.features.ledger.model import (
    AccountReference,
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

ATTEMPTS_MAX = 5
RETRYABLE = (
    errors.UniqueViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    # Somebody deallocated what the connection had prepared.
    errors.InvalidSqlStatementName,
)

BEGIN, COMMIT = Statement("begin"), Statement("commit")


class NothingSent(DatabaseUnavailable):
    """The database failed before anything could have been committed; the batch may be tried again."""


class FateUnknown(DatabaseUnavailable):
    """The database went away while the commit was under way. It may have happened, so nobody repeats it."""


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


async def post(
    connection: Connection, program_id: int, commands: Sequence[Command], clock: Clock
) -> list[Outcome]:
    """The outcomes of the commands, in their order, durable when this returns.

    `connection` is idle and in autocommit mode. Raises `NothingSent` when the database failed early enough
    for a safe repetition, `FateUnknown` when nobody can tell whether it committed, and the driver's own error
    for a statement that the database refused, after which nothing was committed.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        try:
            return await _transact(connection, program_id, commands, clock)
        except RETRYABLE:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable")


async def settle_account(
    connection: Connection, program_id: int, reference: AccountReference, clock: Clock
) -> None:
    """Takes the lapsed holds of one account off its books, each with a transfer that says so."""
    await _transact(connection, program_id, [], clock, also=[reference])


async def _transact(
    connection: Connection,
    program_id: int,
    commands: Sequence[Command],
    clock: Clock,
    also: Sequence[AccountReference] = (),
) -> list[Outcome]:
    references = list({command.account: None for command in commands}) or list(also)
    pipeline = Pipeline(connection)
    try:
        state, now = await _read(pipeline, program_id, references, commands, clock)
        outcomes, writes = fold(commands, state, now)
        _write(pipeline, program_id, writes)
        pipeline.send(COMMIT)
        await pipeline.flush()
    except BaseException as error:
        lost = _is_lost(connection, error)
        await _roll_back(connection, lost=lost)
        if lost:
            raise FateUnknown(str(error)) from error
        raise
    return outcomes


def _is_lost(connection: Connection, error: BaseException) -> bool:
    """Whether the server hung up, instead of refusing a statement.

    It may do so right after it committed, and its farewell can arrive while the socket still looks alive.
    """
    if not isinstance(error, psycopg.OperationalError):
        return False
    said_by_server = error.sqlstate is not None and error.diag.severity_nonlocalized == "ERROR"
    return connection.closed or not said_by_server


async def _roll_back(connection: Connection, *, lost: bool) -> None:
    """Leaves a connection that is idle or closed."""
    try:
        if not lost and not connection.closed:
            await connection.rollback()
            return
    except psycopg.OperationalError:
        pass
    await connection.close()


async def _read(
    pipeline: Pipeline,
    program_id: int,
    references: Sequence[AccountReference],
    commands: Sequence[Command],
    clock: Clock,
) -> tuple[store_accounts.BatchState, datetime]:
    """What the batch decides on, and the moment it decides, which is after its locks were granted."""
    claims = [command.claim for command in commands if command.claim is not None]
    redeem_ids = [command.redeem_id for command in commands if isinstance(command, Refund)]
    try:
        pipeline.send(BEGIN)
        state = await store_accounts.read_batch(pipeline, program_id, references, claims, redeem_ids)
        now = clock()
        missing = [reference for reference in references if reference not in state.accounts]
        if missing:
            state.accounts.update(await _open(pipeline, program_id, missing, now))
    except RETRYABLE:
        raise
    except psycopg.OperationalError as error:
        raise NothingSent(str(error)) from error
    return state, now


async def _open(
    pipeline: Pipeline,
    program_id: int,
    missing: Sequence[AccountReference],
    now: datetime,
) -> dict[AccountReference, AccountState]:
    """The missing accounts: opened here, or by somebody else meanwhile, or closed for want of a member."""
    opened = await store_accounts.open_accounts(pipeline, program_id, missing, now)
    others = [reference for reference in missing if reference not in opened]
    if others:
        found = (await store_accounts.read_batch(pipeline, program_id, others, [], [])).accounts
        for reference in others:
            nobody = AccountState(account_id=new_id(), reference=reference, closed=True)
            opened[reference] = found.get(reference, nobody)
    return opened


def _write(pipeline: Pipeline, program_id: int, writes: Writes) -> None:
    if not writes.transfers and not writes.claims:
        return
    store_posting.write_batch(
        pipeline,
        program_id,
        transfers=writes.transfers,
        accounts=writes.accounts.values(),
        claims=writes.claims,
        holds=writes.holds.values(),
        redemptions=writes.redemptions.values(),
    )


def fold(
    commands: Sequence[Command], state: store_accounts.BatchState, now: datetime
) -> tuple[list[Outcome], Writes]:
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


def _decide(command: Command, state: store_accounts.BatchState, now: datetime, writes: Writes) -> Outcome:
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
    state: store_accounts.BatchState,
    now: datetime,
    writes: Writes,
) -> None:
    claim = command.claim
    assert claim is not None
    if isinstance(outcome, Declined) and outcome.refusal.code not in REMEMBERED:
        return
    transfer = outcome.transfer if isinstance(outcome, Posted) else None
    refusal = outcome.refusal if isinstance(outcome, Declined) else None
    state.remembered[claim.scope, claim.key] = Remembered(claim.fingerprint, transfer, refusal)
    transfer_id = transfer.transfer_id if transfer is not None else None
    fingerprint = "\\x" + claim.fingerprint.hex()
    writes.claims.append(
        store_posting.ClaimRow(claim.scope, claim.key, fingerprint, transfer_id, refusal, now)
    )
