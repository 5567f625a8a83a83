"""One batch of commands as one transaction: lock and read, decide in order, write, commit.

Two round trips: begin and read; write and commit. A batch that loses a race on a unique key (two workers
remember the same claim) starts again and then finds what the other one wrote. A posting by itself lets the
unique key find out whether its claim was made before, which it hardly ever was.
"""

from collections.abc import Sequence
from datetime import datetime

import psycopg
from psycopg import errors

from regulars.base.clock import Clock
from regulars.base.ids import new_id
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Statement
from regulars.db.transactions import BEGIN, COMMIT
from regulars.features.ledger import store_accounts, store_posting
from regulars.features.ledger.folding import Writes, fold, is_forgotten
from regulars.features.ledger.model import (
    AccountReference,
    AccountState,
    Claim,
    Command,
    Outcome,
    Refund,
)
from regulars.features.ledger.transaction import NothingSent, one_transaction

ATTEMPTS_MAX = 5

CROWD_LOCK_SECONDS_MAX = 1
"""How long postings of several callers wait for a row that somebody keeps locked.

They hold up the rows that they have locked already, also for other processes. Whoever wants the row itself
may wait longer, alone.
"""

HURRY = Statement(f"set local lock_timeout = '{CROWD_LOCK_SECONDS_MAX}s'")


class ClaimDecides(Exception):
    """The claim must be looked at first, because the outcome without it is one that no claim remembers."""


RETRYABLE = (
    ClaimDecides,
    errors.UniqueViolation,
    errors.SerializationFailure,
    errors.DeadlockDetected,
    # Somebody deallocated what the connection had prepared.
    errors.InvalidSqlStatementName,
)


async def post(
    connection: Connection,
    program_id: int,
    commands: Sequence[Command],
    clock: Clock,
    *,
    of_a_crowd: bool = False,
) -> list[Outcome]:
    """The outcomes of the commands, in their order, durable when this returns.

    Commands `of_a_crowd` come from callers who know nothing of each other: see CROWD_LOCK_SECONDS_MAX.
    `connection` is idle and in autocommit mode. Raises `NothingSent` when the database failed early enough
    for a safe repetition, `FateUnknown` when nobody can tell whether it committed, and the driver's own error
    for a statement that the database refused, after which nothing was committed.
    """
    for attempt in range(1, ATTEMPTS_MAX + 1):
        reads_claims = len(commands) > 1 or attempt > 1
        try:
            return await _transact(
                connection, program_id, commands, clock, reads_claims=reads_claims, hurries=of_a_crowd
            )
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
    *,
    reads_claims: bool = True,
    hurries: bool = False,
    also: Sequence[AccountReference] = (),
) -> list[Outcome]:
    references = list({command.account: None for command in commands}) or list(also)
    claims = [command.claim for command in commands if command.claim is not None] if reads_claims else []
    async with one_transaction(connection) as pipeline:
        pipeline.send(BEGIN)
        if hurries:
            pipeline.send(HURRY)
        state, now = await _read(pipeline, program_id, references, claims, commands, clock)
        outcomes, writes = fold(commands, state, now)
        if not reads_claims and any(map(_is_before_claim, commands, outcomes)):
            raise ClaimDecides
        _write(pipeline, program_id, writes)
        pipeline.send(COMMIT)
        await pipeline.flush()
    return outcomes


def _is_before_claim(command: Command, outcome: Outcome) -> bool:
    """Whether the claim might have led to another outcome, had it been read, and no unique key says so."""
    return command.claim is not None and is_forgotten(outcome)


async def _read(
    pipeline: Pipeline,
    program_id: int,
    references: Sequence[AccountReference],
    claims: Sequence[Claim],
    commands: Sequence[Command],
    clock: Clock,
) -> tuple[store_accounts.BatchState, datetime]:
    """What the batch decides on, and the moment it decides, which is after its locks were granted."""
    redeem_ids = [command.redeem_id for command in commands if isinstance(command, Refund)]
    try:
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
