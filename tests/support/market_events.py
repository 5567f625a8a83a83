"""What happens in a shop, and how its receivers see it."""

from collections import Counter
from typing import Any
from uuid import uuid4

import msgspec
from standardwebhooks import Webhook

from tests.support.markets import Markets
from tests.support.webhook_endpoints import Received

LONG_AGO = "2020-01-01T00:00:00Z"
KINDS = Counter(["referral.click", "referral.conversion", "referral.fraud_flag", "referral.reward_payable"])
"""What is told after `happen` and maturing."""


def said(webhook: Received) -> dict[str, Any]:
    """The body."""
    decoded: dict[str, Any] = msgspec.json.decode(webhook.body)
    return decoded


def of_type(webhooks: list[Received], kind: str) -> list[dict[str, Any]]:
    """The data of the events of a type."""
    return [body["data"] for body in map(said, webhooks) if body["type"] == kind]


async def happen(market: Markets) -> dict[str, str]:
    """A click, an order that is paid and whose reward is due, and a flag. What they are about."""
    rid = await market.rid()
    await market.ok(market.click(rid, "phone"))
    order_id = await market.order(rid, deliveredAt=LONG_AGO)
    flagged = str(uuid4())
    for order in (str(uuid4()), flagged):
        await market.ok(market.validation(rid, order, device="shared"))
    return {"rid": rid, "order": order_id, "flagged": flagged}


def verifies(secret: str, webhook: Received) -> bool:
    """Whether the published library takes it, as of that secret and just now."""
    try:
        Webhook(secret).verify(webhook.body, webhook.headers)
    except Exception:
        return False
    return True
