"""What the rest of the product does with the ledger: post, read, tidy, verify."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.base.ids import new_id
from regulars.db.database import Connection, Database
from regulars.db.invariants import Finding
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.ledger import posting, store_accounts, store_lists, store_reading, store_upkeep
from regulars.features.ledger.books import Books
from regulars.features.ledger.group_commit import Ledger
from regulars.features.ledger.model import AccountReference, AccountState, HoldStatus
from regulars.features.ledger.model_lists import HoldRow, PeriodTotals, RedemptionRow
from regulars.features.ledger.recalling import recalled
from regulars.features.ledger.rules_holds import is_expired, settle
from regulars.features.ledger.store_bulk import send_credits
from regulars.features.ledger.store_opening import open_accounts
from regulars.features.ledger.store_reading import (
    balance_at,
    find_transfer,
    list_history,
)
from regulars.features.ledger.store_upkeep import close_accounts, forget_claims
from regulars.features.ledger.transaction import transact
from regulars.features.ledger.verify import verify

__all__ = [
    "Books",
    "Finding",
    "Ledger",
    "account_state",
    "account_states",
    "balance_at",
    "close_accounts",
    "expire_due_holds",
    "find_hold",
    "find_transfer",
    "forget_claims",
    "list_history",
    "list_holds",
    "list_redemptions",
    "open_accounts",
    "period_totals",
    "recalled",
    "send_account_states",
    "send_credits",
    "transact",
    "verify",
]


async def account_state(
    connection: Connection, program_id: int, reference: AccountReference, now: datetime
) -> AccountState:
    """The account as it stands now; at zero, with `exists` false, when nothing was ever posted to it."""
    return (await account_states(connection, program_id, [reference], now))[reference]


async def account_states(
    connection: Connection,
    program_id: int,
    references: Sequence[AccountReference],
    now: datetime,
) -> dict[AccountReference, AccountState]:
    """The accounts as they stand now, without what lapsed holds reserved."""
    return _states(await store_accounts.read_accounts(connection, program_id, references), references, now)


class StatesSent:
    """The question how accounts stand; it has its answer once the pipeline was flushed."""

    def __init__(self, sent: Sent, references: Sequence[AccountReference]) -> None:
        self._sent = sent
        self._references = references

    def at(self, now: datetime) -> dict[AccountReference, AccountState]:
        """The same as `account_states`."""
        return _states(store_accounts.accounts_in(self._sent.rows), self._references, now)


def send_account_states(
    pipeline: Pipeline, program_id: int, references: Sequence[AccountReference]
) -> StatesSent:
    """How the accounts stand, with the next flush."""
    return StatesSent(store_accounts.send_accounts(pipeline, program_id, references), references)


async def find_hold(connection: Connection, program_id: int, hold_id: UUID, now: datetime) -> HoldRow | None:
    """The hold as it stands now: a lapsed one is expired, swept or not."""
    row = await store_lists.find_hold(connection, program_id, hold_id)
    return _as_of(row, now) if row is not None else None


async def list_holds(
    connection: Connection,
    program_id: int,
    *,
    statuses: Sequence[HoldStatus],
    now: datetime,
    limit: int = 500,
    before: UUID | None = None,
    member_id: UUID | None = None,
) -> list[HoldRow]:
    """Holds by status as they stand now, newest first, at most `limit`; `before` continues a list."""
    rows = await store_lists.list_holds(
        connection,
        program_id,
        statuses=statuses,
        now=now,
        limit=limit,
        before=before,
        member_id=member_id,
    )
    return [_as_of(row, now) for row in rows]


async def list_redemptions(
    connection: Connection,
    program_id: int,
    reference: AccountReference,
    *,
    limit: int,
    before: UUID | None = None,
) -> list[RedemptionRow]:
    """Redeems and captures, newest first, at most `limit`, each with its refunds; `before` continues."""
    return await store_lists.list_redemptions(connection, program_id, reference, limit=limit, before=before)


async def period_totals(
    connection: Connection,
    program_id: int,
    reference: AccountReference,
    *,
    since: datetime,
) -> PeriodTotals:
    """What the account earned, redeemed and got refunded since a moment."""
    return await store_reading.period_totals(connection, program_id, reference, since)


async def expire_due_holds(database: Database, clock: Clock, limit: int = 500) -> int:
    """How many lapsed holds were taken off the books. Only tidies: reading ignores them anyway."""
    async with database.connection() as connection:
        due = await store_upkeep.accounts_with_due_holds(connection, clock(), limit)
        for program_id, reference, _ in due:
            await posting.settle_account(connection, program_id, reference, clock)
    return sum(holds for _, _, holds in due)


def _states(
    accounts: Mapping[AccountReference, AccountState], references: Sequence[AccountReference], now: datetime
) -> dict[AccountReference, AccountState]:
    return {
        reference: settle(accounts[reference], now)
        if reference in accounts
        else AccountState(account_id=new_id(), reference=reference)
        for reference in references
    }


def _as_of(row: HoldRow, now: datetime) -> HoldRow:
    if row.hold.status is HoldStatus.PENDING and is_expired(row.hold, now):
        return HoldRow(
            row.member_id,
            replace(row.hold, status=HoldStatus.EXPIRED, closed_at=row.hold.expires_at),
        )
    return row
