"""The statements that ask, in one round trip with others, what a customer was given and has used."""

from collections.abc import Collection
from uuid import UUID

from regulars.db.pipeline import Pipeline, Sent, Statement
from regulars.features.promos.store_uses import SELECT_OF_MEMBER, SELECT_USES

ASSIGNMENTS_OF_MEMBER = Statement(SELECT_OF_MEMBER)
USES = Statement(SELECT_USES)


def send_assignments(pipeline: Pipeline, program_id: int, member_id: UUID) -> Sent:
    """The question what was assigned to the member; rows are (promo_id, member_id, expires_at)."""
    parameters = {"program_id": b"%d" % program_id, "member_id": str(member_id).encode()}
    return pipeline.send(ASSIGNMENTS_OF_MEMBER, parameters)


def send_uses(
    pipeline: Pipeline, program_id: int, promo_ids: Collection[int], member_id: UUID | None
) -> Sent:
    """The question what was used of these promos; rows are (promo_id, overall, of the member)."""
    parameters = {
        "program_id": b"%d" % program_id,
        "promo_ids": b"{%s}" % ",".join(map(str, promo_ids)).encode(),
        "member_id": None if member_id is None else str(member_id).encode(),
    }
    return pipeline.send(USES, parameters)
