"""An order comes back, or an operator has decided: its reward ends, and what was given is taken back."""

from collections.abc import Sequence
from datetime import datetime

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.ledger.actions import Books, transact
from regulars.features.ledger.model import AccountReference, Attribution, Declined, RefusalCode, TakeBack
from regulars.features.referrals import rules, store_conversions
from regulars.features.referrals.model import Conversion, Ending

SOURCE = "referrals"
CLAWBACK = "referral_clawback"


def account_of(conversion: Conversion) -> AccountReference:
    """The owner's store credit in the reward's currency."""
    return AccountReference(conversion.owner_id, credit_asset(conversion.currency))


def credit_asset(currency: str) -> str:
    """The ledger's asset of store credit in a currency, counted in its minor units."""
    return f"credit:{currency}"


async def return_order(
    connection: Connection, program_id: int, order_id: str, ending: Ending, clock: Clock
) -> Conversion:
    """The order after it was refunded or cancelled; told again, it is the same.

    A reward that is held is cancelled; one that was given is taken back in the ledger, and what is spent of
    it is owed. `connection` is idle and in autocommit mode. Raises Refused: order_not_found.
    """

    async def work(pipeline: Pipeline) -> Conversion:
        sent = store_conversions.send_lock(pipeline, program_id, order_id)
        await pipeline.flush()
        before = store_conversions.conversion_in(sent)
        if before is None:
            raise Refused("order_not_found")
        after = rules.give_back(before, ending, clock())
        await save_ended(pipeline, program_id, [(before, after)], clock)
        return after

    return await transact(connection, work)


async def save_ended(
    pipeline: Pipeline, program_id: int, changes: Sequence[tuple[Conversion, Conversion]], clock: Clock
) -> None:
    """Orders, which are locked, after their rewards ended; what is to be taken back of them is."""
    for before, after in changes:
        if after != before:
            store_conversions.send_update(pipeline, program_id, after)
    taken = [after for before, after in changes if after.taken_back and not before.taken_back]
    if taken:
        await _take_back(pipeline, program_id, taken, clock)


async def _take_back(
    pipeline: Pipeline, program_id: int, conversions: Sequence[Conversion], clock: Clock
) -> None:
    references = list(dict.fromkeys(account_of(conversion) for conversion in conversions))
    books = await Books.open(pipeline, program_id, references, clock)
    for conversion in conversions:
        outcome = books.decide(
            TakeBack(
                account=account_of(conversion),
                action=CLAWBACK,
                attribution=about(conversion),
                amount=conversion.reward_amount,
            )
        )
        # Whoever was erased has nothing left that could be taken.
        if isinstance(outcome, Declined) and outcome.refusal.code is not RefusalCode.ACCOUNT_CLOSED:
            raise Refused(str(outcome.refusal.code))
    books.send()


def about(conversion: Conversion) -> Attribution:
    """What the ledger says of a reward's transfers."""
    return Attribution(source=SOURCE, metadata={"order_id": conversion.order_id, "rid": conversion.rid})


def ended(conversion: Conversion, ending: Ending, now: datetime) -> tuple[Conversion, Conversion]:
    """The order as it is, and without its reward."""
    return conversion, rules.end_reward(conversion, ending, now)
