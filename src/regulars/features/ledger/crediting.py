"""A bulk earn: one statement where nothing has to be decided, the ledger's usual way for the rest."""

from collections.abc import Sequence

from regulars.base.clock import Clock
from regulars.db.database import Connection
from regulars.db.transactions import BEGIN, COMMIT
from regulars.features.ledger import posting, store_bulk, store_opening
from regulars.features.ledger.model import Declined, Outcome, Posted
from regulars.features.ledger.model_bulk import BulkEarn, BulkEarnRow, BulkOutcome
from regulars.features.ledger.transaction import one_transaction

JUDGED_TOGETHER_MAX = 1_000


async def credit(connection: Connection, program_id: int, bulk: BulkEarn, clock: Clock) -> BulkOutcome:
    """What became of each row, durable when this returns.

    The rows with nothing to decide are one transaction. For those that are left, missing accounts are opened
    and it is tried again; what is left then is posted as the commands that they are, and so are all but the
    first row of one member. Raises as `posting.post`, after which some rows may have been posted.
    """
    plain, others = _first_of_each_member(bulk.rows)
    left = await _credit_plain(connection, program_id, bulk, plain, clock)
    if left:
        await _open_accounts(connection, program_id, bulk, left, clock)
        left = await _credit_plain(connection, program_id, bulk, left, clock)
    return _tallied(bulk, await _post(connection, program_id, bulk, sorted([*left, *others]), clock))


def _first_of_each_member(rows: Sequence[BulkEarnRow]) -> tuple[list[int], list[int]]:
    """The places of the members' first rows, sorted by member, and those of the others."""
    places: dict[str, int] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.member_id.hex, place)
    firsts = [places[member] for member in sorted(places)]
    if len(firsts) == len(rows):
        return firsts, []
    return firsts, sorted(set(range(len(rows))) - set(firsts))


async def _credit_plain(
    connection: Connection, program_id: int, bulk: BulkEarn, places: list[int], clock: Clock
) -> list[int]:
    """The places of the rows that were left out."""
    rows = [bulk.rows[place] for place in places]
    try:
        async with one_transaction(connection) as pipeline:
            pipeline.send(BEGIN)
            left_out = store_bulk.send_credits(pipeline, program_id, bulk, rows, clock())
            pipeline.send(COMMIT)
            await pipeline.flush()
    except posting.RETRYABLE:
        return places
    return [places[place - 1] for (place,) in left_out.rows]


async def _open_accounts(
    connection: Connection, program_id: int, bulk: BulkEarn, places: list[int], clock: Clock
) -> None:
    references = [bulk.command(bulk.rows[place]).account for place in places]
    async with one_transaction(connection) as pipeline:
        pipeline.send(BEGIN)
        await store_opening.open_accounts(pipeline, program_id, references, clock())
        pipeline.send(COMMIT)
        await pipeline.flush()


async def _post(
    connection: Connection, program_id: int, bulk: BulkEarn, places: list[int], clock: Clock
) -> dict[int, Outcome]:
    """The outcomes of single rows by their places."""
    outcomes: list[Outcome] = []
    commands = [bulk.command(bulk.rows[place]) for place in places]
    for start in range(0, len(commands), JUDGED_TOGETHER_MAX):
        together = commands[start : start + JUDGED_TOGETHER_MAX]
        outcomes += await posting.post(connection, program_id, together, clock)
    return dict(zip(places, outcomes, strict=True))


def _tallied(bulk: BulkEarn, judged: dict[int, Outcome]) -> BulkOutcome:
    declined = {place: outcome for place, outcome in judged.items() if isinstance(outcome, Declined)}
    replayed = sum(isinstance(outcome, Posted) and outcome.replayed for outcome in judged.values())
    return BulkOutcome(len(bulk.rows) - replayed - len(declined), replayed, declined)
