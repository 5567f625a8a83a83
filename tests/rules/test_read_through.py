import asyncio
from collections.abc import Awaitable, Callable

import pytest

from regulars.base.read_through import ReadThrough


class Source:
    """Answers for a cache: counts how often it is asked, and waits for `gate` when there is one."""

    def __init__(self) -> None:
        self.asked = 0
        self.values: dict[str, int] = {}
        self.gate: asyncio.Event | None = None
        self.failure: Exception | None = None

    def __call__(self, key: str) -> Callable[[], Awaitable[int | None]]:
        async def load() -> int | None:
            self.asked += 1
            value = self.values.get(key)
            if self.gate is not None:
                await self.gate.wait()
            if self.failure is not None:
                raise self.failure
            return value

        return load


class Time:
    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def time() -> Time:
    return Time()


def cache_of(time: Time, size_max: int = 3, absent: float = 2) -> ReadThrough[str, int]:
    return ReadThrough(size_max=size_max, lifetime_seconds=2, absent_lifetime_seconds=absent, monotonic=time)


async def test_an_answer_is_remembered_for_its_lifetime(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    assert cache.cached("a") is None
    assert await cache.get("a", source("a")) == 1
    source.values["a"] = 2
    time.seconds += 1.9
    assert (cache.cached("a"), await cache.get("a", source("a")), source.asked) == (1, 1, 1)
    time.seconds += 0.2
    assert cache.cached("a") is None
    assert (await cache.get("a", source("a")), source.asked) == (2, 2)


async def test_the_lifetime_counts_from_the_question(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    source.gate = asyncio.Event()
    waiting = asyncio.create_task(cache.get("a", source("a")))
    await asyncio.sleep(0.01)
    time.seconds += 3
    source.gate.set()
    assert await waiting == 1
    assert cache.cached("a") is None


async def test_absence_is_remembered_apart(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    await cache.get("a", source("a"))
    for name in "stranger":
        assert await cache.get(name + "?", source(name + "?")) is None
    asked = source.asked
    assert await cache.get("r?", source("r?")) is None
    assert source.asked == asked
    assert cache.cached("a") == 1, "strangers push nobody out"


async def test_absence_may_not_be_remembered_at_all(source: Source, time: Time) -> None:
    cache = cache_of(time, absent=0)
    assert await cache.get("a", source("a")) is None
    source.values["a"] = 1
    assert await cache.get("a", source("a")) == 1


async def test_the_least_used_goes_first(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values = {"a": 1, "b": 2, "c": 3, "d": 4}
    for name in "abc":
        await cache.get(name, source(name))
    assert cache.cached("a") == 1
    await cache.get("d", source("d"))
    assert [cache.cached(name) for name in "abcd"] == [1, None, 3, 4]


async def test_a_crowd_asks_once(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    source.gate = asyncio.Event()
    crowd = [asyncio.create_task(cache.get("a", source("a"))) for _ in range(100)]
    await asyncio.sleep(0.01)
    source.gate.set()
    assert await asyncio.gather(*crowd) == [1] * 100
    assert source.asked == 1


async def test_one_who_hangs_up_takes_nobody_along(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    source.gate = asyncio.Event()
    first, second = (asyncio.create_task(cache.get("a", source("a"))) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    await asyncio.sleep(0.01)
    source.gate.set()
    assert await second == 1
    assert first.cancelled()
    assert source.asked == 1


async def test_a_failure_reaches_all_who_wait_and_is_not_remembered(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.failure = ConnectionError()
    answers = await asyncio.gather(*(cache.get("a", source("a")) for _ in range(3)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [ConnectionError] * 3
    source.failure = None
    source.values["a"] = 1
    assert await cache.get("a", source("a")) == 1


async def test_forgetting_also_drops_an_answer_on_its_way(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    source.gate = asyncio.Event()
    early = asyncio.create_task(cache.get("a", source("a")))
    await asyncio.sleep(0.01)
    source.values["a"] = 2
    cache.forget("a")
    late = asyncio.create_task(cache.get("a", source("a")))
    await asyncio.sleep(0.01)
    source.gate.set()
    assert (await early, await late) == (1, 2)
    assert cache.cached("a") == 2


async def test_an_old_answer_is_there_for_those_who_find_out_by_themselves(
    source: Source, time: Time
) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    assert cache.cached_however_old("a") is None
    await cache.get("a", source("a"))
    time.seconds += 1_000_000
    assert (cache.cached("a"), cache.cached_however_old("a")) == (None, 1)
    source.values["a"] = 2
    assert (await cache.get("a", source("a")), cache.cached_however_old("a")) == (2, 2)
    del source.values["a"]
    time.seconds += 3
    await cache.get("a", source("a"))
    assert cache.cached_however_old("a") is None, "what is known to be gone is not remembered"


async def test_a_forgotten_answer_is_not_there_however_old(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values["a"] = 1
    await cache.get("a", source("a"))
    cache.forget("a")
    assert cache.cached_however_old("a") is None


async def test_an_old_answer_that_is_used_is_not_the_first_to_go(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.values = {"a": 1, "b": 2, "c": 3, "d": 4}
    for name in "abc":
        await cache.get(name, source(name))
    time.seconds += 3
    cache.cached_however_old("a")
    await cache.get("d", source("d"))
    assert [cache.cached_however_old(name) for name in "abcd"] == [1, None, 3, 4]


async def test_an_answer_that_arrives_is_kept_before_anybody_has_it(time: Time) -> None:
    cache = cache_of(time)
    answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(cache.get("a", lambda: answer))
    await asyncio.sleep(0)
    answer.set_result(1)
    assert await waiting == 1
    assert cache.cached("a") == 1


async def test_a_load_that_was_given_up_is_asked_again(source: Source, time: Time) -> None:
    cache = cache_of(time)
    answer: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(cache.get("a", lambda: answer))
    await asyncio.sleep(0)
    answer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    source.values["a"] = 1
    assert await cache.get("a", source("a")) == 1


async def test_a_failure_on_its_way_when_all_hang_up_is_not_remembered(source: Source, time: Time) -> None:
    cache = cache_of(time)
    source.gate = asyncio.Event()
    source.failure = ConnectionError()
    waiting = asyncio.create_task(cache.get("a", source("a")))
    await asyncio.sleep(0.01)
    waiting.cancel()
    source.gate.set()
    await asyncio.sleep(0.01)
    source.failure = None
    source.values["a"] = 1
    assert await cache.get("a", source("a")) == 1
