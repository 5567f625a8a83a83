"""Stores of a program of their own on a running server, which lend over HTTP; and what is in its database."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from itertools import count
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID, uuid4

from psycopg.conninfo import make_conninfo

from regulars.base.clock import utc_now
from regulars.contracts.rejoes.context import STORE_SCOPE
from regulars.db.cluster import Cluster
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.access.model import Program
from regulars.features.lending import actions as lending
from regulars.features.lending import verify
from regulars.features.lending.model import NewBorrower
from regulars.settings_secrets import generated_secret_key
from tests.support.enrolment import keep_events
from tests.support.http_socket import Answer, post_bytes
from tests.support.server_process import ServerProcess
from tests.support.till import Till, at_once, some_name

STORES = 3
_CLIENTS = 8


class Closets:
    """What the stores of a program know, and what its operator sees in the database."""

    def __init__(
        self, server: ServerProcess, database: Database, program: Program, keys: Sequence[str]
    ) -> None:
        self.server = server
        self.database = database
        self.program = program
        self._keys = keys
        self._cards = count(1)

    def request(self, act: str, store: int = 0, /, *, once: str | None = None, **body: Any) -> bytes:
        """A checkout, swap or return as it goes over the wire, of one store or another."""
        if act != "return":
            body.setdefault("storeLocation", f"Store {store}")
        headers = self.headers(store) | {"x-idempotency-key": once or str(uuid4())}
        return post_bytes(f"/loans/{act}", body, headers)

    def headers(self, store: int = 0) -> dict[str, str]:
        """The headers of a store."""
        return {"x-api-key": self._keys[store % STORES]}

    async def at_once(self, requests: Sequence[bytes]) -> list[Answer]:
        """The answers to requests that arrive together, at both workers."""
        return await at_once(self.server, requests)

    async def ok(self, act: str, **body: Any) -> dict[str, Any]:
        """The body of an answer that must be a success."""
        [said] = await self.all_ok([self.request(act, **body)])
        return said

    async def all_ok(self, requests: Sequence[bytes]) -> list[dict[str, Any]]:
        """The bodies of answers that must be successes, asked for by a few clients."""
        said: dict[int, dict[str, Any]] = {}

        async def client(part: int) -> None:
            with closing(Till(self.server)) as till:
                for number in range(part, len(requests), _CLIENTS):
                    answer = await till.ask(requests[number])
                    assert answer.status in (200, 201), answer
                    said[number] = answer.body

        await asyncio.gather(*(client(part) for part in range(min(_CLIENTS, len(requests)))))
        return [said[number] for number in range(len(requests))]

    async def member(self, plan: str = "PREMIUM") -> str:
        """The id of a new member with this plan."""
        new = NewBorrower(card_token=f"CARD-{next(self._cards)}", plan=plan)
        added = await self.database.run(
            lambda connection: lending.add_borrower(connection, self.program, new, utc_now())
        )
        return str(added.borrower.member_id)

    async def photos(self, member_id: str, number: int = 1) -> list[str]:
        """The ids of new photos that were sent for the member, without files behind them."""
        return [
            str(photo_id)
            for (photo_id,) in await self.rows(
                """
                insert into photos (
                    program_id, photo_id, purpose, extension, width, height, size_bytes,
                    thumbnail_size_bytes, owner_id, created_at
                )
                select %(program_id)s, gen_random_uuid(), 'loan', 'jpg', 8, 6, 10, 5, %(member_id)s, %(now)s
                from generate_series(1, %(number)s)
                returning photo_id
                """,
                member_id=UUID(member_id),
                number=number,
                now=utc_now(),
            )
        ]

    async def checkouts(self, member_id: str, number: int, **more: Any) -> list[bytes]:
        """So many checkouts of one member, each with a photo of its own, of all stores in turn."""
        uploads = await self.photos(member_id, number)
        return [
            self.request("checkout", turn, memberId=member_id, uploadIds=[upload], **more)
            for turn, upload in enumerate(uploads)
        ]

    async def loan(self, member_id: str) -> str:
        """The id of a new loan."""
        [upload] = await self.photos(member_id)
        return str((await self.ok("checkout", memberId=member_id, uploadIds=[upload]))["id"])

    async def counts(self, member_id: str) -> tuple[int, int, int, int]:
        """Items and swaps used, what is out, and how many loans are open."""
        [row] = await self.rows(
            """
            select items_used, swaps_used, items_out,
                (select count(*) from loans l where l.member_id = b.member_id and returned_at is null)
            from borrowers b where program_id = %(program_id)s and member_id = %(member_id)s
            """,
            member_id=UUID(member_id),
        )
        return row[0], row[1], row[2], row[3]

    async def rows(self, query: LiteralString, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds."""
        async with self.database.connection() as connection:
            cursor = await connection.execute(query, {"program_id": self.program.program_id, **parameters})
            return await cursor.fetchall()

    async def check(self) -> None:
        """Borrowers, loans and photos agree."""
        async with self.database.connection() as connection:
            assert await verify.verify(connection) == []


def outcomes(answers: Sequence[Answer]) -> dict[tuple[int, str | None], int]:
    """How often each status and each sentence was answered."""
    found: dict[tuple[int, str | None], int] = {}
    for answer in answers:
        said = (answer.status, answer.body.get("message"))
        found[said] = found.get(said, 0) + 1
    return found


@asynccontextmanager
async def open_closets(
    server: ServerProcess, *, seen: Path | None = None, **settings: Any
) -> AsyncIterator[Closets]:
    """Stores on the server, whose database is open beside it; at the end everything agrees.

    `seen` is where its data directory is seen from here, if that is elsewhere.
    """
    directory = seen or server.site.directory
    conninfo = Cluster(directory).conninfo()
    if seen is not None:
        conninfo = make_conninfo(conninfo, host=str(seen / "postgres"))
    database = await Database.open(conninfo)
    slug, now = some_name("closets"), utc_now()
    secret_key = generated_secret_key(directory)
    async with database.transaction() as connection:
        program = await access.create_program(
            connection,
            slug=slug,
            name=slug,
            currency="EUR",
            time_zone="Europe/Dublin",
            settings={f"lending.{name}": value for name, value in settings.items()},
            now=now,
        )
        keys = [
            (
                await access.issue_credential(
                    connection, secret_key, program.program_id, name=slug, scopes={STORE_SCOPE}, now=now
                )
            ).key
            for _ in range(STORES)
        ]
    await keep_events(database, program.program_id)
    closets = Closets(server, database, program, keys)
    try:
        yield closets
        await closets.check()
    finally:
        await database.close()
