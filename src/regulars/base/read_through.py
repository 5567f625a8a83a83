"""A bounded cache in front of a query, in which a crowd that asks for the same thing asks once."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class ReadThrough(Generic[Key, Value]):
    """Remembers what was loaded, each answer for a limited time, the least used forgotten first.

    Loading returns None for what does not exist. Such answers are kept apart, so that asking for a
    million things that do not exist pushes out nothing that does; with an `absent_lifetime_seconds` of
    0 they are not kept at all. An answer's time counts from when the question was asked, so it is
    never older than its lifetime says.
    """

    def __init__(
        self,
        *,
        size_max: int,
        lifetime_seconds: float,
        absent_lifetime_seconds: float = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._size_max = size_max
        self._lifetime_seconds = lifetime_seconds
        self._absent_lifetime_seconds = absent_lifetime_seconds
        self._monotonic = monotonic
        self._present: OrderedDict[Key, tuple[float, Value]] = OrderedDict()
        self._absent: OrderedDict[Key, float] = OrderedDict()
        self._loading: dict[Key, asyncio.Future[Value | None]] = {}

    def cached(self, key: Key) -> Value | None:
        """The remembered value, at once; None when it is not remembered, or known not to exist."""
        entry = self._present.get(key)
        if entry is None or entry[0] <= self._monotonic():
            return None
        self._present.move_to_end(key)
        return entry[1]

    def cached_however_old(self, key: Key) -> Value | None:
        """What was last known to exist, at once, even past its lifetime; None when it is not remembered.

        Only for callers who find out by themselves that it is no longer true, and then `forget` it.
        """
        entry = self._present.get(key)
        if entry is None:
            return None
        self._present.move_to_end(key)
        return entry[1]

    async def get(self, key: Key, load: Callable[[], Awaitable[Value | None]]) -> Value | None:
        """The value, remembered or loaded, or None when it does not exist. Raises what `load` raises.

        `load` must ask for this key; it is not called when somebody else's call is under way.
        """
        value = self.cached(key)
        if value is not None:
            return value
        now = self._monotonic()
        absent_until = self._absent.get(key)
        if absent_until is not None and absent_until > now:
            return None
        loading = self._loading.get(key)
        if loading is None:
            loading = asyncio.ensure_future(load())
            self._loading[key] = loading
            # The first of its callbacks, so that the answer is kept before anybody has it.
            loading.add_done_callback(partial(self._arrived, key, now))
        # One who asked may hang up; the others still wait for the same answer.
        return await asyncio.shield(loading)

    def forget(self, key: Key) -> None:
        """The next one who asks is answered by a question that was put after this call."""
        self._present.pop(key, None)
        self._absent.pop(key, None)
        self._loading.pop(key, None)

    def _arrived(self, key: Key, asked_at: float, loading: "asyncio.Future[Value | None]") -> None:
        # Not after `forget`: what was on its way then may be what was to be forgotten.
        if self._loading.get(key) is not loading:
            return
        del self._loading[key]
        if not loading.cancelled() and loading.exception() is None:
            self._keep(key, loading.result(), asked_at)

    def _keep(self, key: Key, value: Value | None, asked_at: float) -> None:
        if value is not None:
            self._absent.pop(key, None)
            self._present[key] = (asked_at + self._lifetime_seconds, value)
            self._present.move_to_end(key)
            if len(self._present) > self._size_max:
                self._present.popitem(last=False)
            return
        self._present.pop(key, None)
        if self._absent_lifetime_seconds > 0:
            self._absent[key] = asked_at + self._absent_lifetime_seconds
            self._absent.move_to_end(key)
            if len(self._absent) > self._size_max:
                self._absent.popitem(last=False)
