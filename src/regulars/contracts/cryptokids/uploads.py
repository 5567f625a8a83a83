"""Pictures of rewards: taken in as data URLs, made anew, and shown to everybody who knows their address."""

import asyncio
import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from typing import Annotated

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream
from msgspec import Meta, Struct, field

from regulars.base.refusals import Refused
from regulars.contracts.cryptokids.context import ADMIN_KEY, open_context
from regulars.contracts.cryptokids.rewording import reworded
from regulars.features.photos import actions as photos
from regulars.features.photos.model import Photo, PhotoPurpose, PhotosUnavailable
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.bodies import decode, read_body
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.openapi import Content, Operation
from regulars.http.requests import HttpRequest, services

ENVELOPE_BYTES = 4096
"""What a body may hold beside the picture: the name of its field, its type, white space."""

PIECE_BYTES = 256 * 1024
"""How much Base64 is decoded before others have their turn: it takes a millisecond."""

_PREFIX = r"data:image/[A-Za-z0-9.+-]{1,40}(?:;[a-z]+=[^;,]{1,40})*;base64,"
_DATA_URL = re.compile(rf"\s*{_PREFIX}", re.ASCII | re.IGNORECASE)
_PREFIX_IN_BODY = re.compile(_PREFIX.encode(), re.IGNORECASE)
_TAKEN_OUT = "*"
"""What stands in a body for the Base64 that was taken out of it. No Base64 looks like that."""
_WORDS = {
    "invalid_body": "missing_image",
    "missing_image": "missing_image",
    "photo_too_large": "photo_too_large",
}


class UploadBody(Struct, frozen=True):
    """A picture."""

    image64: Annotated[str, Meta(description="A data URL: JPEG, PNG, WebP or GIF, at most 10 MB.")] | None = (
        None
    )
    image_64: str | None = field(default=None, name="image_64")


class Uploaded(Struct, frozen=True):
    """Where the picture is shown from now on."""

    url: str


@post(
    "/admin/upload-image64",
    opt={
        "access": ADMIN_KEY,
        "operation": Operation(
            summary="Upload a reward's picture",
            description="It is turned upright, freed of metadata, made smaller where it is large, and stored "
            "anew. What no reward uses within a day is deleted.",
            body=UploadBody,
            answers={200: Uploaded, 400: None},
        ),
    },
)
async def upload_image(request: HttpRequest) -> Answer:
    """The address of the picture."""
    context = await open_context(request)
    library = context.services.photos
    limit_bytes = library.limits.received_bytes_max * 4 // 3 + ENVELOPE_BYTES
    with reworded(_WORDS, "bad_dataurl"):
        received = await _received(await read_body(request, limit_bytes=limit_bytes))
        try:
            photo: Photo = await photos.store_photo(
                library,
                context.services.database,
                context.program_id,
                received,
                purpose=PhotoPurpose.REWARD,
                now=context.now,
            )
        except PhotosUnavailable as error:
            raise RequestRefused(FailureKind.UNAVAILABLE) from error
    return json_answer(Uploaded(photos.photo_path(photo)))


@get(
    "/photos/{name:str}",
    opt={
        "access": PUBLIC,
        "operation": Operation(
            summary="Show a reward's picture",
            description="The same address always shows the same bytes. `.thumbnail` before the ending shows "
            "it small.",
            answers={200: Content("The picture.", media_type="image/jpeg"), 404: None},
        ),
    },
)
async def show_photo(request: HttpRequest) -> Stream:
    """The picture or its thumbnail."""
    try:
        opened = await photos.open_photo(services(request).photos, request.path_params["name"])
    except PhotosUnavailable as error:
        raise RequestRefused(FailureKind.UNAVAILABLE) from error
    if opened is None:
        raise Refused("not_found")
    return Stream(
        opened.chunks,
        media_type=opened.content_type,
        headers={
            "content-length": str(opened.size_bytes),
            "cache-control": "public, max-age=31536000, immutable",
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


async def _received(raw: bytes) -> bytes:
    """The picture in a body. Raises BodyRefused and Refused: missing_image, bad_dataurl."""
    body, taken_out = _without_base64(raw)
    fields = decode(body, UploadBody)
    image64 = fields.image64 or fields.image_64
    if image64 is None or not image64.strip():
        raise Refused("missing_image")
    prefix = _DATA_URL.match(image64)
    if prefix is None:
        raise Refused("bad_dataurl")
    try:
        if image64[prefix.end() :] == _TAKEN_OUT:
            return await _decoded(taken_out)
        # The text is decoded from where it lies, because a copy of it would be large.
        return a2b_base64(memoryview(image64.encode("ascii"))[prefix.end() :])
    except (NotBase64, UnicodeEncodeError):
        raise Refused("bad_dataurl") from None


def _without_base64(raw: bytes) -> tuple[bytes, memoryview]:
    """The body without the megabytes of its picture, and these.

    To look for names in them, as in other JSON, would hold everybody up for as long as to decode them. A
    picture that is spelled with escapes or spaces stays where it is.
    """
    prefix = _PREFIX_IN_BODY.search(raw, 0, ENVELOPE_BYTES)
    if prefix is None:
        return raw, memoryview(b"")
    start, end = prefix.end(), raw.find(b'"', prefix.end())
    if end < 0 or any(raw.find(sign, start, end) >= 0 for sign in (b"\\", b" ")):
        return raw, memoryview(b"")
    return raw[:start] + _TAKEN_OUT.encode() + raw[end:], memoryview(raw)[start:end]


async def _decoded(base64: memoryview) -> bytes:
    """The bytes that the text stands for; others have their turn meanwhile. Raises binascii.Error."""
    pieces: list[bytes] = []
    for start in range(0, len(base64), PIECE_BYTES):
        pieces.append(a2b_base64(base64[start : start + PIECE_BYTES], strict_mode=True))
        await asyncio.sleep(0)
    return b"".join(pieces)


HANDLERS: list[HTTPRouteHandler] = [upload_image, show_photo]
