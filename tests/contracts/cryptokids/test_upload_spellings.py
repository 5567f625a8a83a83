"""The ways in which a page may spell a picture that it uploads."""

import asyncio
from base64 import b64encode

import pytest

from regulars.contracts.cryptokids.uploads import PIECE_BYTES, _received
from tests.support.family import Family, ok, refused
from tests.support.pictures import corners, decoded, encoded, quarters

PATH = "/admin/upload-image64"
PICTURE = b64encode(encoded(quarters(), "PNG")).decode()


@pytest.mark.parametrize("name", ["image64", "image_64"])
@pytest.mark.parametrize(
    "prefix",
    ["data:image/png;base64,", "DATA:Image/PNG;BASE64,", " data:image/png;charset=utf-8;base64,"],
)
async def test_either_name_and_any_case_will_do(home: Family, name: str, prefix: str) -> None:
    url = ok(await home.post(PATH, {name: prefix + PICTURE}, role=None))["url"]
    shown = await home.client.get(url)
    assert corners(decoded(shown.content)) == corners(quarters())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
async def test_what_a_picture_says_it_is_does_not_matter(home: Family, kind: str) -> None:
    picture = b64encode(encoded(quarters(), kind)).decode()
    ok(await home.post(PATH, {"image64": f"data:image/png;base64,{picture}"}, role=None))


@pytest.mark.parametrize("name", ["image64", "image_64"])
async def test_an_empty_picture_is_missing(home: Family, name: str) -> None:
    for value in ("", "  ", None):
        refused(await home.post(PATH, {name: value}, role=None), 400, "missing_image")
    refused(await home.post(PATH, {name: "data:,"}, role=None), 400, "bad_dataurl")


async def test_a_picture_may_be_spelled_with_escapes_and_spaces(home: Family) -> None:
    for spelled in (PICTURE.replace("/", "\\/"), f" {PICTURE}", PICTURE.replace("A", "\\u0041", 1)):
        body = (
            f'{{"image64": "data:image\\/png;base64,{spelled}"}}',
            f'{{"image64": "data:image/png;base64,{spelled}"}}',
        )
        for raw in body:
            ok(await home.post(PATH, raw=raw.encode(), role=None))


@pytest.mark.parametrize("ending", ["é", "-", "=AAA", "A", "*"])
async def test_what_is_not_base64_is_no_picture(home: Family, ending: str) -> None:
    refused(
        await home.post(PATH, {"image64": f"data:image/png;base64,{PICTURE}{ending}"}), 400, "bad_dataurl"
    )


async def test_only_its_own_field_has_the_picture(home: Family) -> None:
    url = f"data:image/png;base64,{PICTURE}"
    ok(await home.post(PATH, {"note": url, "image64": url}, role=None))
    ok(await home.post(PATH, {"image64": url, "note": url}, role=None))
    refused(await home.post(PATH, {"note": url, "image64": "data:image/png;base64,"}), 400, "bad_dataurl")
    refused(await home.post(PATH, {"note": url}), 400, "missing_image")
    twice = f'{{"image64": "{url}", "image64": "{url}"}}'
    refused(await home.post(PATH, raw=twice.encode()), 400, "missing_image")


async def test_a_large_picture_holds_nobody_up(home: Family) -> None:
    """Ten megabytes took a twentieth of a second and more in one piece, in which nobody else was answered."""
    content = encoded(quarters(), "JPEG")
    padded = content + bytes(home.services.photos.limits.received_bytes_max - len(content))
    raw = b'{"image64": "data:image/jpeg;base64,' + b64encode(padded) + b'"}'
    turns = 0

    async def take_turns() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    others = asyncio.create_task(take_turns())
    assert await _received(raw) == padded
    others.cancel()
    assert turns >= len(raw) // PIECE_BYTES
