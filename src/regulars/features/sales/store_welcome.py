"""The statement of a welcome, which goes out together with those of other features."""

from datetime import datetime
from uuid import UUID

from regulars.db.pipeline import Pipeline, Sent
from regulars.features.sales.store import COUNT_VISITS


def send_visits(pipeline: Pipeline, program_id: int, member_id: UUID, since: datetime) -> Sent:
    """The question how many sales of the member were logged from `since` on: one row with the number."""
    parameters = {
        "program_id": b"%d" % program_id,
        "member_id": str(member_id).encode(),
        "since": since.isoformat().encode(),
    }
    return pipeline.send(COUNT_VISITS, parameters)
