"""One batch of commands as one transaction: lock and read, decide in order, write, commit.

Two round trips: begin and read; write and commit. A batch that loses a race on a unique key (two workers
remember the same claim) starts again and then finds what the other one wrote. A posting by itself lets the
unique key find out whether its claim was made before, which it hardly ever was.
"""

from collections.abc import Sequence

from regulars.base.clock import Clock
from regulars.db.database import Connection
from regulars.db.pipeline import Statement
from regulars.db.transactions import BEGIN, COMMIT, Lost
from regulars.features.ledger import transaction
from regulars.features.ledger.audience import Audience
from regulars.features.ledger.books import Books
from regulars.features.ledger.earning import are_unrelated_earns, earn
from regulars.features.ledger.folding import is_forgotten
from regulars.features.ledger.model import AccountReference, Command, Outcome, Refund
from regulars.features.ledger.transaction import ATTEMPTS_MAX, one_transaction

CROWD_LOCK_SECONDS_MAX = 1
"""How long postings of several callers wait for a row that somebody keeps locked.

They hold up the rows that they have locked already, also for other processes. Whoever wants the row itself
may wait longer, alone.
"""

HURRY = Statement(f"set local lock_timeout = '{CROWD_LOCK_SECONDS_MAX}s'")


class ClaimDecides(Exception):
    """The claim must be looked at first, because the outcome without it is one that no claim remembers."""


RETRYABLE: Lost = (ClaimDecides, *transaction.RETRYABLE)


async def post(
    connection: Connection,
    program_id: int,
    commands: Sequence[Command],
    clock: Clock,
    *,
    of_a_crowd: bool = False,
    audience: Audience | None = None,
) -> list[Outcome]:
    """The outcomes of the commands, in their order, durable when this returns.

    Commands `of_a_crowd` come from callers who know nothing of each other: see CROWD_LOCK_SECONDS_MAX.
    `audience` is asked and told whether somebody is told of the program's transfers.
    `connection` is idle and in autocommit mode. Raises `NothingSent` when the database failed early enough
    for a safe repetition, `FateUnknown` when nobody can tell whether it committed, and the driver's own error
    for a statement that the database refused, after which nothing was committed.
    """
    audience = audience or Audience()
    if len(commands) > 1 and not of_a_crowd:
        return await _post_together(connection, program_id, commands, clock, audience)
    posted: dict[int, Outcome] = {}
    if are_unrelated_earns(commands):
        posted |= await earn(
            connection,
            program_id,
            commands,
            clock,
            lock_seconds_max=CROWD_LOCK_SECONDS_MAX,
            is_told=audience.listens(program_id),
        )
    left = [place for place in range(len(commands)) if place not in posted]
    if left:
        commands_left = [commands[place] for place in left]
        judged = await _post_together(
            connection, program_id, commands_left, clock, audience, hurries=of_a_crowd
        )
        posted |= zip(left, judged, strict=True)
    return [posted[place] for place in range(len(commands))]


async def _post_together(
    connection: Connection,
    program_id: int,
    commands: Sequence[Command],
    clock: Clock,
    audience: Audience,
    *,
    hurries: bool = False,
) -> list[Outcome]:
    """The outcomes of commands that the rules decide, in one transaction."""
    for attempt in range(1, ATTEMPTS_MAX + 1):
        reads_claims = len(commands) > 1 or attempt > 1
        try:
            return await _transact(
                connection, program_id, commands, clock, audience, reads_claims=reads_claims, hurries=hurries
            )
        except RETRYABLE:
            if attempt == ATTEMPTS_MAX:
                raise
    raise AssertionError("unreachable")


async def settle_account(
    connection: Connection, program_id: int, reference: AccountReference, clock: Clock
) -> None:
    """Takes the lapsed holds of one account off its books, each with a transfer that says so."""
    await _transact(connection, program_id, [], clock, Audience(), also=[reference])


async def _transact(
    connection: Connection,
    program_id: int,
    commands: Sequence[Command],
    clock: Clock,
    audience: Audience,
    *,
    reads_claims: bool = True,
    hurries: bool = False,
    also: Sequence[AccountReference] = (),
) -> list[Outcome]:
    references = list({command.account: None for command in commands}) or list(also)
    claims = [command.claim for command in commands if command.claim is not None] if reads_claims else []
    redeem_ids = [command.redeem_id for command in commands if isinstance(command, Refund)]
    async with one_transaction(connection) as pipeline:
        pipeline.send(BEGIN)
        if hurries:
            pipeline.send(HURRY)
        books = await Books.open(
            pipeline, program_id, references, clock, claims=claims, redeem_ids=redeem_ids
        )
        if books.is_told is not None:
            audience.note(program_id, is_told=books.is_told)
        outcomes = [books.decide(command) for command in commands]
        if not reads_claims and any(map(_is_before_claim, commands, outcomes)):
            raise ClaimDecides
        books.send()
        pipeline.send(COMMIT)
        await pipeline.flush()
    return outcomes


def _is_before_claim(command: Command, outcome: Outcome) -> bool:
    """Whether the claim might have led to another outcome, had it been read, and no unique key says so."""
    return command.claim is not None and is_forgotten(outcome)
