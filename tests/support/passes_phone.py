"""What a phone asks of Apple's web service, and what it reads in the answers."""

import io
import zipfile
from typing import Any

import msgspec

from regulars.features.passes import actions as passes
from regulars.features.passes.model import Pass
from tests.support.passes import TOPIC, PassWorld


async def unregister(world: PassWorld, card: Pass, device: str = "phone-1", **more: Any) -> passes.Answer:
    """What a phone is answered that wants to be told no more of the pass."""
    call: dict[str, Any] = {
        "device": device,
        "pass_type": TOPIC,
        "serial": str(card.pass_id),
        "authorization": world.proof(card),
    } | more
    return await world.ask(lambda connection: passes.unregister(connection, world.carriers.apple, **call))


async def changed(
    world: PassWorld, since: str | None = None, device: str = "phone-1", pass_type: str = TOPIC
) -> passes.Answer:
    """What a phone is answered that asks which of its passes have changed."""
    return await world.ask(
        lambda connection: passes.list_changed(
            connection, world.carriers.apple, device=device, pass_type=pass_type, since=since
        )
    )


async def listed(world: PassWorld, since: str | None = None, device: str = "phone-1") -> tuple[set[str], str]:
    """The serial numbers that were told, and the tag to ask with next time."""
    answer = await changed(world, since, device)
    assert answer.status == 200
    assert answer.media_type == "application/json"
    told = msgspec.json.decode(answer.body)
    assert told.keys() == {"serialNumbers", "lastUpdated"}
    assert isinstance(told["lastUpdated"], str), "a number makes the phone skip the fetch"
    assert len(set(told["serialNumbers"])) == len(told["serialNumbers"])
    return set(told["serialNumbers"]), told["lastUpdated"]


async def fetch(world: PassWorld, card: Pass, **more: Any) -> passes.Answer:
    """What a phone is answered that wants the pass as it is now."""
    call: dict[str, Any] = {
        "pass_type": TOPIC,
        "serial": str(card.pass_id),
        "authorization": world.proof(card),
        "if_modified_since": None,
    } | more
    return await passes.fetch(world.database, world.carriers.apple, world.face_of, **call)


def points_on(answer: passes.Answer) -> int:
    """What the fetched pass shows."""
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        content = msgspec.json.decode(archive.read("pass.json"))
    points: int = content["storeCard"]["headerFields"][0]["value"]
    return points
