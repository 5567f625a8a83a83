"""Apple's web service, line by line of its table; what it lists is in test_passes_apple_lists."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.passes import actions as passes
from regulars.features.passes.model import CardFace, Pass
from tests.support.passes import PUSH_TOKEN, SECRET_KEY, TOPIC, PassWorld, apple_settings, pass_world
from tests.support.passes_phone import changed, fetch, points_on, unregister


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


async def test_registering_is_201_once_and_200_again(world: PassWorld) -> None:
    card = await world.issue()
    assert (await world.register(card)).status == 201
    assert (await world.register(card)).status == 200
    assert (await world.register(card, "phone-2")).status == 201
    assert await world.rows("select count(*) from pass_registrations") == [(2,)]


async def test_a_phone_that_comes_back_counts_with_its_new_push_token(world: PassWorld) -> None:
    card = await world.registered("aa")
    assert (await world.register(card, push_token="bb")).status == 200
    await world.change(card)
    await world.deliver()
    assert world.apple.counts == {"bb": 1}


WRONG: list[dict[str, Any]] = [
    {"authorization": None},
    {"authorization": ""},
    {"authorization": "ApplePass "},
    {"authorization": f"ApplePass {'0' * 64}"},
    {"authorization": "ApplePass é"},
    {"pass_type": "pass.example.other"},
    {"serial": "42"},
    {"serial": str(uuid4())},
]


@pytest.mark.parametrize("wrong", WRONG)
async def test_401_without_the_passs_own_token(world: PassWorld, wrong: dict[str, Any]) -> None:
    card = await world.registered()
    for answer in (
        await world.register(card, "phone-2", **wrong),
        await unregister(world, card, **wrong),
        await fetch(world, card, **wrong),
    ):
        assert answer == passes.Answer(401)
    assert await world.rows("select count(*) from pass_registrations") == [(1,)]


async def test_401_with_the_token_of_another_pass_or_another_scheme(world: PassWorld) -> None:
    card, other = await world.registered(), await world.issue()
    bearer = world.proof(card).replace("ApplePass", "Bearer")
    for wrong in (world.proof(other), bearer, f"ApplePass {card.token}"):
        assert (await fetch(world, card, authorization=wrong)).status == 401


async def test_401_for_an_erased_customers_pass(world: PassWorld) -> None:
    card = await world.registered()
    await world.erase(card.member_id)
    assert (await fetch(world, card)).status == 401
    assert (await world.register(card, "phone-2")).status == 401
    assert (await unregister(world, card)).status == 200
    assert (await changed(world)).status == 204


@pytest.mark.parametrize("push_token", ["", "../../x", "a" * 201, "zz", "ab?"])
async def test_a_push_token_that_is_none_is_refused(world: PassWorld, push_token: str) -> None:
    card = await world.issue()
    with pytest.raises(Refused, match="invalid_push_token"):
        await world.register(card, push_token=push_token)


@pytest.mark.parametrize("device", ["", "\0", "x" * 201, "é"])
async def test_a_device_that_is_none_is_refused(world: PassWorld, device: str) -> None:
    card = await world.issue()
    with pytest.raises(Refused, match="invalid_device"):
        await world.register(card, device)
    assert (await changed(world, device=device)).status == 204
    assert (await unregister(world, card, device)).status == 200


async def test_unregistering_is_200_and_can_be_repeated(world: PassWorld) -> None:
    card = await world.registered()
    assert (await world.register(card, "phone-2", "cd")).status == 201
    for _ in range(2):
        assert (await unregister(world, card)).status == 200
    await world.change(card)
    await world.deliver()
    assert world.apple.counts == {"cd": 1}
    assert (await changed(world)).status == 204


async def test_fetching_is_200_with_the_pass_as_it_is(world: PassWorld) -> None:
    card = await world.issue()
    await world.change(card, points=77)
    answer = await fetch(world, card)
    assert answer.status == 200
    assert answer.media_type == "application/vnd.apple.pkpass"
    assert points_on(answer) == 77
    assert answer.last_modified is not None


async def test_304_until_the_pass_changes(world: PassWorld) -> None:
    card = await world.issue()
    first = await fetch(world, card)
    again = await fetch(world, card, if_modified_since=first.last_modified)
    assert again == passes.Answer(304, last_modified=first.last_modified)
    # In the same second, and once more: each is another date.
    for points in (1, 2):
        await world.change(card, points)
        after = await fetch(world, card, if_modified_since=first.last_modified)
        assert after.status == 200
        assert points_on(after) == points
        assert after.last_modified != first.last_modified
        first = after
    assert (await fetch(world, card, if_modified_since="nonsense")).status == 200


async def test_a_card_that_shows_nothing_is_401(world: PassWorld) -> None:
    async def nothing(card: Pass) -> CardFace | None:
        return None

    card = await world.issue()
    answer = await passes.fetch(
        world.database,
        world.carriers.apple,
        nothing,
        pass_type=TOPIC,
        serial=str(card.pass_id),
        authorization=world.proof(card),
        if_modified_since=None,
    )
    assert answer.status == 401


async def test_logging_is_200_and_tells_no_ids(caplog: pytest.LogCaptureFixture) -> None:
    assert passes.log([f"could not fetch {PUSH_TOKEN}", "second"]) == passes.Answer(200)
    assert passes.log([]).status == 200
    assert "could not fetch …" in caplog.text
    assert PUSH_TOKEN not in caplog.text


async def test_the_database_knows_neither_phones_nor_push_tokens(world: PassWorld) -> None:
    card = await world.registered(device="0123456789devicelibrary")
    [(row,)] = await world.rows("select to_jsonb(r)::text from pass_registrations r")
    [(stored,)] = await world.rows("select push_token from pass_registrations")
    for told in ("0123456789devicelibrary", PUSH_TOKEN, world.proof(card).split()[1]):
        assert told not in row
        assert told.encode().hex() not in row
        assert told.encode() not in stored
    [(everything,)] = await world.rows("select to_jsonb(p)::text from passes p")
    assert world.proof(card).split()[1] not in everything


async def test_another_secret_key_knows_no_phone(world: PassWorld) -> None:
    card = await world.registered()
    proof = world.proof(card)
    await world.carriers.close()
    world.carriers = passes.Carriers(apple_settings(secret_key=SECRET_KEY[::-1]), clock=world.clock)
    assert (await fetch(world, card, authorization=proof)).status == 401
    assert (await changed(world)).status == 204


async def test_phones_only_learn_of_changes_after_their_time(world: PassWorld) -> None:
    card = await world.registered()
    before = await fetch(world, card)
    world.now += timedelta(days=1)
    await world.change(card)
    after = await fetch(world, card)
    assert (before.last_modified, after.last_modified) == (
        "Sun, 01 Mar 2026 12:00:00 GMT",
        "Mon, 02 Mar 2026 12:00:00 GMT",
    )


async def test_all_phones_fetch_at_once_after_a_push(database_url: str) -> None:
    """Nobody keeps a connection while waiting for another one, of which there are few."""
    database = await Database.open(database_url, connections_max=2, acquire_timeout_seconds=3)
    async with pass_world(database) as world:
        cards = [await world.issue() for _ in range(30)]

        async def face_of(card: Pass) -> CardFace | None:
            async with database.connection() as connection:
                await connection.execute("select 1")
            return await world.face_of(card)

        answers = await asyncio.gather(
            *(
                passes.fetch(
                    database,
                    world.carriers.apple,
                    face_of,
                    pass_type=TOPIC,
                    serial=str(card.pass_id),
                    authorization=world.proof(card),
                    if_modified_since=None,
                )
                for card in cards
            )
        )
        assert {answer.status for answer in answers} == {200}
    await database.close()
