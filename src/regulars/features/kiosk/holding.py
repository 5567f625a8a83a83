"""Carts: whose they are, and the rewards that are set aside for them until they are paid or time is up.

Whoever holds or redeems rewards of a cart locks the cart first, then its holds, then the customer's accounts.
"""

from datetime import timedelta
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.base.ids import new_id
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import rules, rules_holds, store_carts
from regulars.features.kiosk.model import CartHold, CartLink, RequestKey, Terms
from regulars.features.kiosk.model_orders import HoldRequest, HoldStatus, StoredHold
from regulars.features.kiosk.purse import Purse, accounts_of
from regulars.features.ledger.actions import Books, transact
from regulars.features.passes import actions as passes

TOO_FEW = "insufficient_rewards"
TOO_MANY = "mvp_max_one_reward"


async def attach(
    connection: Connection, venue: Location, cart_session_id: str, member_id: UUID, clock: Clock
) -> CartLink:
    """The cart is this customer's from now on, whoever's it was. One round trip.

    Raises Refused: customer_not_found, invalid_field.
    """
    cart = rules.checked_text(cart_session_id, "cart_session_id")
    pipeline = Pipeline(connection)
    attached = store_carts.send_attach(pipeline, venue, cart, member_id, clock())
    await pipeline.flush()
    if not attached.rows:
        raise Refused("customer_not_found")
    return CartLink(cart, member_id)


async def apply_reward(
    connection: Connection,
    program: Program,
    venue: Location,
    cart_session_id: str,
    member_id: UUID,
    reward_count: int,
    key: RequestKey | None,
    clock: Clock,
) -> CartHold:
    """Rewards of the customer that are set aside for the cart, or have been already. Two round trips.

    A cart that is nobody's yet becomes the customer's. Guards in this order: the customer, the count, the
    key, the customer's hold on this cart, what the cart may hold, what is available. A key remembers its
    hold, and its refusal where the last two refused. `connection` is idle and in autocommit mode.

    Raises Refused: invalid_field, customer_not_found, invalid_reward_count, mvp_max_one_reward (also when the
    cart holds too many already), idempotency_conflict, insufficient_rewards.
    """
    wanted = HoldRequest(
        program_id=venue.program_id,
        location_id=venue.location_id,
        scope=key.scope if key is not None else "",
        key=rules.checked_key(key).key if key is not None else "",
        cart_session_id=rules.checked_text(cart_session_id, "cart_session_id"),
        member_id=member_id,
        reward_count=reward_count,
        created_at=clock(),
    )
    attempt = partial(_Holding, venue=venue, wanted=wanted, terms=rules.terms_of(program), clock=clock)
    held = await transact(connection, lambda pipeline: attempt(pipeline).run())
    # What a key remembers has to be committed, a refusal too.
    if isinstance(held, Refused):
        raise held
    return held


class _Holding:
    """One attempt."""

    def __init__(
        self, pipeline: Pipeline, venue: Location, wanted: HoldRequest, terms: Terms, clock: Clock
    ) -> None:
        self._pipeline, self._venue, self._wanted = pipeline, venue, wanted
        self._terms, self._clock = terms, clock

    async def run(self) -> CartHold | Refused:
        """What came of it; what has to be written waits for the flush that commits."""
        wanted, venue = self._wanted, self._venue
        store_carts.send_open(
            self._pipeline, venue, wanted.cart_session_id, wanted.member_id, wanted.created_at
        )
        _, found = store_carts.send_lock(self._pipeline, venue, wanted.cart_session_id, None)
        requested = self._ask_for_request()
        accounts = accounts_of(wanted.member_id, venue.location_id)
        books = await Books.open(self._pipeline, venue.program_id, accounts.all, self._clock)
        purse = Purse(books, accounts, self._terms, {"cart_session_id": wanted.cart_session_id})
        if not purse.is_somebodys:
            raise Refused("customer_not_found")
        rules_holds.require_count(wanted.reward_count, self._terms)
        before = store_carts.request_in(requested) if requested is not None else None
        if before is not None:
            return await self._recalled(before, purse)
        outcome = self._held_already(store_carts.holds_in(found), books) or self._hold(
            store_carts.holds_in(found), books, purse
        )
        books.send()
        return self._remembered(outcome, purse)

    def _ask_for_request(self) -> Sent | None:
        if not self._wanted.key:
            return None
        return store_carts.send_request_question(
            self._pipeline, self._venue, self._wanted.scope, self._wanted.key
        )

    async def _recalled(self, before: HoldRequest, purse: Purse) -> CartHold | Refused:
        """What the key led to the first time, beside today's balance."""
        if not rules_holds.is_same_request(before, self._wanted):
            raise Refused("idempotency_conflict")
        if before.hold_id is None:
            return Refused(str(before.refusal))
        sent = store_carts.send_hold_question(self._pipeline, self._venue, before.hold_id)
        await self._pipeline.flush()
        [hold] = store_carts.holds_in(sent)
        return _answer(hold, purse)

    def _held_already(self, holds: list[StoredHold], books: Books) -> StoredHold | None:
        """The hold that the customer has on the cart."""
        mine = [hold for hold in holds if hold.member_id == self._wanted.member_id]
        return next((hold for hold in mine if hold.is_live(books.now)), None)

    def _hold(self, holds: list[StoredHold], books: Books, purse: Purse) -> StoredHold | Refused:
        """A new hold, in the place of those that have lapsed."""
        wanted, now = self._wanted, books.now
        if rules_holds.is_full(holds, wanted.reward_count, self._terms, now):
            return Refused(TOO_MANY, rewards_max=self._terms.rewards_per_cart_max)
        # Points that are owed go before rewards that are spent.
        if purse.pay_with_rewards():
            passes.send_update(
                self._pipeline, wanted.program_id, wanted.member_id, wanted.location_id, "taken_back", now
            )
        hold_id, expires_at = new_id(), now + timedelta(seconds=self._terms.hold_seconds)
        held = purse.reserve(wanted.reward_count, expires_at, hold_id)
        if held is None:
            return Refused(TOO_FEW)
        lapsed = [hold for hold in holds if hold.status is HoldStatus.ACTIVE and not hold.is_live(now)]
        if lapsed:
            store_carts.send_expired(self._pipeline, self._venue, lapsed, now)
        hold = StoredHold(
            program_id=wanted.program_id,
            location_id=wanted.location_id,
            hold_id=hold_id,
            cart_session_id=wanted.cart_session_id,
            member_id=wanted.member_id,
            venue_rewards=held.venue_rewards,
            program_rewards=held.program_rewards,
            venue_hold_id=held.venue_hold_id,
            program_hold_id=held.program_hold_id,
            discount_minor=wanted.reward_count * self._terms.reward_discount_minor,
            status=HoldStatus.ACTIVE,
            expires_at=expires_at,
            created_at=now,
        )
        store_carts.send_hold(self._pipeline, hold)
        return hold

    def _remembered(self, outcome: StoredHold | Refused, purse: Purse) -> CartHold | Refused:
        """The answer, which the key leads to from now on."""
        if self._wanted.key:
            remembered = (
                replace(self._wanted, refusal=outcome.code)
                if isinstance(outcome, Refused)
                else replace(self._wanted, hold_id=outcome.hold_id)
            )
            store_carts.send_request(self._pipeline, remembered)
        return outcome if isinstance(outcome, Refused) else _answer(outcome, purse)


def _answer(hold: StoredHold, purse: Purse) -> CartHold:
    return CartHold(hold.hold_id, hold.expires_at, hold.discount_minor, purse.rewards)
