"""Look-ups that arrive while others are under way go out together as the next one."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class GatheredLookup(Generic[Key, Value]):
    """Many callers who each want one key, in front of a query that answers for many keys at once.

    No timer: who comes alone waits for nobody. Callers wait only while `under_way_max` queries are under
    way, and then the next query asks for all of them.
    """

    def __init__(
        self,
        look_up: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]],
        *,
        under_way_max: int = 2,
        keys_max: int = 500,
    ) -> None:
        """`look_up` is given each key once, and leaves out of its answer what does not exist."""
        self._look_up = look_up
        self._under_way_max = under_way_max
        self._keys_max = keys_max
        self._waiting: deque[tuple[Key, asyncio.Future[Value | None]]] = deque()
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def waiting_count(self) -> int:
        """How many callers wait for a query that has not begun."""
        return len(self._waiting)

    def get(self, key: Key) -> "asyncio.Future[Value | None]":
        """The value, or None when it does not exist, from a query that begins after this call.

        Its error, if it fails, reaches those whose keys it asked for, and nobody else.
        """
        answer: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((key, answer))
        if len(self._under_way) < self._under_way_max:
            # A task begins in the loop's next turn; whoever asks during this one comes along.
            task = asyncio.create_task(self._work())
            self._under_way.add(task)
        return answer

    async def _work(self) -> None:
        """Asks for those who wait until nobody does."""
        task = asyncio.current_task()
        assert task is not None
        try:
            while self._waiting:
                await self._ask(self._next())
        finally:
            # Here, and not once the task is done: those who come in between would wait for nobody's query.
            self._under_way.remove(task)

    def _next(self) -> "list[tuple[Key, asyncio.Future[Value | None]]]":
        """The oldest who still wait. Nobody asks for those who have hung up."""
        asking: list[tuple[Key, asyncio.Future[Value | None]]] = []
        while self._waiting and len(asking) < self._keys_max:
            waiting = self._waiting.popleft()
            if not waiting[1].done():
                asking.append(waiting)
        return asking

    async def _ask(self, asking: "list[tuple[Key, asyncio.Future[Value | None]]]") -> None:
        if not asking:
            return
        try:
            found = await self._look_up(list(dict.fromkeys(key for key, _ in asking)))
        except Exception as error:
            for _, answer in asking:
                if not answer.done():
                    answer.set_exception(error)
            return
        for key, answer in asking:
            if not answer.done():
                answer.set_result(found.get(key))
