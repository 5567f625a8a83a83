"""The statements for replays."""

from datetime import datetime
from uuid import UUID

from regulars.db.connection import Connection
from regulars.db.parameters import bytea, parameters
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.replays.model import ReplayClaim, ReplayedAnswer

# The key decides whose request it is: whoever comes second waits here for the first one's end.
INSERT_CLAIM = Statement("""
insert into replays (program_id, scope, key, fingerprint, subject_id, created_at)
values (%(program_id)s, %(scope)s, %(key)s, %(fingerprint)s, %(subject_id)s, %(now)s)
on conflict (program_id, scope, key) do nothing
returning true
""")

# Asked after the insert, so that it sees what was committed while that one waited.
READ_CLAIM = Statement("""
select fingerprint, status, body from replays
where program_id = %(program_id)s and scope = %(scope)s and key = %(key)s
""")

UPDATE_ANSWER = Statement("""
update replays set status = %(status)s, body = %(body)s
where program_id = %(program_id)s and scope = %(scope)s and key = %(key)s
""")

DELETE_OF_SUBJECT = Statement("""
delete from replays where program_id = %(program_id)s and subject_id = %(subject_id)s
""")

# By row address: a join with a set of unknown size would be planned over all rows.
FORGET = Statement("""
delete from replays
where ctid = any(array(select ctid from replays where created_at < %(older_than)s limit %(limit)s))
returning 1
""")


def send_claim(pipeline: Pipeline, claim: ReplayClaim, now: datetime) -> tuple[Sent, Sent]:
    """The claim, if nobody has made it before, and what stands under its key."""
    keys = _keys(claim)
    more = parameters(fingerprint=bytea(claim.fingerprint), subject_id=claim.subject_id, now=now)
    return pipeline.send(INSERT_CLAIM, keys | more), pipeline.send(READ_CLAIM, keys)


def send_answer(pipeline: Pipeline, claim: ReplayClaim, answer: ReplayedAnswer) -> None:
    """The answer of the request that has the key."""
    pipeline.send(UPDATE_ANSWER, _keys(claim) | parameters(status=answer.status, body=bytea(answer.body)))


async def delete_of_subject(connection: Connection, program_id: int, subject_id: UUID) -> None:
    """No answer about the member is left."""
    keys = {"program_id": program_id, "subject_id": subject_id}
    await connection.execute(DELETE_OF_SUBJECT.text, keys)


def send_forgotten(pipeline: Pipeline, older_than: datetime, limit: int) -> Sent:
    """Answers from before then, at most `limit`; one row for each."""
    return pipeline.send(FORGET, parameters(older_than=older_than, limit=limit))


def _keys(claim: ReplayClaim) -> dict[str, bytes | None]:
    return parameters(program_id=claim.program_id, scope=claim.scope, key=claim.key)
