"""The statements that ask, in one round trip with others, what a customer was given, has used and uses."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from regulars.db.handover import statement_after
from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.promos.store_uses import CONSUME, SELECT_OF_MEMBER, SELECT_USES

ASSIGNMENTS_OF_MEMBER = Statement(SELECT_OF_MEMBER)
USES = Statement(SELECT_USES)
ASSIGNMENTS_OF_FOUND = statement_after(SELECT_OF_MEMBER, "member_id", "uuid")
USES_OF_FOUND = statement_after(SELECT_USES, "member_id", "uuid")
USE = Statement(CONSUME)


def send_assignments(pipeline: Pipeline, program_id: int, member_id: UUID) -> Sent:
    """The question what was assigned to the member; rows are (promo_id, member_id, expires_at)."""
    parameters = {"program_id": b"%d" % program_id, "member_id": str(member_id).encode()}
    return pipeline.send(ASSIGNMENTS_OF_MEMBER, parameters)


def send_assignments_of_found(pipeline: Pipeline, program_id: int) -> Sent:
    """The same question about the member whom a statement before it has found."""
    return pipeline.send(ASSIGNMENTS_OF_FOUND, {"program_id": b"%d" % program_id})


def send_uses(
    pipeline: Pipeline, program_id: int, promo_ids: Collection[int], member_id: UUID | None
) -> Sent:
    """The question what was used of these promos; rows are (promo_id, overall, of the member)."""
    parameters = {
        "program_id": b"%d" % program_id,
        "promo_ids": _array(promo_ids),
        "member_id": None if member_id is None else str(member_id).encode(),
    }
    return pipeline.send(USES, parameters)


def send_uses_of_found(pipeline: Pipeline, program_id: int, promo_ids: Collection[int]) -> Sent:
    """The same question about the member whom a statement before it has found."""
    parameters = {"program_id": b"%d" % program_id, "promo_ids": _array(promo_ids)}
    return pipeline.send(USES_OF_FOUND, parameters)


def send_use(
    pipeline: Pipeline, program_id: int, promo_id: int, member_id: UUID | None, now: datetime
) -> Sent:
    """The attempt to take a use: one row that says whether one was left, and none without such a promo."""
    parameters = {
        "program_id": b"%d" % program_id,
        "promo_id": b"%d" % promo_id,
        "member_id": None if member_id is None else str(member_id).encode(),
        "now": now.isoformat().encode(),
    }
    return pipeline.send(USE, parameters)


def _array(numbers: Collection[int]) -> bytes:
    return b"{%s}" % ",".join(map(str, numbers)).encode()
