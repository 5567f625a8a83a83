"""Rewards whose credit was spent count as paid: the oldest first, because credit is spent as it came."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from regulars.base.clock import Clock
from regulars.db.database import Connection, Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.access.actions import list_programs
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.model import AccountReference
from regulars.features.referrals import rules, store_maturing
from regulars.features.referrals.returning import credit_asset

CHUNK = 1_000
_FIRST = (UUID(int=0), "")


async def note_spent(database: Database, clock: Clock, chunk: int = CHUNK) -> int:
    """How many rewards have become paid, in all programs. May be stopped at any point."""
    async with database.connection() as connection:
        programs = await list_programs(connection)
    return sum([await _note_of(database, program.program_id, clock, chunk) for program in programs])


async def _note_of(database: Database, program_id: int, clock: Clock, chunk: int) -> int:
    paid, after = 0, _FIRST
    while True:
        async with database.connection() as connection:
            pipeline = Pipeline(connection)
            sent = store_maturing.send_owners(pipeline, program_id, after, chunk)
            await pipeline.flush()
            owners: list[tuple[UUID, str]] = [(owner, currency) for owner, currency in sent.rows]
            for currency in sorted({currency for _, currency in owners}):
                some = [owner for owner, of_currency in owners if of_currency == currency]
                paid += await _note(connection, program_id, some, currency, clock())
        if len(owners) < chunk:
            return paid
        after = owners[-1]


async def _note(
    connection: Connection, program_id: int, owner_ids: Sequence[UUID], currency: str, now: datetime
) -> int:
    async def work(pipeline: Pipeline) -> int:
        spent = await _spent(pipeline, program_id, owner_ids, currency, now)
        store_maturing.send_paid(pipeline, program_id, spent, now)
        return len(spent)

    return await transact(connection, work)


async def _spent(
    pipeline: Pipeline, program_id: int, owner_ids: Sequence[UUID], currency: str, now: datetime
) -> list[str]:
    """The orders whose rewards were spent whole; they are locked."""
    unspent = store_maturing.send_lock_unspent(pipeline, program_id, owner_ids, currency)
    await pipeline.flush()
    references = [AccountReference(owner_id, credit_asset(currency)) for owner_id in owner_ids]
    # Asked for only now: what becomes payable meanwhile is none of these, and leaves them unspent.
    states = ledger.send_account_states(pipeline, program_id, references)
    await pipeline.flush()
    accounts = states.at(now)
    spent: list[str] = []
    for owner_id, rows in groupby(unspent.rows, key=lambda row: row[1]):
        rewards = list(rows)
        balance = accounts[AccountReference(owner_id, credit_asset(currency))].balance
        count = rules.spent_count(balance, [amount for _, _, amount in rewards])
        spent += [order_id for order_id, _, _ in rewards[:count]]
    return spent
