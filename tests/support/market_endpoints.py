"""Endpoints of a shop on a running server, what became of telling them, and time that passes for them."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from regulars.base.clock import utc_now
from regulars.features.webhooks import endpoints, log
from regulars.features.webhooks.line_round import LEASE
from regulars.features.webhooks.model import Delivery, Endpoint
from regulars.features.webhooks.sealing import SecretSeal
from regulars.settings_secrets import generated_secret_key
from tests.support.markets import Markets

PRIVATE: Any = {"REGULARS_WEBHOOKS_TO_PRIVATE_ADDRESSES": "true"}
"""What lets a server tell receivers on this machine."""

LOG_MAX = 100_000

Lease = tuple[UUID, UUID, int]
"""Somebody's round, an event and an endpoint in it."""


class MarketEndpoints:
    """Who is told of what happens in a shop."""

    def __init__(self, market: Markets) -> None:
        self.secrets: dict[int, str] = {}
        self._market = market
        self._seal = SecretSeal(generated_secret_key(market.server.site.directory))

    async def add(self, url: str, *types: str) -> int:
        """The number of a new endpoint that is told of these types, or of all that referrals do."""
        async with self._market.database.transaction() as connection:
            made = await endpoints.add_endpoint(
                connection,
                self._seal,
                self._market.program.program_id,
                url=url,
                types=types or ("referral.*",),
                is_private_allowed=True,
                now=utc_now(),
            )
        self.secrets[made.endpoint.endpoint_id] = made.secret
        return made.endpoint.endpoint_id

    async def endpoint(self, endpoint_id: int) -> Endpoint:
        """The endpoint as it is now."""
        async with self._market.database.connection() as connection:
            return await endpoints.get_endpoint(connection, self._market.program.program_id, endpoint_id)

    async def enable(self, endpoint_id: int) -> None:
        """The operator lets the endpoint be told again."""
        async with self._market.database.transaction() as connection:
            program_id, now = self._market.program.program_id, utc_now()
            await endpoints.switch_endpoint(connection, program_id, endpoint_id, enabled=True, now=now)

    async def log(self, endpoint_id: int) -> list[Delivery]:
        """What became of the endpoint's deliveries."""
        async with self._market.database.connection() as connection:
            return await log.list_deliveries(
                connection, self._market.program.program_id, endpoint_id, limit=LOG_MAX
            )

    async def until_logged(
        self, endpoint_id: int, condition: Callable[[list[Delivery]], bool], seconds_max: float = 30
    ) -> list[Delivery]:
        """The endpoint's log, as soon as it is like this."""
        async with asyncio.timeout(seconds_max):
            while not condition(deliveries := await self.log(endpoint_id)):
                await asyncio.sleep(0.02)
        return deliveries

    async def pass_time(self, duration: timedelta) -> None:
        """What waits for an endpoint is due so much earlier, and whoever delivers looks at once.

        A server's clock cannot be moved, but all that depends on it here are these moments.
        """
        async with self._market.database.transaction() as connection:
            await connection.execute(
                "update webhook_deliveries set due_at = due_at - %s "
                "where program_id = %s and due_at is not null and lease_id is null",
                [duration, self._market.program.program_id],
            )
            await connection.execute("select pg_notify('regulars_webhooks', '')")

    async def leases(self) -> set[Lease]:
        """What somebody has taken, for a minute from when that was, and not put down."""
        rows = await self._market.rows(
            "select lease_id, event_id, endpoint_id from webhook_deliveries "
            "where program_id = %(program_id)s and lease_id is not null and due_at < now() + %(lease)s",
            lease=LEASE,
        )
        return {(lease_id, event_id, endpoint_id) for lease_id, event_id, endpoint_id in rows}

    async def end_leases(self, leases: set[Lease]) -> None:
        """The time of these is over, and they come before everything else."""
        async with self._market.database.transaction() as connection:
            await connection.execute(
                "update webhook_deliveries set due_at = now() - interval '1 day' "
                "where program_id = %s and lease_id = any(%s)",
                [self._market.program.program_id, [lease_id for lease_id, _, _ in leases]],
            )
            await connection.execute("select pg_notify('regulars_webhooks', '')")

    async def waiting(self) -> int:
        """How many deliveries are still to be made."""
        [(count,)] = await self._market.rows(
            "select count(*) from webhook_deliveries where program_id = %(program_id)s and due_at is not null"
        )
        return int(count)

    async def event_ids(self) -> set[UUID]:
        """All that happened."""
        rows = await self._market.rows("select event_id from events where program_id = %(program_id)s")
        return {event_id for (event_id,) in rows}
