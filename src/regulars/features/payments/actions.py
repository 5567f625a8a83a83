"""What can be done with Stripe: the one door to this feature for everything above it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.payments import store
from regulars.features.payments.model import Event, StripeSettings, Subject
from regulars.features.payments.rules import dispute_of, is_of_now, refunded_minor_in, subject_of

if TYPE_CHECKING:
    from regulars.features.payments.client import Stripe

__all__ = [
    "Subject",
    "connected",
    "dispute_of",
    "forget_events",
    "next_question",
    "refunded_minor_in",
    "send_event",
    "subject_of",
    "verify_event",
]


class _Data(msgspec.Struct, frozen=True):
    object: dict[str, Any]


class _Envelope(msgspec.Struct, frozen=True):
    id: str
    type: str
    data: _Data
    created: int = 0


_envelope = msgspec.json.Decoder(_Envelope).decode


def verify_event(payload: bytes, signature: str | None, settings: StripeSettings, now: datetime) -> Event:
    """The event, if Stripe signed these very bytes, at most five minutes from now.

    `payload` is the body as it came, `signature` the header `Stripe-Signature`. Raises Refused:
    stripe_not_configured, missing_stripe_signature, signature_verification_failed.
    """
    if settings.webhook_secret is None:
        raise Refused("stripe_not_configured")
    if not signature:
        raise Refused("missing_stripe_signature")
    # It takes a second to load, which only servers that meet Stripe have to spend.
    import stripe

    try:
        stripe.WebhookSignature.verify_header(payload.decode(), signature, settings.webhook_secret)
        envelope = _envelope(payload)
    except (stripe.SignatureVerificationError, msgspec.MsgspecError, UnicodeError) as error:
        raise Refused("signature_verification_failed") from error
    # The library lets signatures from the future pass, and knows no time but its own.
    if not is_of_now(signature, now):
        raise Refused("signature_verification_failed")
    return Event(envelope.id, envelope.type, envelope.data.object, envelope.created)


@asynccontextmanager
async def connected(settings: StripeSettings) -> "AsyncIterator[Stripe]":
    """Stripe, to be asked inside the block and never inside a transaction: an answer may take its time.

    Raises Refused: stripe_not_configured.
    """
    from regulars.features.payments import client

    async with client.connected(settings) as stripe:
        yield stripe


async def next_question(connection: Connection) -> int:
    """A number to be taken before Stripe is asked for something.

    Of two answers about the same thing, the one with the greater number knows all that the other one does.
    """
    return await store.next_question(connection)


def send_event(pipeline: Pipeline, program_id: int, consumer: str, event: Event, now: datetime) -> Sent:
    """Notes that a consumer takes in an event, in the caller's transaction.

    After the flush it has one row, or none if the consumer took it in before; who does so now is waited for.
    """
    return store.send_event(pipeline, program_id, consumer, event.event_id, now)


async def forget_events(connection: Connection, before: datetime, limit: int = 1000) -> int:
    """How many events were forgotten that came in before a moment; a job that tidies.

    Stripe repeats an event for three days by itself, and for thirty when asked to.
    """
    return await store.forget_events(connection, before, limit)
