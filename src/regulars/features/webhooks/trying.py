"""An endpoint is tried out: one webhook that nobody keeps, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from regulars.base.clock import Clock
from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.features.webhooks import store_endpoints
from regulars.features.webhooks.catalogue import WEBHOOK_TEST
from regulars.features.webhooks.catalogue_data import TestData
from regulars.features.webhooks.model import Endpoint
from regulars.features.webhooks.model_delivery import Answer
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.sending import sender_to
from regulars.features.webhooks.signing import body_of, headers_of


async def secrets_of(
    connection: Connection, seal: SecretSeal, endpoint: Endpoint, now: datetime
) -> list[str]:
    """The secrets that are valid, the newest first. Raises Refused: unreadable_secret."""
    sealed = await store_endpoints.select_secrets(connection, endpoint, now)
    opened = [seal.unseal(secret, endpoint.program_id, endpoint.endpoint_id) for secret, _ in sealed]
    secrets = [secret for secret in opened if secret is not None]
    if not secrets:
        raise Refused("unreadable_secret")
    return secrets


async def try_out(network: Network, endpoint: Endpoint, secrets: Sequence[str], clock: Clock) -> Answer:
    """What the endpoint, disabled or not, answers to an event of the type `webhook.test`.

    Raises Refused: invalid_url for one that webhooks do not go to any more.
    """
    sender = sender_to(network, endpoint.url)
    if sender is None:
        raise Refused("invalid_url")
    data = TestData(endpoint.endpoint_id)
    body = body_of(WEBHOOK_TEST.name, clock(), msgspec.json.encode(data).decode())
    try:
        return await sender.post(headers_of(new_id(), clock(), body, secrets), body)
    finally:
        await sender.close()
