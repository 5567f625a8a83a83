"""Photos of garments: taken in from forms, and shown to whoever was given a signed address."""

import re
import unicodedata
from collections.abc import Sequence
from uuid import UUID

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.context import STORE, Context, id_of, open_context
from regulars.contracts.rejoes.descriptions import SHOW_PHOTO, UPLOAD
from regulars.contracts.rejoes.paths import both
from regulars.contracts.rejoes.wire import UploadAnswer
from regulars.db.database import Connection
from regulars.features.lending import actions as lending
from regulars.features.photos import actions as photos
from regulars.features.photos.model import (
    Photo,
    PhotoPurpose,
    PhotosUnavailable,
    ReceivedPhoto,
    WrittenPhoto,
)
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.forms import FormPart, read_parts
from regulars.http.requests import HttpRequest, services

ENVELOPE_BYTES = 16 * 1024
"""What a form may hold beside the photo: names, boundaries, the member."""
NAME_LENGTH_MAX = 255
FILE_FIELDS = ("photo", "file")


@post(both("/uploads/loan-photo"), opt={"access": STORE, "operation": UPLOAD})
async def upload_photo(request: HttpRequest) -> Answer:
    """The id of the photo, which one loan of the member may use within a day."""
    context = await open_context(request)
    library, database = context.services.photos, context.services.database
    form = await read_parts(request, limit_bytes=library.limits.received_bytes_max + ENVELOPE_BYTES)
    member_id = id_of(_member_id(form))
    file = _file(form)
    received = _received(file)
    # Asked before the work, so that photos that will be refused cost none, and again where it counts.
    async with database.transaction() as connection:
        await _require_room(connection, context, member_id)
    try:
        written = await photos.write_photo(library, file.content, PhotoPurpose.LOAN)
    except PhotosUnavailable as error:
        raise RequestRefused(FailureKind.UNAVAILABLE) from error
    try:
        photo = await database.run(
            lambda connection: _recorded(connection, context, member_id, written, received)
        )
    except Refused:
        await photos.delete_files(library, [written])
        raise
    return json_answer(UploadAnswer(upload_id=str(photo.photo_id)), 201)


async def _require_room(connection: Connection, context: Context, member_id: UUID) -> None:
    """Passes for a borrower who is not erased before the transaction ends, and has room for one photo more.

    Raises Refused: member_not_found, photo_quota.
    """
    if not await lending.hold_borrower(connection, context.program_id, member_id):
        raise Refused("member_not_found")
    quota = photos.quota_of(context.program.settings)
    await photos.refuse_over_quota(
        connection, context.program_id, PhotoPurpose.LOAN, member_id, quota, context.now
    )


async def _recorded(
    connection: Connection, context: Context, member_id: UUID, written: WrittenPhoto, received: ReceivedPhoto
) -> Photo:
    """The photo, known to the program. Raises Refused as `_require_room` does."""
    await _require_room(connection, context, member_id)
    return await photos.record_photo(
        connection,
        context.program_id,
        written,
        owner_id=member_id,
        received=received,
        quota=photos.quota_of(context.program.settings),
        now=context.now,
    )


@get("/uploads/loan-photo/{name:str}", opt={"access": PUBLIC, "operation": SHOW_PHOTO})
async def show_photo(request: HttpRequest) -> Stream:
    """The photo or its thumbnail. The signature in the address is the credential."""
    shared = services(request)
    # Not taken apart: what comes twice, or was added, makes it another address than the one that was signed.
    query = request.scope["query_string"].decode("latin-1")
    try:
        opened = await photos.opened_at_address(
            shared.photos, request.path_params["name"], query, now=shared.clock()
        )
    except PhotosUnavailable as error:
        raise RequestRefused(FailureKind.UNAVAILABLE) from error
    if opened is None:
        raise Refused("not_found")
    return Stream(
        opened.chunks,
        media_type=opened.content_type,
        headers={
            "content-length": str(opened.size_bytes),
            "cache-control": opened.cache_control,
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


def _received(file: FormPart) -> ReceivedPhoto:
    """What came. Raises Refused("photo_type_unsupported") for what is no picture, whatever it is called."""
    mime_type = photos.received_mime_type(file.content)
    if mime_type is None:
        raise Refused("photo_type_unsupported")
    return ReceivedPhoto(_clean_name(file.file_name), mime_type, len(file.content))


def _member_id(form: Sequence[FormPart]) -> str:
    """Raises Refused("member_id_missing")."""
    for part in form:
        if part.name == "memberId" and part.file_name is None:
            text = part.content.decode("utf-8", "replace").strip()
            if text:
                return text
    raise Refused("member_id_missing")


def _file(form: Sequence[FormPart]) -> FormPart:
    """Raises Refused("photo_missing")."""
    for name in FILE_FIELDS:
        for part in form:
            if part.name == name and part.content:
                return part
    raise Refused("photo_missing")


def _clean_name(file_name: str | None) -> str | None:
    """What a file was called, without the way to it and without what cannot be written."""
    last = re.split(r"[/\\]", file_name or "")[-1]
    name = "".join(sign for sign in last if unicodedata.category(sign) not in ("Cc", "Cs", "Cf", "Zl", "Zp"))
    return name.strip()[:NAME_LENGTH_MAX] or None


HANDLERS: list[HTTPRouteHandler] = [upload_photo, show_photo]
