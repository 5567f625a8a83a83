"""What one customer may claim of promos: those that were assigned, and what is left of limited ones."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.promos import store_claims
from regulars.features.promos.model import Assignment, Promo, Uses


class Claims:
    """What a customer may claim, as the database answers; it can be read once the pipeline was flushed.

    What was not asked was not assigned, and not used.
    """

    def __init__(self, assignments: Sent | None, uses: Sent | None) -> None:
        self._assignments, self._uses = assignments, uses

    @property
    def assignments(self) -> list[Assignment]:
        """What was assigned to the customer, expired assignments included."""
        return [Assignment(*row) for row in self._assignments.rows] if self._assignments else []

    @property
    def uses(self) -> dict[int, Uses]:
        """What was used of each promo, by everybody and by the customer."""
        rows = self._uses.rows if self._uses else []
        return {promo_id: Uses(overall, of_member) for promo_id, overall, of_member in rows}


class Consumption:
    """A use of a promo that is asked for together with other things; see `actions.consume`.

    Whether one was left can be read once the pipeline was flushed, in a transaction: whoever asks holds all
    others up until it ends.
    """

    def __init__(self, pipeline: Pipeline, promo: Promo, member_id: UUID | None, now: datetime) -> None:
        self._sent = store_claims.send_use(pipeline, promo.program_id, promo.promo_id, member_id, now)

    @property
    def is_taken(self) -> bool:
        """True: a use was left and is taken. False: it is an overuse, and counted as such."""
        assert self._sent.rows, "promos are never deleted"
        return bool(self._sent.rows[0][0])


def claims_of_found(pipeline: Pipeline, program_id: int, promo_ids: Collection[int]) -> Claims:
    """What may be claimed by the customer whom the statement before these finds, in the same round trip.

    That statement hands its `member_id` over (`db.handover`). `promo_ids` are those whose uses matter.
    """
    assignments = store_claims.send_assignments_of_found(pipeline, program_id)
    uses = store_claims.send_uses_of_found(pipeline, program_id, promo_ids) if promo_ids else None
    return Claims(assignments, uses)


async def claims_of(
    connection: Connection, program_id: int, promo_ids: Collection[int], member_id: UUID | None
) -> Claims:
    """What the customer may claim, already there; `promo_ids` are the promos whose uses matter.

    Without a customer there is nothing assigned, and only what everybody used of them. One round trip, and
    none if there is nothing to ask.
    """
    pipeline = Pipeline(connection)
    assignments = uses = None
    if member_id is not None:
        assignments = store_claims.send_assignments(pipeline, program_id, member_id)
    if promo_ids:
        uses = store_claims.send_uses(pipeline, program_id, promo_ids, member_id)
    if assignments or uses:
        await pipeline.flush()
    return Claims(assignments, uses)
