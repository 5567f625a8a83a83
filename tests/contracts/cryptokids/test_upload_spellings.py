"""The ways in which a page may spell a picture that it uploads."""

from base64 import b64encode

import pytest

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
