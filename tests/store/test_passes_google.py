"""Google Wallet: links, objects that are patched or created, tokens, and what goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.features.passes import actions as passes
from regulars.features.passes.google_wallet import LINK_LENGTH_MAX
from regulars.features.passes.model import CardFace, Delivery, Pass
from regulars.features.passes.rules import DELAYS
from tests.support.google_stand_in import ISSUER, Answer, Misdeed
from tests.support.passes import PassWorld, face, pass_world

SENT = Delivery(1, 1, 0)
FAILED = Delivery(1, 0, 1)


@pytest_asyncio.fixture
async def world(database: Database) -> AsyncIterator[PassWorld]:
    async with pass_world(database) as world:
        yield world


def object_of(world: PassWorld, card: Pass) -> dict[str, Any]:
    """What Google has of the pass."""
    return world.google.objects[f"{ISSUER}.{card.pass_id}"]


def points_of(world: PassWorld, card: Pass) -> int:
    points: int = object_of(world, card)["loyaltyPoints"]["balance"]["int"]
    return points


async def save_link(world: PassWorld, card: Pass, shown: CardFace) -> str:
    return await passes.google_save_link(world.database, world.carriers, card, shown)


async def kept(world: PassWorld) -> Pass:
    """A pass that a customer keeps in Google Wallet."""
    card = await world.issue()
    world.google.save(await world.saved(card))
    return card


async def test_the_link_saves_the_object(world: PassWorld) -> None:
    card = await world.issue()
    link = await save_link(world, card, face(token=card.token, points=7))
    assert link.startswith(f"{world.google.url}/save/")
    assert len(link) < LINK_LENGTH_MAX
    assert world.google.objects == {}
    saved = world.google.save(link)
    assert saved["loyaltyPoints"]["balance"] == {"int": 7}
    assert saved["barcode"]["value"] == card.token
    assert saved["classId"] == f"{ISSUER}.venue_{world.program_id}_{world.venue}"


async def test_a_link_that_would_be_too_long_names_an_object_that_is_created_first(world: PassWorld) -> None:
    card = await world.issue()
    wordy = face(token=card.token, brand_name="The Sessions Market of " + "Many Words " * 60)
    link = await save_link(world, card, wordy)
    assert len(link) < LINK_LENGTH_MAX
    assert object_of(world, card)["barcode"]["value"] == card.token
    assert world.google.save(link) == object_of(world, card)
    # Asked for again, the object is as it is today.
    await save_link(world, card, face(token=card.token, points=8, brand_name=wordy.brand_name))
    assert points_of(world, card) == 8


async def test_the_class_is_made_once_and_changed_with_the_branding(world: PassWorld) -> None:
    cards = [await world.issue() for _ in range(3)]
    for card in cards:
        await save_link(world, card, face(token=card.token))
    assert [call.method for call in world.google.calls] == ["POST"]
    await save_link(world, cards[0], face(token=cards[0].token, primary_color="#f00"))
    [venue] = world.google.classes.values()
    assert venue["hexBackgroundColor"] == "#ff0000"
    # A process that starts anew does not know that the class is there.
    other = world.new_carriers()
    await passes.google_save_link(world.database, other, cards[0], face(token=cards[0].token))
    await other.close()
    [venue] = world.google.classes.values()
    assert venue["hexBackgroundColor"] == "#1b4332"


async def test_each_venue_has_a_class_of_its_own(world: PassWorld) -> None:
    ann = await world.customer()
    for venue in (world.venue, world.other_venue):
        await world.saved(await world.issue(ann, venue))
    assert len(world.google.classes) == 2


async def test_a_change_patches_the_object(world: PassWorld) -> None:
    card = await kept(world)
    await world.change(card, points=55)
    assert await world.deliver() == SENT
    assert points_of(world, card) == 55
    assert [call.method for call in world.google.made("PATCH")] == ["PATCH"]
    assert world.google.made("POST") == []


async def test_what_is_missing_there_is_created(world: PassWorld) -> None:
    card = await world.issue()
    await world.saved(card)
    await world.change(card, points=56)
    assert await world.deliver() == SENT
    assert points_of(world, card) == 56
    assert [len(world.google.made(method)) for method in ("PATCH", "POST")] == [1, 1]


async def test_a_class_that_is_missing_there_is_created(world: PassWorld) -> None:
    card = await kept(world)
    world.google.classes.clear()
    world.google.objects.clear()
    other = world.new_carriers()
    await world.change(card, points=57)
    assert await world.deliver(carriers=other) == SENT
    await other.close()
    assert points_of(world, card) == 57


async def test_google_is_told_nothing_of_passes_that_nobody_saved(world: PassWorld) -> None:
    card = await world.issue()
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.google.connections == 0


async def test_several_changes_are_one_patch_with_the_newest_state(world: PassWorld) -> None:
    card = await kept(world)
    for points in (1, 2, 3):
        await world.change(card, points)
    assert await world.deliver() == SENT
    assert points_of(world, card) == 3
    assert len(world.google.made("PATCH")) == 1


async def test_an_erased_customers_object_is_ended(world: PassWorld) -> None:
    card = await kept(world)
    await world.change(card, points=9)
    await world.erase(card.member_id)
    assert await world.deliver() == SENT
    ended = object_of(world, card)
    assert ended["state"] == "INACTIVE"
    assert points_of(world, card) == 0
    assert await world.deliver() == Delivery(0, 0, 0)
    assert await world.status(card) == ("sent", 0, None)


async def test_an_ended_pass_that_google_never_knew_is_no_trouble(world: PassWorld) -> None:
    card = await world.issue()
    await world.saved(card)
    await world.erase(card.member_id)
    assert await world.deliver() == SENT
    assert world.google.objects == {}


async def test_an_ended_pass_is_tried_again_until_google_knows(world: PassWorld) -> None:
    card = await kept(world)
    await world.erase(card.member_id)
    world.google.arrange(500)
    assert await world.deliver() == FAILED
    world.wait(minutes=1)
    assert await world.deliver() == SENT
    assert object_of(world, card)["state"] == "INACTIVE"


@pytest.mark.parametrize("answer", [429, 500, 503, 403, 400])
async def test_what_is_refused_is_tried_again(world: PassWorld, answer: int) -> None:
    card = await kept(world)
    await world.change(card, points=5)
    world.google.arrange(answer)
    assert await world.deliver() == FAILED
    assert await world.status(card) == ("failed", 1, world.now + DELAYS[0])
    assert await world.rows("select trouble from passes") == [(f"google answered {answer}",)]
    world.wait(minutes=1)
    assert await world.deliver() == SENT
    assert points_of(world, card) == 5


async def test_429_is_tried_again_when_it_asks_for_it(world: PassWorld) -> None:
    card = await kept(world)
    await world.change(card)
    world.google.retry_after = "900"
    world.google.arrange(429)
    assert await world.deliver() == FAILED
    assert await world.status(card) == ("failed", 1, world.now + timedelta(minutes=15))


async def test_dropped_connections_and_restarts_are_gone_round(world: PassWorld) -> None:
    card = await kept(world)
    await world.change(card, points=1)
    world.google.arrange(Misdeed.DROP)
    assert await world.deliver() == SENT
    await world.google.stop()
    await world.change(card, points=2)
    assert await world.deliver() == FAILED
    await world.google.start()
    world.wait(minutes=1)
    assert await world.deliver() == SENT
    assert points_of(world, card) == 2


async def test_a_hanging_google_does_not_keep_apple_waiting(world: PassWorld) -> None:
    await world.be_impatient(0.3)
    card = await kept(world)
    await world.register(card, push_token="aa")
    await world.change(card, points=3)
    world.google.otherwise = Misdeed.HANG
    assert await world.deliver() == FAILED
    assert world.apple.counts == {"aa": 1}
    world.google.otherwise = None
    world.wait(minutes=1)
    assert await world.deliver() == SENT
    assert points_of(world, card) == 3
    # The phone that knows is not told again.
    assert world.apple.counts == {"aa": 1}


async def test_one_token_serves_many_calls(world: PassWorld) -> None:
    cards = [await kept(world) for _ in range(10)]
    for card in cards:
        await world.change(card)
    fresh = world.new_carriers()
    grants = world.google.grants
    assert await world.deliver(carriers=fresh) == Delivery(10, 10, 0)
    await fresh.close()
    assert world.google.grants == grants + 1


async def test_a_token_that_grows_old_or_is_refused_is_replaced(world: PassWorld) -> None:
    card = await kept(world)
    grants = world.google.grants
    world.wait(minutes=58)
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.google.grants == grants
    world.wait(minutes=2)
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.google.grants == grants + 1
    world.google.expire_tokens()
    await world.change(card)
    assert await world.deliver() == SENT
    assert world.google.grants == grants + 2


@pytest.mark.parametrize("answer", [400, 500, 200, Misdeed.DROP, Misdeed.HANG])
async def test_without_a_token_updates_wait_together(world: PassWorld, answer: Answer) -> None:
    cards = [await kept(world) for _ in range(10)]
    for card in cards:
        await world.change(card, points=4)
    await world.be_impatient(0.3)
    world.google.grants_otherwise = answer
    async with asyncio.timeout(3):
        assert await world.deliver() == Delivery(10, 0, 10)
    world.google.grants_otherwise = None
    world.wait(minutes=1)
    assert await world.deliver() == Delivery(10, 10, 0)
    assert {points_of(world, card) for card in cards} == {4}


@pytest.mark.parametrize("answer", [500, 403, Misdeed.HANG])
async def test_no_link_while_google_is_away(
    world: PassWorld, answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    await world.be_impatient(0.3)
    card = await world.issue()
    world.google.otherwise = answer
    with pytest.raises(Refused, match="google_wallet_unavailable"):
        await world.saved(card)
    why = "google did not answer in time" if answer is Misdeed.HANG else f"google answered {answer}"
    [said] = [record for record in caplog.records if record.name.endswith("google_wallet")]
    assert (said.levelname, said.getMessage()) == (
        "WARNING",
        f"save link of pass {card.pass_id} failed: {why}",
    )
    assert card.token not in caplog.text and "Bearer" not in caplog.text
    world.google.otherwise = None
    assert world.google.save(await world.saved(card))["state"] == "ACTIVE"


async def test_without_settings_there_are_no_wallets(world: PassWorld) -> None:
    card, bare = await world.issue(), passes.Carriers()
    with pytest.raises(Refused, match="apple_wallet_not_configured"):
        passes.apple_bundle(bare, card, face(token=card.token))
    with pytest.raises(Refused, match="google_wallet_not_configured"):
        await passes.google_save_link(world.database, bare, card, face(token=card.token))
    await bare.close()
