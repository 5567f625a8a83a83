"""A picture stays for as long as a reward shows it, however the reward came to show it."""

from base64 import b64encode
from datetime import timedelta

import pytest

from regulars.features.photos import actions as photos
from tests.support.family import Family, ok
from tests.support.pictures import encoded, quarters


async def upload(home: Family) -> str:
    picture = b64encode(encoded(quarters(), "PNG")).decode()
    body = {"image64": f"data:image/png;base64,{picture}"}
    return str(ok(await home.post("/admin/upload-image64", body))["url"])


async def a_day_later(home: Family) -> None:
    """What the nightly job does after more than the day that an upload waits to be used."""
    home.clock.advance(days=2)
    await photos.sweep_orphans(home.services.photos, home.database, now=home.clock())


@pytest.mark.parametrize("name", ["imageUrl", "image_url"])
async def test_a_picture_that_a_reward_is_changed_to(home: Family, name: str) -> None:
    url, unused = await upload(home), await upload(home)
    path = f"/api/rewards/{home.reward_id}"
    ok(await home.client.patch(path, json={name: url}, headers=home.headers()))
    await a_day_later(home)
    assert (await home.client.get(url)).status_code == 200
    assert (await home.client.get(unused)).status_code == 404


async def test_a_picture_that_a_reward_was_made_with(home: Family) -> None:
    url = await upload(home)
    made = ok(await home.post("/api/rewards", {"name": "Zoo", "cost": 1, "imageUrl": url}), 201)
    path = f"/api/rewards/{made['id']}"
    ok(await home.client.patch(path, json={"price": 2}, headers=home.headers()))
    await a_day_later(home)
    assert (await home.client.get(url)).status_code == 200


async def test_an_upload_has_a_day_to_be_used(home: Family) -> None:
    url = await upload(home)
    home.clock.advance(hours=23)
    await photos.sweep_orphans(home.services.photos, home.database, now=home.clock())
    ok(await home.post("/api/rewards", {"name": "Zoo", "cost": 1, "imageUrl": url}), 201)
    home.clock.advance(seconds=timedelta(days=3).total_seconds())
    await photos.sweep_orphans(home.services.photos, home.database, now=home.clock())
    assert (await home.client.get(url)).status_code == 200
