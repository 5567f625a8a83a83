"""What can be done with answers that are given again: the one door to this feature."""

from datetime import datetime
from uuid import UUID

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.replays import store
from regulars.features.replays.model import ReplayClaim, ReplayedAnswer

__all__ = ["ReplayAttempt", "forget_replays", "forget_replays_of"]

CONFLICT = "replay_conflict"


class ReplayAttempt:
    """One attempt at a request under a key, in a transaction that has just begun.

    Made before the request's own questions are sent, so that whoever repeats a request that is under way
    waits for it and then finds its answer. One more statement with the writes keeps the answer.
    """

    def __init__(self, pipeline: Pipeline, claim: ReplayClaim, now: datetime) -> None:
        self._pipeline, self._claim = pipeline, claim
        self._claimed, self._found = store.send_claim(pipeline, claim, now)

    def earlier_answer(self) -> ReplayedAnswer | None:
        """What the request was answered before; None when the effect is this one's to make.

        To be asked once the pipeline was flushed, before anything is decided. Raises Refused:
        replay_conflict, when another request had the key.
        """
        if self._claimed.rows:
            return None
        # Claims are forgotten after days, and what was in the way of the insert has been committed.
        [(fingerprint, status, body)] = self._found.rows
        if fingerprint != self._claim.fingerprint:
            raise Refused(CONFLICT)
        assert status is not None, "a claim is committed together with its answer"
        return ReplayedAnswer(status, body)

    def keep(self, answer: ReplayedAnswer) -> None:
        """The answer is the request's from the commit on."""
        store.send_answer(self._pipeline, self._claim, answer)


async def forget_replays_of(connection: Connection, program_id: int, subject_id: UUID) -> None:
    """No answer about the member is left. Belongs to the transaction that erases."""
    await store.delete_of_subject(connection, program_id, subject_id)


async def forget_replays(connection: Connection, older_than: datetime, limit: int) -> int:
    """How many answers from before then were forgotten, at most `limit`; their keys are free again."""
    pipeline = Pipeline(connection)
    sent = store.send_forgotten(pipeline, older_than, limit)
    await pipeline.flush()
    return len(sent.rows)
