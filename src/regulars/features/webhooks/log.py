"""Looking back: what happened, what became of the telling, and telling it once more."""

from datetime import datetime
from itertools import chain
from uuid import UUID

from msgspec import Struct

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.webhooks import store_log
from regulars.features.webhooks.model import Delivery, DeliveryState, StoredEvent

REPLAYED_MAX = 10_000
"""So many of each kind are replayed at once, so that it stays a short transaction."""


_STATES: tuple[DeliveryState, ...] = ("pending", "failed", "delivered")


class Replayed(Struct, frozen=True):
    """How many deliveries had failed and begin anew, and how many events were missed and are told now."""

    failed: int
    missed: int

    @property
    def is_all(self) -> bool:
        """Whether nothing is left that would be replayed as well."""
        return self.failed < REPLAYED_MAX and self.missed < REPLAYED_MAX


async def list_events(
    connection: Connection, program_id: int, *, event_type: str | None = None, limit: int
) -> list[StoredEvent]:
    """The newest events that an endpoint wanted, of one type if one is given."""
    return await store_log.select_events(connection, program_id, event_type, limit)


async def list_deliveries(
    connection: Connection,
    program_id: int,
    endpoint_id: int,
    *,
    state: DeliveryState | None = None,
    limit: int,
) -> list[Delivery]:
    """What waits for the endpoint, the next first, then what is past, the newest first; or one state only."""
    states = _STATES if state is None else (state,)
    waiting, *past = [
        await store_log.select_deliveries(connection, program_id, endpoint_id, each, limit) for each in states
    ]
    newest = sorted(chain(*past), key=lambda delivery: delivery.event_id, reverse=True)
    return [*waiting, *newest][:limit]


async def get_delivery(connection: Connection, program_id: int, endpoint_id: int, event_id: UUID) -> Delivery:
    """What became of telling the endpoint of the event. Raises Refused: delivery_not_found."""
    delivery = await store_log.select_delivery(connection, program_id, endpoint_id, event_id)
    if delivery is None:
        raise Refused("delivery_not_found")
    return delivery


async def replay_event(
    connection: Connection, program_id: int, endpoint_id: int, event_id: UUID, now: datetime
) -> None:
    """The event is told to the endpoint once more, under its id, whatever became of it before.

    Raises Refused: event_not_found.
    """
    if not await store_log.replay_one(connection, program_id, endpoint_id, event_id, now):
        raise Refused("event_not_found")
    await store_log.wake(connection)


async def replay_since(
    connection: Connection, program_id: int, endpoint_id: int, since: datetime, now: datetime
) -> Replayed:
    """What the endpoint has not got since then is told: what failed, and what it was never told of."""
    failed = await store_log.replay_failed(connection, program_id, endpoint_id, since, now, REPLAYED_MAX)
    missed = await store_log.replay_missed(connection, program_id, endpoint_id, since, now, REPLAYED_MAX)
    await store_log.wake(connection)
    return Replayed(failed, missed)


async def forget_events(connection: Connection, older_than: datetime, limit: int) -> int:
    """How many events from before then, `limit` at most, are forgotten with their deliveries."""
    return await store_log.forget(connection, older_than, limit)
