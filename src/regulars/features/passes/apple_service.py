"""Apple's web service for passes, as its phones call it: what each call is answered.

The table is that of the protocol: every answer has its status here, because the phones act on it. A phone
proves by the pass's own token that it has the pass; asking what has changed and logging take no proof.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from uuid import UUID

import msgspec

from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.passes import rules, store, store_registrations
from regulars.features.passes.apple_bundle import AppleSigner
from regulars.features.passes.model import FaceOf, Pass

APPLE_MEDIA_TYPE = "application/vnd.apple.pkpass"

REGISTERING_MAX = timedelta(hours=1)
"""How long it may take from fetching a pass to registering for it; what changed meanwhile is told then."""

_logger = logging.getLogger(__name__)


class Answer(msgspec.Struct, frozen=True):
    """What a phone is answered. `body` is of `media_type`; `last_modified` is the header of that name."""

    status: int
    body: bytes = b""
    media_type: str | None = None
    last_modified: str | None = None


class ChangedPasses(msgspec.Struct, frozen=True, rename="camel"):
    """The serial numbers that have changed, and what to ask with next time: text, never a number."""

    serial_numbers: list[str]
    last_updated: str


UNAUTHORIZED = Answer(HTTPStatus.UNAUTHORIZED)


async def register(
    connection: Connection,
    apple: AppleSigner,
    *,
    device: str,
    pass_type: str,
    serial: str,
    authorization: str | None,
    push_token: str,
    now: datetime,
) -> Answer:
    """201 for a phone that is new to the pass, 200 for one that was there, 401 without the pass's token.

    A phone that comes back may have another push token, which counts from then on. Raises Refused:
    invalid_push_token, invalid_device.
    """
    pass_id = _proven(apple, pass_type, serial, authorization)
    if pass_id is None:
        return UNAUTHORIZED
    if not rules.is_push_token(push_token):
        raise Refused("invalid_push_token")
    if not rules.is_device(device):
        raise Refused("invalid_device")
    card = await store.select_by_serial(connection, pass_id)
    if card is None:
        return UNAUTHORIZED
    digest = apple.keys.digest(device)
    sealed = apple.keys.seal(push_token, digest)
    is_new = await store_registrations.register(connection, card, digest, sealed, now)
    if is_new is None:
        return UNAUTHORIZED
    if not is_new:
        return Answer(HTTPStatus.OK)
    await store.requeue_changed(connection, card, now - REGISTERING_MAX, now)
    return Answer(HTTPStatus.CREATED)


async def unregister(
    connection: Connection,
    apple: AppleSigner,
    *,
    device: str,
    pass_type: str,
    serial: str,
    authorization: str | None,
) -> Answer:
    """200, also for a phone that was not there; 401 without the pass's token."""
    pass_id = _proven(apple, pass_type, serial, authorization)
    if pass_id is None:
        return UNAUTHORIZED
    if rules.is_device(device):
        await store_registrations.unregister(connection, apple.keys.digest(device), pass_id)
    return Answer(HTTPStatus.OK)


async def list_changed(
    connection: Connection, apple: AppleSigner, *, device: str, pass_type: str, since: str | None
) -> Answer:
    """200 with the serial numbers that have changed since the tag, all without one; 204 when there are none.

    What was told under a tag is not told again under it. A tag of the future, from before the database was
    brought back from a backup, counts as none. Waits for changes that are just being committed.
    """
    if pass_type != apple.settings.pass_type_identifier or not rules.is_device(device):
        return Answer(HTTPStatus.NO_CONTENT)
    passes = await store_registrations.select_of_device(connection, apple.keys.digest(device))
    tag = rules.to_tag(since)
    if tag is not None and passes and tag > await store_registrations.select_last_sequence(connection):
        tag = None
    changed = [(pass_id, sequence) for pass_id, sequence in passes if tag is None or sequence > tag]
    if not changed:
        return Answer(HTTPStatus.NO_CONTENT)
    told = ChangedPasses(
        serial_numbers=[str(pass_id) for pass_id, _ in changed],
        last_updated=str(max(sequence for _, sequence in changed)),
    )
    return Answer(HTTPStatus.OK, msgspec.json.encode(told), "application/json")


async def fetch(
    database: Database,
    apple: AppleSigner,
    face_of: FaceOf,
    *,
    pass_type: str,
    serial: str,
    authorization: str | None,
    if_modified_since: str | None,
) -> Answer:
    """200 with the signed pass as it is now, 304 when the phone has it, 401 without the pass's token.

    No connection is kept while the face is read on another one: all phones fetch at once after a push.
    """
    pass_id = _proven(apple, pass_type, serial, authorization)
    if pass_id is None:
        return UNAUTHORIZED
    async with database.connection() as connection:
        card = await store.read_by_serial(connection, pass_id)
    if card is None:
        return UNAUTHORIZED
    if not rules.is_modified(card.modified_at, if_modified_since):
        return Answer(HTTPStatus.NOT_MODIFIED, last_modified=rules.to_http_date(card.modified_at))
    return await pass_answer(apple, card, face_of)


async def pass_answer(apple: AppleSigner, card: Pass, face_of: FaceOf) -> Answer:
    """200 with the signed pass as it is now; 401 for one that shows nothing any more.

    The face is read after the pass: what is newer than its date is fetched once too often, never too rarely.
    """
    face = await face_of(card)
    if face is None:
        return UNAUTHORIZED
    return Answer(
        HTTPStatus.OK,
        await apple.bundle_aside(card, face),
        APPLE_MEDIA_TYPE,
        rules.to_http_date(card.modified_at),
    )


def log(lines: Sequence[str]) -> Answer:
    """200; the first lines are in the server's log, cut, without what looks like an id or a token."""
    for line in rules.loggable(list(lines)):
        _logger.warning("a phone reports about its passes: %s", line)
    return Answer(HTTPStatus.OK)


def _proven(apple: AppleSigner, pass_type: str, serial: str, authorization: str | None) -> UUID | None:
    """The pass that the caller has proved to have; the database is not asked for others."""
    pass_id = rules.to_serial(serial)
    if pass_id is None or pass_type != apple.settings.pass_type_identifier:
        return None
    token = rules.presented_token(authorization)
    return pass_id if apple.keys.is_authentic(pass_id, token) else None
