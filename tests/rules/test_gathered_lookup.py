import asyncio
from collections.abc import Sequence

import pytest

from regulars.base.gathered_lookup import GatheredLookup

Future = asyncio.Future[int | None]


class Query:
    """Each query waits, once `held`, until the test answers it."""

    def __init__(self, *, held: bool = True) -> None:
        self.held = held
        self.values: dict[str, int] = {}
        self.asked: list[list[str]] = []
        self.answers: list[asyncio.Future[None]] = []

    async def __call__(self, keys: Sequence[str]) -> dict[str, int]:
        self.asked.append(list(keys))
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answers.append(answer)
        if self.held:
            await answer
        return {key: self.values[key] for key in keys if key in self.values}


@pytest.fixture
def query() -> Query:
    return Query()


async def settled() -> None:
    """Everything that can go on without an answer has done so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def ask(lookup: GatheredLookup[str, int], keys: str) -> list[Future]:
    """One caller for each letter, whose queries have begun if they may."""
    futures = [lookup.get(key) for key in keys]
    await settled()
    return futures


async def test_who_comes_alone_is_asked_for_at_once(query: Query) -> None:
    query.held = False
    query.values["a"] = 1
    lookup = GatheredLookup(query)
    assert await lookup.get("a") == 1
    assert await lookup.get("b") is None
    assert query.asked == [["a"], ["b"]]


async def test_those_of_one_turn_of_the_loop_go_together_and_each_key_once(query: Query) -> None:
    query.held = False
    query.values = {"a": 1, "b": 2}
    lookup = GatheredLookup(query)
    answers = await asyncio.gather(*(lookup.get(key) for key in "abacb"))
    assert answers == [1, 2, 1, None, 2]
    assert query.asked == [["a", "b", "c"]]


async def test_those_who_come_while_queries_are_under_way_form_the_next_one(query: Query) -> None:
    query.values = {"a": 1, "b": 2, "c": 3, "d": 4}
    lookup = GatheredLookup(query, under_way_max=2)
    [a] = await ask(lookup, "a")
    [b] = await ask(lookup, "b")
    assert query.asked == [["a"], ["b"]]
    [c] = await ask(lookup, "c")
    [d] = await ask(lookup, "d")
    assert (query.asked, lookup.waiting_count) == ([["a"], ["b"]], 2), "two at a time"
    query.answers[1].set_result(None)
    assert await b == 2
    await settled()
    assert (query.asked[2:], lookup.waiting_count) == ([["c", "d"]], 0)
    query.answers[2].set_result(None)
    assert (await c, await d, a.done()) == (3, 4, False), "the slow one is not waited for"
    query.answers[0].set_result(None)
    assert await a == 1


async def test_after_a_rest_somebody_asks_again(query: Query) -> None:
    query.held = False
    query.values["a"] = 1
    lookup = GatheredLookup(query, under_way_max=1)
    for count in range(1, 4):
        # The very moment at which an answer arrives is when the one who asked for it stops working.
        assert await lookup.get("a") == 1
        assert len(query.asked) == count


async def test_one_query_asks_for_so_many_keys_at_most(query: Query) -> None:
    lookup = GatheredLookup(query, under_way_max=1, keys_max=3)
    query.held = False
    assert await asyncio.gather(*(lookup.get(key) for key in "abcdefg")) == [None] * 7
    assert query.asked == [["a", "b", "c"], ["d", "e", "f"], ["g"]]


async def test_a_failure_reaches_those_who_asked_and_nobody_else(query: Query) -> None:
    query.values = {"a": 1, "b": 2, "c": 3}
    lookup = GatheredLookup(query, under_way_max=1)
    first, again = await ask(lookup, "aa")
    [other] = await ask(lookup, "b")
    query.answers[0].set_exception(ConnectionError())
    for future in (first, again):
        with pytest.raises(ConnectionError):
            await future
    await settled()
    query.answers[1].set_result(None)
    assert await other == 2
    query.held = False
    assert await lookup.get("c") == 3


async def test_one_who_hangs_up_disturbs_nobody(query: Query) -> None:
    query.values = {"a": 1, "b": 2, "c": 3, "d": 4}
    lookup = GatheredLookup(query, under_way_max=1)
    early, staying = await ask(lookup, "ab")
    waiting, late = await ask(lookup, "cd")
    early.cancel()
    waiting.cancel()
    query.answers[0].set_result(None)
    assert await staying == 2
    await settled()
    assert query.asked == [["a", "b"], ["d"]], "nobody asks for those who have hung up"
    query.answers[1].set_result(None)
    assert await late == 4


async def test_nothing_is_asked_when_all_have_hung_up(query: Query) -> None:
    lookup = GatheredLookup(query)
    lookup.get("a").cancel()
    await settled()
    assert (query.asked, lookup.waiting_count) == ([], 0)
