"""What one customer may claim of promos: those that were assigned, and what is left of limited ones."""

from collections.abc import Collection
from uuid import UUID

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.promos import store_claims
from regulars.features.promos.model import Assignment, Uses


class Claims:
    """What is asked of the database about a customer; it can be read once the pipeline was flushed.

    `promo_ids` are the promos whose uses matter. Without a customer (`member_id` None) there is nothing
    assigned, and only what everybody used of them.
    """

    def __init__(
        self, pipeline: Pipeline, program_id: int, promo_ids: Collection[int], member_id: UUID | None
    ) -> None:
        self._assignments = (
            store_claims.send_assignments(pipeline, program_id, member_id) if member_id is not None else None
        )
        self._uses = store_claims.send_uses(pipeline, program_id, promo_ids, member_id) if promo_ids else None

    @property
    def assignments(self) -> list[Assignment]:
        """What was assigned to the customer, expired assignments included."""
        return [Assignment(*row) for row in self._assignments.rows] if self._assignments else []

    @property
    def uses(self) -> dict[int, Uses]:
        """What was used of each promo, by everybody and by the customer."""
        rows = self._uses.rows if self._uses else []
        return {promo_id: Uses(overall, of_member) for promo_id, overall, of_member in rows}


async def claims_of(
    connection: Connection, program_id: int, promo_ids: Collection[int], member_id: UUID | None
) -> Claims:
    """What the customer may claim, already there. One round trip, and none if there is nothing to ask."""
    pipeline = Pipeline(connection)
    claims = Claims(pipeline, program_id, promo_ids, member_id)
    if promo_ids or member_id is not None:
        await pipeline.flush()
    return claims
