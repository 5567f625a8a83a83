"""The promos of each program, answered from memory for at most two seconds."""

from regulars.base.read_through import ReadThrough
from regulars.db.database import Database
from regulars.features.promos import store
from regulars.features.promos.model import PromoBook

PROGRAMS_MAX = 1_000


class PromoCache:
    """Programs' promos, at most `lifetime_seconds` old. What was used of them is never remembered."""

    def __init__(self, database: Database, lifetime_seconds: float = 2) -> None:
        self._database = database
        self._books: ReadThrough[int, PromoBook] = ReadThrough(
            size_max=PROGRAMS_MAX, lifetime_seconds=lifetime_seconds
        )

    def cached(self, program_id: int) -> PromoBook | None:
        """The promos if a recent answer has them, at once; None says nothing: then `await get(…)`."""
        return self._books.cached(program_id)

    async def get(self, program_id: int) -> PromoBook:
        """The program's promos; none for a program that does not exist. Raises DatabaseUnavailable."""
        book = await self._books.get(program_id, lambda: self._load(program_id))
        assert book is not None
        return book

    def forget(self, program_id: int) -> None:
        """The next reader in this process sees what was committed before this call."""
        self._books.forget(program_id)

    async def _load(self, program_id: int) -> PromoBook:
        async with self._database.connection() as connection:
            promos = await store.select_promos(connection, program_id)
        return PromoBook(tuple(promos), {promo.code: promo for promo in promos})
