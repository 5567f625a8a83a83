"""The demo's endpoint, and the receiver that shows what it is told."""

from datetime import datetime, timedelta

from regulars.db.database import Connection
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.sealing import SecretSeal

RECEIVER_VARIABLE = "WEBHOOK_RECEIVER_URL"
DESCRIPTION = "the demo's receiver"


async def endpoint_secret(
    connection: Connection, secret_key: str, program_id: int, hook_url: str, now: datetime
) -> str:
    """A new secret of the demo's endpoint, which is told of everything at this address from now on.

    Secrets cannot be read back, and the receiver of this run may listen elsewhere than the one before it.
    """
    seal = SecretSeal(secret_key)
    for known in await endpoints.list_endpoints(connection, program_id):
        if known.description == DESCRIPTION:
            number = known.endpoint_id
            await endpoints.change_endpoint(
                connection, program_id, number, url=hook_url, is_private_allowed=True, now=now
            )
            await endpoints.switch_endpoint(connection, program_id, number, enabled=True, now=now)
            rotated = await endpoints.rotate_secret(
                connection, seal, program_id, number, overlap=timedelta(0), now=now
            )
            return rotated.secret
    made = await endpoints.add_endpoint(
        connection,
        seal,
        program_id,
        url=hook_url,
        types=["*"],
        description=DESCRIPTION,
        is_private_allowed=True,
        now=now,
    )
    return made.secret
