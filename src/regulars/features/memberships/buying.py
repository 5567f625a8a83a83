"""How a membership is bought: the one checkout session that a member has open.

Stripe is asked outside of any transaction. The row of the checkout holds the key under which it is asked, so
those who come at once ask under one key, and Stripe makes one session for all of them.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection, Database
from regulars.features.members import actions as members
from regulars.features.members.model import Status
from regulars.features.memberships import rules, store, store_checkouts
from regulars.features.memberships.model import CheckoutWish, OpenCheckout, Purchase
from regulars.features.memberships.standing import status_of
from regulars.features.payments import actions as payments
from regulars.features.payments.model import NewCheckout, StripeSettings

if TYPE_CHECKING:
    from regulars.features.payments.client import Stripe

LIFETIME = timedelta(hours=23)
"""How long a session stays open; Stripe allows up to 24 hours."""

USABLE_MIN = timedelta(hours=1)
"""How long a session has to last when it is handed out again."""

ATTEMPTS_MAX = 5


async def checkout(database: Database, settings: StripeSettings, purchase: Purchase, clock: Clock) -> str:
    """The address of the page on which the member buys the membership."""
    if settings.secret_key is None or settings.price_id is None or settings.cancel_url is None:
        raise Refused("stripe_not_configured")
    async with database.connection() as connection:
        wish = await _wish(connection, purchase, settings.price_id, settings.cancel_url)
    async with payments.connected(settings) as stripe:
        counter = _Counter(database, stripe, wish, clock)
        for _ in range(ATTEMPTS_MAX):
            url = await counter.serve()
            if url is not None:
                return url
    # Others of the same member keep on asking for something else at this very moment.
    raise Refused("stripe_unavailable")


async def _wish(connection: Connection, purchase: Purchase, price_id: str, cancel_url: str) -> CheckoutWish:
    """What is to be bought. Raises Refused: customer_not_found, already_a_member."""
    program, venue, member_id = purchase.program, purchase.venue, purchase.member_id
    member = await members.get(connection, program.program_id, member_id)
    if member is None or member.status == Status.ERASED:
        raise Refused("customer_not_found")
    if (await status_of(connection, program.program_id, member_id, venue.location_id)).is_live:
        raise Refused("already_a_member")
    metadata = rules.metadata_for(program, venue, member_id, rules.terms_of(program))
    wish = CheckoutWish(
        program_id=program.program_id,
        member_id=member_id,
        location_id=rules.location_for(metadata, venue),
        price_id=price_id,
        success_url=purchase.return_url or cancel_url,
        cancel_url=cancel_url,
        customer_id=await store.latest_customer(connection, program.program_id, member_id),
        metadata=metadata,
    )
    return replace(wish, terms=rules.digest_of(wish))


class _Counter:
    """Serves one caller: finds the open session, or has it made."""

    def __init__(self, database: Database, stripe: "Stripe", wish: CheckoutWish, clock: Clock) -> None:
        self._database, self._stripe, self._wish, self._clock = database, stripe, wish, clock
        self._used_up: OpenCheckout | None = None

    async def serve(self) -> str | None:
        """The address, or None when it has to be tried again, as the open session is of no use."""
        now = self._clock()
        async with self._database.connection() as connection:
            checkout = await store_checkouts.take_checkout(
                connection,
                self._wish,
                new_key=uuid4(),
                used_up_key=None if self._used_up is None else self._used_up.checkout_key,
                now=now,
                usable_until=now + USABLE_MIN,
                # Stripe counts in whole seconds, and whoever repeats the question has to ask the very same.
                expires_at=(now + LIFETIME).replace(microsecond=0),
            )
        if checkout.session_id is None:
            return await self._open(checkout) if checkout.is_as_wished else None
        return await self._reuse(checkout, checkout.session_id)

    async def _open(self, checkout: OpenCheckout) -> str | None:
        try:
            session = await self._stripe.create_checkout_session(_new_checkout(self._wish, checkout))
        except Refused:
            # Stripe would repeat its failure under this key.
            async with self._database.connection() as connection:
                await store_checkouts.abandon_checkout(connection, self._wish, checkout)
            raise
        assert session.url is not None, "Stripe shows the page itself"
        async with self._database.connection() as connection:
            is_ours = await store_checkouts.finish_checkout(
                connection, self._wish, checkout, session.session_id, session.url
            )
        if is_ours:
            return session.url
        await self._stripe.expire_checkout_session(session.session_id)
        return None

    async def _reuse(self, checkout: OpenCheckout, session_id: str) -> str | None:
        """Raises Refused: already_a_member, for one who has paid and whose membership is on its way."""
        session = await self._stripe.checkout_session(session_id)
        if session is not None and session.status == "open":
            if checkout.is_as_wished:
                return checkout.url
            await self._stripe.expire_checkout_session(session_id)
        elif session is not None and session.status == "complete" and session.subscription_id is not None:
            async with self._database.connection() as connection:
                known = await store.select_membership(
                    connection, self._wish.program_id, session.subscription_id
                )
            if known is None:
                raise Refused("already_a_member")
        self._used_up = checkout
        return None


def _new_checkout(wish: CheckoutWish, checkout: OpenCheckout) -> NewCheckout:
    return NewCheckout(
        key=checkout.checkout_key,
        reference=str(wish.member_id),
        success_url=wish.success_url,
        cancel_url=wish.cancel_url,
        price_id=wish.price_id,
        metadata=wish.metadata,
        expires_at=checkout.expires_at,
        customer_id=wish.customer_id,
    )
