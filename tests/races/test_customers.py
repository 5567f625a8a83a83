"""Tills of two server processes that want the same thing at once: one gets it, the others are told."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.support.hotels import Answer, Hotels, beside, hotels

CROWD = 30
ROUNDS = 3
Tills = tuple[Hotels, Hotels]


@pytest_asyncio.fixture
async def tills(database_url: str, tmp_path: Path) -> AsyncIterator[Tills]:
    """Two applications on one database, each with connections and caches of its own."""
    async with hotels(database_url, tmp_path) as one, beside(one, database_url, tmp_path) as other:
        yield one, other


async def at_once(tills: Tills, requests: Sequence[tuple[str, dict[str, Any]]]) -> list[Answer]:
    """The answers to POSTs that are sent together, in turn to both applications."""
    return await asyncio.gather(
        *(tills[turn % 2].post(path, body) for turn, (path, body) in enumerate(requests))
    )


def outcomes(answers: Sequence[Answer]) -> Counter[tuple[int, str | None]]:
    """How often each status and code was answered."""
    return Counter((answer.status_code, answer.json().get("code")) for answer in answers)


async def fob_of(till: Hotels, customer_id: int) -> int:
    return next(known.identifier_id for known in await till.identifiers(customer_id) if known.kind == "rfid")


async def test_one_of_many_registers_an_email(tills: Tills) -> None:
    for number in range(ROUNDS):
        body = {"name": "Jane", "email": f"jane{number}@example.com"}
        spellings = [body, {**body, "email": body["email"].upper()}]
        answers = await at_once(tills, [("/register", spellings[turn % 3 % 2]) for turn in range(CROWD)])
        assert outcomes(answers) == {(201, None): 1, (409, "duplicate_email"): CROWD - 1}
    # Those who were refused have left neither customers nor codes behind.
    assert (await tills[0].sync())["count"] == ROUNDS


async def test_one_of_many_registers_a_fob(tills: Tills) -> None:
    for number in range(ROUNDS):
        body = {"name": "Jane", "rfid_code": f"F{number}"}
        answers = await at_once(tills, [("/register", body)] * CROWD)
        assert outcomes(answers) == {(201, None): 1, (409, "duplicate_rfid"): CROWD - 1}
        [winner] = [answer.json()["customer_id"] for answer in answers if answer.status_code == 201]
        assert await tills[1].owner_of(f"F{number}") == winner
    assert (await tills[0].sync())["count"] == ROUNDS


async def test_one_of_many_customers_gets_a_fob(tills: Tills) -> None:
    ids = [(await tills[0].register(f"C{number}"))["customer_id"] for number in range(10)]
    for number in range(ROUNDS):
        requests = [
            ("/identifier/add", {"customer_id": ids[turn % 10], "identifier": f"F{number}"})
            for turn in range(CROWD)
        ]
        answers = await at_once(tills, requests)
        assert outcomes(answers) == {(201, None): 1, (409, "duplicate_rfid"): CROWD - 1}
        [winner] = [answer.json()["customer_id"] for answer in answers if answer.status_code == 201]
        assert await tills[1].owner_of(f"F{number}") == winner


async def test_a_lost_fob_is_replaced_by_one_code_after_the_other(tills: Tills) -> None:
    """All of one customer's replacements succeed, for each has a code of its own; the last one stays."""
    await tills[0].register(rfid_code="F0")
    identifier_id = await fob_of(tills[0], 1)
    requests = [
        (
            "/identifier/replace",
            {"customer_id": 1, "identifier_id": identifier_id, "new_identifier": f"G{turn}"},
        )
        for turn in range(CROWD)
    ]
    answers = await at_once(tills, requests)
    assert outcomes(answers) == {(200, None): CROWD}
    replaced = {answer.json()["old_value"]: answer.json()["new_value"] for answer in answers}
    chain = ["F0"]
    while chain[-1] in replaced:
        chain.append(replaced[chain[-1]])
    assert len(chain) == CROWD + 1
    owners = {code: await tills[1].owner_of(code) for code in chain}
    assert owners == dict.fromkeys(chain[:-1]) | {chain[-1]: 1}
    ended = [known for known in await tills[0].identifiers(1, with_ended=True) if known.ended_at is not None]
    assert [known.value for known in ended] == chain[:-1]


async def test_a_code_that_is_added_registered_and_put_in_place_of_another(tills: Tills) -> None:
    """Three ways to the same code, crossed: one succeeds, and nobody fails for any other reason."""
    ids = [
        (await tills[0].register(f"C{number}", rfid_code=f"E{number}"))["customer_id"] for number in range(6)
    ]
    fobs = {customer_id: await fob_of(tills[0], customer_id) for customer_id in ids}
    for number in range(ROUNDS):
        code = f"F{number}"
        ways = [
            *(("/identifier/add", {"customer_id": who, "identifier": code}) for who in ids),
            *(
                (
                    "/identifier/replace",
                    {"customer_id": who, "identifier_id": fobs[who], "new_identifier": code},
                )
                for who in ids
            ),
            *(("/register", {"name": "New", "rfid_code": code}) for _ in ids),
        ]
        answers = await at_once(tills, ways[::5] + ways[1::5] + ways[2::5] + ways[3::5] + ways[4::5])
        won = [answer for answer in answers if answer.status_code < 300]
        # Whoever replaced another customer's fob by the code may be the one; later replacements of it by
        # itself change nothing and succeed as well.
        assert len({answer.json()["customer_id"] for answer in won}) == 1
        lost = [answer for answer in answers if answer.status_code >= 300]
        assert outcomes(lost) == {(409, "duplicate_rfid"): len(lost)}
        assert await tills[1].owner_of(code) == won[0].json()["customer_id"]


async def test_an_erased_customer_keeps_no_fob(tills: Tills) -> None:
    for number in range(ROUNDS):
        customer_id = (await tills[0].register())["customer_id"]
        requests = [
            ("/identifier/add", {"customer_id": customer_id, "identifier": f"F{number}-{turn}"})
            for turn in range(10)
        ]
        answers, _ = await asyncio.gather(at_once(tills, requests), tills[1].erase(customer_id))
        assert {answer.status_code for answer in answers} <= {201, 404}
        assert await tills[0].identifiers(customer_id, with_ended=True) == []
