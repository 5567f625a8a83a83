"""Pictures of rewards over HTTP: data URLs in, clean pictures out."""

from base64 import b64encode
from typing import Any

import pytest

from tests.support.family import Family, ok, refused
from tests.support.pictures import (
    COMMENT_CANARY,
    bomb,
    corners,
    decoded,
    encoded,
    photo_with_everything,
    quarters,
)

PATH = "/admin/upload-image64"


def data_url(content: bytes, media_type: str = "image/png") -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"


async def upload(home: Family, image64: Any, status: int = 200) -> dict[str, Any]:
    return ok(await home.post(PATH, {"image64": image64}, role=None), status)


async def test_a_picture_is_kept_and_shown_to_everybody(production: Family) -> None:
    url = (await upload(production, data_url(encoded(quarters(), "PNG"))))["url"]
    answer = await production.client.get(url)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert corners(decoded(answer.content)) == corners(quarters())
    thumbnail = await production.client.get(url.replace(".jpg", ".thumbnail.jpg"))
    assert decoded(thumbnail.content).size == (64, 48)


async def test_what_a_picture_carries_along_is_dropped(home: Family) -> None:
    url = (await upload(home, data_url(photo_with_everything(orientation=3), "image/jpeg")))["url"]
    content = (await home.client.get(url)).content
    assert COMMENT_CANARY.encode() not in content
    assert b"canary" not in content
    assert dict(decoded(content).getexif()) == {}
    assert corners(decoded(content)) == corners(quarters().rotate(180))


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({}, "missing_image"),
        ([], "missing_image"),
        ({"image64": ""}, "missing_image"),
        ({"image64": None}, "missing_image"),
        ({"image64": 5}, "bad_dataurl"),
        ({"image64": "hello"}, "bad_dataurl"),
        ({"image64": "data:image/png;base64,"}, "bad_dataurl"),
        ({"image64": "data:image/png;base64,****"}, "bad_dataurl"),
        ({"image64": "data:image/png;base64,ééé"}, "bad_dataurl"),
        ({"image64": "data:image/png,raw"}, "bad_dataurl"),
        ({"image64": "data:text/html;base64,PGI+"}, "bad_dataurl"),
        ({"image64": data_url(b"<svg onload='alert(1)'/>", "image/svg+xml")}, "bad_dataurl"),
        ({"image64": data_url(b"<html><script>alert(1)</script>", "image/jpeg")}, "bad_dataurl"),
        ({"image64": data_url(encoded(quarters(), "PNG")[:80])}, "bad_dataurl"),
        ({"image64": data_url(encoded(quarters(), "BMP"), "image/bmp")}, "bad_dataurl"),
        ({"image64": data_url(bomb())}, "bad_dataurl"),
    ],
)
async def test_what_is_no_picture_is_refused(home: Family, body: Any, error: str) -> None:
    refused(await home.post(PATH, body), 400, error)


async def test_a_picture_that_is_too_large_is_refused(home: Family) -> None:
    limit = home.services.photos.limits.received_bytes_max
    padded = encoded(quarters(), "PNG") + bytes(limit)
    refused(await home.post(PATH, {"image64": data_url(padded)}), 413, "PAYLOAD_TOO_LARGE")
    refused(await home.post(PATH, {"image64": "x" * limit * 2}), 413, "PAYLOAD_TOO_LARGE")


async def test_a_picture_of_nearly_ten_megabytes_is_taken(home: Family) -> None:
    content = encoded(quarters(), "JPEG")
    padded = content + bytes(home.services.photos.limits.received_bytes_max - len(content))
    await upload(home, data_url(padded, "image/jpeg"))


async def test_an_uploaded_picture_belongs_to_a_reward(home: Family) -> None:
    url = (await upload(home, data_url(encoded(quarters(), "PNG"))))["url"]
    ok(await home.post("/api/rewards", {"name": "Zoo", "cost": 1, "imageUrl": url}), 201)
    [zoo] = [
        reward for reward in (await home.get("/api/rewards", key=None)).json() if reward["name"] == "Zoo"
    ]
    assert zoo["imageUrl"] == url
    async with home.database.connection() as connection:
        cursor = await connection.execute("select used_at is not null from photos")
        assert await cursor.fetchall() == [(True,)]


@pytest.mark.parametrize(
    "name",
    [
        "x.jpg",
        "..%2F..%2Fsecret.key",
        "%2e%2e%2fsecret.key",
        "00000000-0000-7000-8000-000000000000.jpg",
    ]
    + ["00000000-0000-7000-8000-000000000000.jpg%00.png", "a" * 3000, "%ff"],
)
async def test_no_name_leads_out_of_the_store(home: Family, name: str) -> None:
    answer = await home.client.get(f"/photos/{name}")
    assert answer.status_code == 404
    assert answer.json()["error"].lower() == "not_found"


async def test_only_the_admin_key_uploads(home: Family) -> None:
    for key in (None, "leo"):
        refused(await home.post(PATH, {"image64": data_url(b"")}, key=key), 401, "UNAUTHORIZED")
    assert (
        await home.post(PATH, {"image64": data_url(encoded(quarters(), "PNG"))}, key="parent")
    ).status_code == 200
