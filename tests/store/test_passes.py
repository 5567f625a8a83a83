"""Passes are issued, found, moved and ended, on a real PostgreSQL."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.features.members import actions as members
from regulars.features.passes import actions as passes
from regulars.features.passes.model import Pass
from tests.support.enrolment import NOW, new_program
from tests.support.passes import PassWorld, pass_world


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


async def end_token(world: PassWorld, card: Pass) -> None:
    """An operator ends a lost card."""
    async with world.database.transaction() as connection:
        known = await members.identifiers_of(connection, world.program_id, [card.member_id])
        [identifier] = [one for one in known[card.member_id] if one.value == card.token]
        await members.end_identifier(
            connection, world.program_id, card.member_id, identifier.identifier_id, NOW
        )


async def found_publicly(world: PassWorld, token: str) -> Pass | None:
    async with world.database.connection() as connection:
        return await passes.find_public(connection, token)


async def test_a_token_is_24_random_bytes(world: PassWorld) -> None:
    cards = [await world.issue() for _ in range(20)]
    assert all(re.fullmatch(r"[0-9a-f]{48}", card.token) for card in cards)
    assert len({card.token for card in cards}) == len({card.pass_id for card in cards}) == 20


async def test_a_customer_has_one_pass_at_each_venue(world: PassWorld) -> None:
    ann = await world.customer()
    card = await world.issue(ann)
    assert await world.issue(ann) == card
    other = await world.issue(ann, world.other_venue)
    assert (other.token, other.pass_id) != (card.token, card.pass_id)
    assert (card.location_id, other.location_id) == (world.venue, world.other_venue)


async def test_the_token_is_an_identifier_of_the_customer(world: PassWorld) -> None:
    card = await world.issue()
    async with world.database.connection() as connection:
        identifier = await members.find_identifier(connection, world.program_id, "pass", card.token)
    assert identifier is not None
    assert (identifier.member_id, identifier.location_id) == (card.member_id, world.venue)


async def test_a_token_is_found_at_its_own_venue_and_program_only(world: PassWorld) -> None:
    card = await world.issue()
    stranger = await new_program(world.database, "other")
    async with world.database.connection() as connection:
        assert await passes.find(connection, world.program_id, world.venue, card.token) == card
        assert await passes.find(connection, world.program_id, world.other_venue, card.token) is None
        assert await passes.find(connection, stranger, world.venue, card.token) is None
        for wrong in ("", "0" * 48, card.token.upper(), card.token + "0", card.token + "\0", "'; --"):
            assert await passes.find(connection, world.program_id, world.venue, wrong) is None


async def test_the_owners_page_finds_it_without_a_program(world: PassWorld) -> None:
    card = await world.issue()
    assert await found_publicly(world, card.token) == card
    assert await found_publicly(world, "0" * 48) is None
    assert await found_publicly(world, "\0") is None


async def test_no_pass_for_nobody(world: PassWorld) -> None:
    with pytest.raises(Refused, match="member_not_found"):
        await world.issue(uuid4())
    with pytest.raises(Refused, match="location_not_found"):
        await world.issue(location_id=999)
    async with world.database.transaction() as connection:
        with pytest.raises(Refused, match="member_not_found"):
            await passes.issue(connection, world.program_id, world.venue, uuid4(), NOW)
        # The transaction is still of use.
        await connection.execute("select 1")


async def test_an_inactive_customer_keeps_the_pass_and_gets_no_new_one(world: PassWorld) -> None:
    card = await world.issue()
    async with world.database.transaction() as connection:
        await members.set_active(connection, world.program_id, card.member_id, False, NOW)
    assert await world.issue(card.member_id) == card
    with pytest.raises(Refused, match="member_not_found"):
        await world.issue(card.member_id, world.other_venue)
    assert await world.rows("select count(*) from passes") == [(1,)]


async def test_an_erased_customers_pass_is_unknown(world: PassWorld) -> None:
    card = await world.registered()
    await world.erase(card.member_id)
    assert await world.find(card) is None
    assert await found_publicly(world, card.token) is None
    with pytest.raises(Refused, match="member_not_found"):
        await world.issue(card.member_id)
    # Nothing is left by which a phone could be recognised or reached.
    assert await world.rows("select count(*) from pass_registrations") == [(0,)]


async def test_a_lost_card_is_replaced_by_another_pass(world: PassWorld) -> None:
    lost = await world.registered()
    await end_token(world, lost)
    assert await world.find(lost) is None
    card = await world.issue(lost.member_id)
    assert (card.token, card.pass_id) != (lost.token, lost.pass_id)
    assert await world.find(card) == card
    assert (await world.status(lost))[0] == "sent"


async def test_a_change_moves_sequence_and_date(world: PassWorld) -> None:
    card = await world.issue()
    world.wait(minutes=1, milliseconds=700)
    await world.change(card)
    moved = await world.find(card)
    assert moved is not None
    assert moved.sequence > card.sequence
    assert moved.modified_at == NOW + timedelta(minutes=1)
    assert await world.status(card) == ("queued", 0, world.now)


async def test_two_changes_in_one_second_have_different_dates(world: PassWorld) -> None:
    card = await world.issue()
    dates = []
    for _ in range(4):
        await world.change(card)
        moved = await world.find(card)
        assert moved is not None
        dates.append(moved.modified_at)
    assert dates == [NOW + timedelta(seconds=number) for number in (1, 2, 3, 4)]
    # A clock that goes backwards does not make anything older.
    world.wait(days=-1)
    await world.change(card)
    moved = await world.find(card)
    assert moved is not None
    assert moved.modified_at == NOW + timedelta(seconds=5)


async def test_a_change_joins_the_one_that_waits(world: PassWorld) -> None:
    card = await world.issue()
    await world.change(card)
    world.wait(minutes=3)
    await world.change(card, reason="reward_redeemed")
    assert await world.status(card) == ("queued", 0, NOW)
    assert await world.rows("select reason from passes") == [("reward_redeemed",)]


async def test_a_change_everywhere_moves_all_of_a_customers_passes(world: PassWorld) -> None:
    ann = await world.customer()
    cards = [await world.issue(ann), await world.issue(ann, world.other_venue)]
    bystander = await world.issue()
    await world.in_transaction(
        lambda pipeline: passes.send_update(pipeline, world.program_id, ann, 0, "membership", world.now)
    )
    assert [(await world.status(card))[0] for card in cards] == ["queued", "queued"]
    assert (await world.status(bystander))[0] == "sent"


async def test_a_change_at_one_venue_moves_that_pass_only(world: PassWorld) -> None:
    ann = await world.customer()
    cards = [await world.issue(ann), await world.issue(ann, world.other_venue)]
    await world.change(cards[1])
    assert [(await world.status(card))[0] for card in cards] == ["sent", "queued"]


async def test_changes_of_those_without_a_pass_are_nothing(world: PassWorld) -> None:
    ann, erased = await world.customer(), await world.issue()
    await world.erase(erased.member_id)
    changed = [(ann, world.venue), (uuid4(), 0), (erased.member_id, world.venue), (erased.member_id, 0)]
    await world.in_transaction(
        lambda pipeline: passes.send_updates(pipeline, world.program_id, changed, "granted", world.now)
    )
    await world.in_transaction(
        lambda pipeline: passes.send_updates(pipeline, world.program_id, [], "granted", world.now)
    )
    assert await world.rows("select count(*) from passes where status <> 'sent'") == [(0,)]


async def test_many_changes_go_out_in_one_statement(world: PassWorld) -> None:
    cards = [await world.issue() for _ in range(30)]
    changed = [(card.member_id, world.venue) for card in cards[:20]] + [(cards[0].member_id, 0)]
    await world.in_transaction(
        lambda pipeline: passes.send_updates(pipeline, world.program_id, changed, "granted", world.now)
    )
    assert await world.rows("select count(*) from passes where status = 'queued'") == [(20,)]
    sequences = await world.rows("select count(distinct sequence) from passes")
    assert sequences == [(30,)]


async def test_a_change_that_is_rolled_back_is_none(world: PassWorld) -> None:
    card = await world.issue()
    with pytest.raises(RuntimeError):
        await fail_after_a_change(world, card)
    assert await world.find(card) == card


async def fail_after_a_change(world: PassWorld, card: Pass) -> None:
    async with world.database.transaction() as connection:
        pipeline = Pipeline(connection)
        passes.send_update(pipeline, card.program_id, card.member_id, card.location_id, "earned", world.now)
        await pipeline.flush()
        raise RuntimeError
