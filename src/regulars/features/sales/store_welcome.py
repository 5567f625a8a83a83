"""The statement of a welcome, which goes out together with those of other features."""

from datetime import datetime

from regulars.db.handover import statement_after
from regulars.db.pipeline import Pipeline, Sent

COUNT_VISITS = statement_after(
    """
select count(*) from sales
where program_id = %(program_id)s and member_id = %(member_id)s and sold_at >= %(since)s
""",
    "member_id",
    "uuid",
)


def send_visits(pipeline: Pipeline, program_id: int, since: datetime) -> Sent:
    """The question how many sales were logged from `since` on of the member whom a statement before it finds.

    One row with the number.
    """
    parameters = {"program_id": b"%d" % program_id, "since": since.isoformat().encode()}
    return pipeline.send(COUNT_VISITS, parameters)
