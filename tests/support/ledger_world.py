"""A program with members and a ledger on a real database, on a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from uuid import UUID

from regulars.db.database import Connection, Database
from regulars.features.access import actions as access
from regulars.features.ledger import actions as ledger
from regulars.features.ledger.actions import Finding, Ledger
from regulars.features.ledger.model import AccountReference, AccountState, Command, Outcome, Posted
from regulars.features.members import actions as members
from regulars.features.members.model import NewMember
from tests.support.ledger import NOW, ManualClock, declined, posted


class LedgerWorld:
    """What a ledger test works with."""

    def __init__(self, database: Database, database_url: str, program_id: int) -> None:
        self.database = database
        self.database_url = database_url
        self.program_id = program_id
        self.clock = ManualClock()
        self.ledger = Ledger(database, self.clock)

    @classmethod
    async def create(cls, database: Database, database_url: str) -> "LedgerWorld":
        """A world with one program and no members."""
        return cls(database, database_url, await create_program(database, "first"))

    async def accounts(self, number: int, program_id: int | None = None) -> list[AccountReference]:
        """The accounts of new members; nothing was posted to them."""
        new = [NewMember(name="Ann") for _ in range(number)]
        async with self.database.transaction() as connection:
            enrolled = await members.enrol_batch(connection, program_id or self.program_id, new, NOW)
        return [AccountReference(member.member_id) for member in enrolled]

    async def account(self) -> AccountReference:
        """The account of a new member; nothing was posted to it."""
        return (await self.accounts(1))[0]

    async def post(self, *commands: Command, now: datetime | None = None) -> list[Outcome]:
        """The outcomes of the commands, in one batch."""
        return await self.ledger.post_batch(self.program_id, commands, now=now)

    async def do(self, command: Command) -> Posted:
        """The posting of a command that must take effect, in a batch of its own."""
        [outcome] = await self.post(command)
        return posted(outcome)

    async def state(self, account: AccountReference) -> AccountState:
        """The account as it stands now."""
        async with self.database.connection() as connection:
            return await ledger.account_state(connection, self.program_id, account, self.clock())

    async def balance(self, account: AccountReference) -> int:
        """The account's balance."""
        return (await self.state(account)).balance

    async def erase(self, account: AccountReference) -> None:
        """Erases the member as the product does: the person and the accounts in one transaction."""

        async def work(connection: Connection) -> None:
            await members.erase(connection, self.program_id, account.member_id, self.clock())
            await ledger.close_accounts(connection, self.program_id, account.member_id, self.clock())

        await self.database.run(work)

    async def findings(self) -> list[Finding]:
        """What does not add up."""
        async with self.database.connection() as connection:
            return await ledger.verify(connection)

    async def count(self, table: str) -> int:
        """How many rows a table has."""
        async with self.owner() as connection:
            cursor = await connection.execute(f'select count(*) from "{table}"'.encode())
            row = await cursor.fetchone()
        assert row is not None
        return int(row[0])

    async def until_waiting(self, number: int = 1) -> None:
        """Returns when so many connections wait for a lock that another one holds."""
        async with asyncio.timeout(10), self.owner() as connection:
            waiting = 0
            while waiting < number:
                cursor = await connection.execute(
                    "select count(*) from pg_stat_activity"
                    " where wait_event_type = 'Lock' and datname = current_database()"
                )
                row = await cursor.fetchone()
                assert row is not None
                waiting = row[0]
                await asyncio.sleep(0.01)

    @asynccontextmanager
    async def owner(self) -> AsyncIterator[Connection]:
        """A connection that owns the tables, as nobody in the product does while it serves."""
        async with await Connection.connect(self.database_url, autocommit=True) as connection:
            yield connection


async def create_program(database: Database, slug: str) -> int:
    """The id of a new program."""
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug=slug, name=slug.title(), currency="GBP", time_zone="Europe/London", now=NOW
        )
    return program.program_id


def refused(outcomes: Sequence[Outcome]) -> list[str]:
    """The codes of outcomes that must all be refusals."""
    return [str(declined(outcome).refusal.code) for outcome in outcomes]


def transfer_ids(outcomes: Sequence[Outcome]) -> list[UUID]:
    """The transfers of outcomes that must all be postings."""
    return [posted(outcome).transfer.transfer_id for outcome in outcomes]
