"""Photos of garments: taken in from forms, and shown to whoever was given a signed address."""

import re
import unicodedata
from collections.abc import Sequence

from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.response import Stream

from regulars.base.refusals import Refused
from regulars.contracts.rejoes.context import STORE, id_of, open_context
from regulars.contracts.rejoes.descriptions import SHOW_PHOTO, UPLOAD
from regulars.contracts.rejoes.paths import both
from regulars.contracts.rejoes.wire import UploadAnswer
from regulars.contracts.rejoes.wire_events import PhotoQuery
from regulars.db.database import Connection
from regulars.features.lending import actions as lending
from regulars.features.photos import actions as photos
from regulars.features.photos.model import Photo, PhotoPurpose, PhotosUnavailable, ReceivedPhoto
from regulars.http.access import PUBLIC
from regulars.http.answers import Answer, json_answer
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.forms import FormPart, read_parts
from regulars.http.queries import read_query
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
    limit_bytes = library.limits.received_bytes_max + ENVELOPE_BYTES
    form = await read_parts(request, limit_bytes=limit_bytes)
    member_id = id_of(_member_id(form))
    file = _file(form)
    if photos.received_mime_type(file.content) is None:
        raise Refused("photo_type_unsupported")

    async def require_member(connection: Connection) -> None:
        if not await lending.hold_borrower(connection, context.program_id, member_id):
            raise Refused("member_not_found")

    # Asked before the work, so that photos of nobody cost none, and again where it counts.
    async with database.transaction() as connection:
        await require_member(connection)
    try:
        written = await photos.write_photo(library, file.content, PhotoPurpose.LOAN)
    except PhotosUnavailable as error:
        raise RequestRefused(FailureKind.UNAVAILABLE) from error
    received = ReceivedPhoto(
        _clean_name(file.file_name), photos.received_mime_type(file.content), len(file.content)
    )

    async def record(connection: Connection) -> Photo:
        await require_member(connection)
        return await photos.record_photo(
            connection, context.program_id, written, owner_id=member_id, received=received, now=context.now
        )

    try:
        photo = await database.run(record)
    except Refused:
        await photos.delete_files(library, [written])
        raise
    return json_answer(UploadAnswer(upload_id=str(photo.photo_id)), 201)


@get("/uploads/loan-photo/{name:str}", opt={"access": PUBLIC, "operation": SHOW_PHOTO})
async def show_photo(request: HttpRequest) -> Stream:
    """The photo or its thumbnail. The signature in the address is the credential."""
    shared = services(request)
    query = read_query(request, PhotoQuery)
    try:
        opened = await photos.opened_at_address(
            shared.photos,
            request.path_params["name"],
            expires=query.expires,
            signature=query.signature,
            now=shared.clock(),
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
            "cache-control": "private, max-age=3600",
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )


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
