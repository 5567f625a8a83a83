"""Answers a request under an idempotency key: once, and from then on with the same bytes.

The key, the effect and the answer are one transaction. A request that comes while the first one is under way
waits for it. Refusals that a repetition must not undo are kept as answers are; all others leave the key free.
"""

import hashlib
from collections.abc import Callable, Collection
from datetime import datetime

import msgspec

from regulars.base.refusals import Refused
from regulars.db.database import Database
from regulars.db.pipeline import Pipeline
from regulars.db.transactions import transact
from regulars.features.replays.actions import ReplayAttempt
from regulars.features.replays.model import KEY_LENGTH_MAX, ReplayClaim, ReplayedAnswer
from regulars.http.answers import Answer
from regulars.http.contract import ErrorTable
from regulars.http.failures import failure_of
from regulars.http.requests import HttpRequest, header

Decide = Callable[[], Answer]
Begin = Callable[[Pipeline], Decide]
"""Sends a request's questions, and returns what decides once they are answered: that sends what has to be
written and returns the answer, or raises Refused before it has sent anything."""

KEY_MISSING, KEY_INVALID = "idempotency_key_missing", "idempotency_key_invalid"


async def answered_once(
    database: Database,
    claim: ReplayClaim,
    begin: Begin,
    *,
    errors: ErrorTable,
    kept_refusals: Collection[str],
    now: datetime,
) -> Answer:
    """The answer that `begin` leads to, or the one that the same request got before. Two round trips.

    `begin` may be called several times, for attempts that lost a race. A refusal whose code is one of
    `kept_refusals` is put into the contract's envelope by `errors` and kept. Raises Refused: replay_conflict
    for another request under the key, and what was refused and is not kept; DatabaseUnavailable.
    """

    async def attempt(pipeline: Pipeline) -> Answer:
        replay = ReplayAttempt(pipeline, claim, now)
        decide = begin(pipeline)
        await pipeline.flush()
        earlier = replay.earlier_answer()
        if earlier is not None:
            return Answer(earlier.status, earlier.body)
        try:
            answer = decide()
        except Refused as refusal:
            if refusal.code not in kept_refusals:
                raise
            answer = errors(failure_of(refusal))
        replay.keep(ReplayedAnswer(answer.status, answer.body))
        return answer

    async with database.connection() as connection:
        return await transact(connection, attempt)


def required_key(request: HttpRequest, name: str) -> str:
    """The idempotency key in the header `name`, in lower case, with or without quotes around it.

    Raises Refused: idempotency_key_missing, idempotency_key_invalid for one of more than 255 characters.
    """
    key = header(request, name)
    if key is not None and len(key) > 1 and key[0] == key[-1] == '"':
        key = key[1:-1].strip()
    if not key:
        raise Refused(KEY_MISSING)
    if len(key) > KEY_LENGTH_MAX:
        raise Refused(KEY_INVALID)
    return key


def fingerprint_of(path: str, body: msgspec.Struct) -> bytes:
    """What all requests have in common that say this to this path, however they write it."""
    return hashlib.sha256(path.encode() + b"\0" + msgspec.json.encode(body)).digest()
