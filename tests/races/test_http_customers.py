"""Customers and their fobs from many tills at once against a server with two workers; sync meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.support.bars import Bars, open_bars, outcomes
from tests.support.server_process import ServerProcess
from tests.support.soak import as_long_as_asked, bounded

pytestmark = as_long_as_asked

CROWD = 30
ROUNDS = bounded(2, 60)


@pytest_asyncio.fixture
async def bars(server: ServerProcess) -> AsyncIterator[Bars]:
    """Two hotels of the test's own."""
    async with open_bars(server) as bars:
        yield bars


async def test_one_of_many_registers_an_address(bars: Bars) -> None:
    for number in range(ROUNDS):
        spellings = [f"jane{number}@example.com", f"JANE{number}@Example.com"]
        requests = [
            bars.request("/register", {"name": "Jane", "email": spellings[turn % 2]}, turn % 2)
            for turn in range(CROWD)
        ]
        assert outcomes(await bars.at_once(requests)) == {(201, None): 1, (409, "duplicate_email"): CROWD - 1}
    assert (await bars.sync())["count"] == ROUNDS


async def test_one_of_many_gets_a_fob_by_registering_or_adding_it(bars: Bars) -> None:
    ids = [await bars.register() for _ in range(10)]
    for number in range(ROUNDS):
        ways = [
            ("/register", {"name": "Jane", "rfid_code": f"F{number}"}),
            *(("/identifier/add", {"customer_id": one, "identifier": f"F{number}"}) for one in ids),
        ]
        requests = [bars.request(*ways[turn % len(ways)], turn % 2) for turn in range(CROWD)]
        answers = await bars.at_once(requests)
        assert outcomes(answers) == {(201, None): 1, (409, "duplicate_rfid"): CROWD - 1}
        [winner] = [answer.body["customer_id"] for answer in answers if answer.status == 201]
        assert await bars.owner_of(f"F{number}") == winner


async def test_a_fob_that_many_replace_at_once_has_one_code_and_a_history(bars: Bars) -> None:
    customer_id = await bars.register(rfid_code="G0")
    [fob] = [one for one in await bars.identifiers(customer_id) if one.kind == "rfid"]
    body = {"customer_id": customer_id, "identifier_id": fob.identifier_id}
    requests = [
        bars.request("/identifier/replace", {**body, "new_identifier": f"G{turn}"}, turn % 2)
        for turn in range(1, CROWD + 1)
    ]
    answers = await bars.at_once(requests)
    assert outcomes(answers) == {(200, None): CROWD}
    replaced = {answer.body["old_value"]: answer.body["new_value"] for answer in answers}
    chain = ["G0"]
    while chain[-1] in replaced:
        chain.append(replaced[chain[-1]])
    assert len(chain) == CROWD + 1
    assert [await bars.owner_of(code) for code in chain] == [None] * CROWD + [customer_id]


async def test_a_code_that_many_put_in_place_of_theirs(bars: Bars) -> None:
    ids = [await bars.register(rfid_code=f"E{number}") for number in range(10)]
    fobs = {one: next(i for i in await bars.identifiers(one) if i.kind == "rfid") for one in ids}
    for number in range(ROUNDS):
        requests = [
            bars.request(
                "/identifier/replace",
                {
                    "customer_id": one,
                    "identifier_id": fobs[one].identifier_id,
                    "new_identifier": f"H{number}",
                },
            )
            for one in ids
        ]
        answers = await bars.at_once(requests)
        assert outcomes(answers) == {(200, None): 1, (409, "duplicate_rfid"): len(ids) - 1}


async def test_a_till_that_synchronises_misses_nobody(bars: Bars) -> None:
    """Each answer holds nobody twice and everybody who was answered before; the till's copy ends up exact."""
    known: set[int] = set()
    over = asyncio.Event()

    async def writer(number: int) -> None:
        turn = 0
        while not over.is_set():
            turn += 1
            customer_id = await bars.register(rfid_code=f"W{number}-{turn}", email=f"w{number}.{turn}@x.de")
            known.add(customer_id)
            body = {"customer_id": customer_id, "identifier": f"X{number}-{turn}", "label": "Second"}
            await bars.ok("/identifier/add", body, hotel=turn % 2)

    writers = [asyncio.create_task(writer(number)) for number in range(4)]
    copy, since = await keep_in_step(bars, known, bounded(3, 90))
    over.set()
    await asyncio.gather(*writers)
    copy |= by_id(await bars.sync(updated_since=since))
    assert copy == by_id(await bars.sync())
    assert set(copy) == known
    assert all(len(customer["rfid_fobs"]) == 2 for customer in copy.values())


async def keep_in_step(bars: Bars, known: set[int], seconds: float) -> tuple[dict[int, Any], str]:
    """A till's copy after so long, and from when on it has to ask."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    first = await bars.sync()
    copy, since = by_id(first), first["sync_time"]
    while loop.time() < end:
        before = set(known)
        changed = await bars.sync(updated_since=since)
        copy |= by_id(changed)
        since = changed["sync_time"]
        assert before <= set(copy)
        before = set(known)
        pages, cursor = [], {"limit": 50}
        while cursor:
            page = await bars.sync(**cursor)
            pages += [customer["id"] for customer in page["customers"]]
            cursor = {"cursor": page["next_cursor"], "limit": 50} if page.get("next_cursor") else {}
        assert pages == sorted(set(pages))
        assert before <= set(pages)
    return copy, since


def by_id(answer: dict[str, Any]) -> dict[int, Any]:
    """The customers of an answer, which holds nobody twice and counts right."""
    found = {customer["id"]: customer for customer in answer["customers"]}
    assert len(found) == len(answer["customers"]) == answer["count"]
    return found
