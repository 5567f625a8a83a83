"""The statements for Stripe's events and for the order in which Stripe is asked."""

from datetime import datetime
from typing import LiteralString

from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent, Statement

INSERT_EVENT = Statement("""
insert into stripe_events (program_id, consumer, event_id, received_at)
values (%(program_id)s, %(consumer)s, %(event_id)s, %(now)s)
on conflict do nothing
returning event_id
""")

NEXT_QUESTION: LiteralString = "select nextval('stripe_question_numbers')"

# By row address rather than by key, as for the ledger's claims.
FORGET_EVENTS: LiteralString = """
delete from stripe_events
where ctid = any(array(select ctid from stripe_events where received_at < %(before)s limit %(limit)s))
"""


def send_event(pipeline: Pipeline, program_id: int, consumer: str, event_id: str, now: datetime) -> Sent:
    """The row of an event, with the pipeline's next flush. It returns no row if the event has one already."""
    return pipeline.send(
        INSERT_EVENT,
        {
            "program_id": b"%d" % program_id,
            "consumer": consumer.encode(),
            "event_id": event_id.encode(),
            "now": now.isoformat().encode(),
        },
    )


async def next_question(connection: Connection) -> int:
    """A number greater than every one before it."""
    cursor = await connection.execute(NEXT_QUESTION)
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def forget_events(connection: Connection, before: datetime, limit: int) -> int:
    """How many events were forgotten that came in before a moment."""
    cursor = await connection.execute(FORGET_EVENTS, {"before": before, "limit": limit})
    return cursor.rowcount
