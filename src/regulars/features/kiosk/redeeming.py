"""What an order that is paid redeems: the rewards that its cart holds, once, before or after it earned.

Three round trips: whose rewards they are is known only when the cart's holds were read.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import balances, rules, rules_holds, store_carts, store_orders
from regulars.features.kiosk.model import Redeemed, RedeemStatus, Terms
from regulars.features.kiosk.model_orders import RedeemedOrder, StoredHold
from regulars.features.kiosk.purse import EVERYWHERE, Held, Purse, accounts_of
from regulars.features.ledger.actions import Books, transact
from regulars.features.passes import actions as passes


async def redeem(
    connection: Connection,
    program: Program,
    venue: Location,
    order_id: str,
    payment_event_id: str,
    cart_session_id: str | None,
    clock: Clock,
) -> Redeemed:
    """What became of the rewards held for the order, durable when this returns.

    The holds are those of the cart that is named and of the cart that the order came from. One that lapsed
    before the payment is redeemed all the same if the balance allows. Said again, or for another cart, the
    order has redeemed already; so has a cart that another order redeemed. `connection` is idle and in
    autocommit mode. Raises Refused: invalid_field. After DatabaseUnavailable it may be repeated.
    """
    attempt = partial(
        _Redeeming,
        venue=venue,
        order_id=rules.checked_text(order_id, "order_id"),
        payment_event_id=rules.checked_text(payment_event_id, "payment_event_id"),
        cart_session_id=rules.checked_text(cart_session_id, "cart_session_id") if cart_session_id else None,
        terms=rules.terms_of(program),
        clock=clock,
    )
    redeemed = await transact(connection, lambda pipeline: attempt(pipeline).run())
    if redeemed.status is RedeemStatus.REDEEMED or redeemed.member_id is None:
        return redeemed
    today = await balances.read(connection, venue, redeemed.member_id, clock())
    return replace(redeemed, rewards=today.rewards)


class _Redeeming:
    """One attempt."""

    def __init__(
        self,
        pipeline: Pipeline,
        venue: Location,
        order_id: str,
        payment_event_id: str,
        cart_session_id: str | None,
        terms: Terms,
        clock: Clock,
    ) -> None:
        self._pipeline, self._venue, self._terms, self._clock = pipeline, venue, terms, clock
        self._order_id, self._payment_event_id = order_id, payment_event_id
        self._cart_session_id = cart_session_id

    async def run(self) -> Redeemed:
        """What came of it; what has to be written waits for the flush that commits."""
        pipeline, venue = self._pipeline, self._venue
        _, found = store_carts.send_lock(pipeline, venue, self._cart_session_id, self._order_id)
        # Asked for after the cart is locked, so that whoever redeemed it meanwhile is seen.
        earlier = store_orders.send_redeemed_question(pipeline, venue, self._order_id, self._payment_event_id)
        customers = store_orders.send_customers(pipeline, venue, self._order_id, self._cart_session_id)
        await pipeline.flush()
        before = store_orders.redeemed_in(earlier)
        if before is not None:
            return Redeemed(before.member_id, before.rewards, RedeemStatus.ALREADY_REDEEMED, 0)
        holds = store_carts.holds_in(found)
        if not holds:
            return _nothing(store_orders.customer_in(customers))
        books = await self._open_books(holds)
        chosen = rules_holds.redeemable(holds, books.now)
        if not chosen:
            last = rules_holds.redeemed_before(holds)
            assert last is not None, "what is neither alive nor lapsed was redeemed"
            return Redeemed(last.member_id, last.reward_count, RedeemStatus.ALREADY_REDEEMED, 0)
        return self._redeem(books, chosen)

    async def _open_books(self, holds: Sequence[StoredHold]) -> Books:
        owners = dict.fromkeys(hold.member_id for hold in holds)
        references = [
            reference
            for member_id in owners
            for reference in accounts_of(member_id, self._venue.location_id).all
        ]
        return await Books.open(self._pipeline, self._venue.program_id, references, self._clock)

    def _redeem(self, books: Books, holds: Sequence[StoredHold]) -> Redeemed:
        """The holds, each of which has an owner, as one redeem of the order's."""
        about = {"order_id": self._order_id, "payment_event_id": self._payment_event_id}
        redeemed: list[tuple[StoredHold, Purse]] = []
        for hold in holds:
            purse = Purse(books, accounts_of(hold.member_id, self._venue.location_id), self._terms, about)
            if _spend(purse, hold, books):
                redeemed.append((hold, purse))
        if not redeemed:
            # Whatever was decided on the way is left undone.
            return _nothing(holds[0].member_id)
        books.send()
        self._write(books, [hold for hold, _ in redeemed])
        for hold, purse in redeemed:
            self._update_passes(books, hold.member_id, everywhere=purse.touched_everywhere)
        owner, purse = redeemed[0][0].member_id, redeemed[0][1]
        count = sum(hold.reward_count for hold, _ in redeemed)
        return Redeemed(owner, count, RedeemStatus.REDEEMED, purse.rewards)

    def _write(self, books: Books, holds: Sequence[StoredHold]) -> None:
        venue = self._venue
        order = RedeemedOrder(
            program_id=venue.program_id,
            location_id=venue.location_id,
            order_id=self._order_id,
            payment_event_id=self._payment_event_id,
            member_id=holds[0].member_id,
            rewards=sum(hold.reward_count for hold in holds),
            redeemed_at=books.now,
        )
        store_orders.send_redeemed(self._pipeline, order)
        store_carts.send_redeemed(self._pipeline, venue, holds, self._order_id, books.now)

    def _update_passes(self, books: Books, member_id: UUID, *, everywhere: bool) -> None:
        venue = self._venue
        location_id = EVERYWHERE if everywhere else venue.location_id
        passes.send_update(
            self._pipeline, venue.program_id, member_id, location_id, "reward_redeemed", books.now
        )


def _spend(purse: Purse, hold: StoredHold, books: Books) -> bool:
    """Whether the rewards of the hold, or as many others once it has lapsed, could be redeemed."""
    if not purse.is_somebodys:
        return False
    held = Held(hold.venue_rewards, hold.program_rewards, hold.venue_hold_id, hold.program_hold_id)
    if hold.is_live(books.now) and purse.holds(held):
        purse.redeem_held(held)
        return True
    purse.pay_with_rewards()
    return purse.redeem(hold.reward_count)


def _nothing(member_id: UUID | None) -> Redeemed:
    status = RedeemStatus.NO_CUSTOMER if member_id is None else RedeemStatus.NO_HOLD
    return Redeemed(member_id, 0, status, 0)
