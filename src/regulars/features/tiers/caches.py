"""What programs have set about tiers, answered from memory for at most two seconds."""

import time
from collections.abc import Callable

from regulars.base.read_through import ReadThrough
from regulars.db.database import Database
from regulars.features.tiers.loading import load_book
from regulars.features.tiers.model import TierBook

BOOKS_MAX = 1_000


class TierBookCache:
    """Books of programs, at most `lifetime_seconds` old."""

    def __init__(
        self,
        database: Database,
        lifetime_seconds: float = 2,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._books: ReadThrough[int, TierBook] = ReadThrough(
            size_max=BOOKS_MAX, lifetime_seconds=lifetime_seconds, monotonic=monotonic
        )

    def cached(self, program_id: int) -> TierBook | None:
        """The book if a recent answer has it, at once; None says nothing: then `await get(…)`."""
        return self._books.cached(program_id)

    async def get(self, program_id: int) -> TierBook:
        """The book, empty for a program that has set nothing. Raises DatabaseUnavailable."""
        book = await self._books.get(program_id, lambda: self._load(program_id))
        assert book is not None
        return book

    def forget(self, program_id: int) -> None:
        """The next reader in this process sees what was committed before this call."""
        self._books.forget(program_id)

    async def _load(self, program_id: int) -> TierBook | None:
        async with self._database.connection() as connection:
            return await load_book(connection, program_id)
