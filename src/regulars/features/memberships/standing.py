"""How members stand, for those who decide or show something by it."""

from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.memberships import rules, store
from regulars.features.memberships.model import MembershipStatus


class StatusSent:
    """The question how a member stands; it has its answer once the pipeline was flushed."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    @property
    def status(self) -> MembershipStatus:
        """Of the member's memberships that hold at the venue, the best one's."""
        return rules.best(store.statuses_in(self._sent.rows))


def send_status(pipeline: Pipeline, program_id: int, member_id: UUID, location_id: int) -> StatusSent:
    """How the member stands at a venue, by memberships of this venue or of all, with the next flush."""
    return StatusSent(store.send_statuses(pipeline, program_id, member_id, location_id))


async def status_of(
    connection: Connection, program_id: int, member_id: UUID, location_id: int
) -> MembershipStatus:
    """The same at once."""
    pipeline = Pipeline(connection)
    sent = send_status(pipeline, program_id, member_id, location_id)
    await pipeline.flush()
    return sent.status
