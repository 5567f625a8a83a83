"""What a paid order earns: once for each order and each payment event, whichever comes first.

Two round trips where the payment names the customer: what is known of the order, the membership and the
accounts are read and locked together; everything is written together. One more finds a customer whom it does
not name. Orders at once that are one order meet in its key, and the losers begin again and find it.
"""

from functools import partial
from uuid import UUID

from msgspec.structs import replace

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline, Sent
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import balances, rules, rules_orders, store_orders
from regulars.features.kiosk.model import Earned, PaidOrder, Terms
from regulars.features.kiosk.model_orders import OrderStatus, StoredOrder
from regulars.features.kiosk.purse import Purse, accounts_of
from regulars.features.ledger.actions import Books, transact
from regulars.features.memberships import actions as memberships
from regulars.features.passes import actions as passes


async def earn(
    connection: Connection, program: Program, venue: Location, order: PaidOrder, clock: Clock
) -> Earned:
    """What the order earned, durable when this returns; for a repetition what it earned the first time.

    Nobody is known to have paid: zeros, and a repetition that names or finds the customer still earns.
    `connection` is idle and in autocommit mode. Raises Refused: customer_not_found for a customer that the
    payment names, and those of `rules.checked_order`. After DatabaseUnavailable it may be repeated.
    """
    checked = rules.checked_order(order, venue)
    attempt = partial(_Earning, venue=venue, order=checked, terms=rules.terms_of(program), clock=clock)
    earned = await transact(connection, lambda pipeline: attempt(pipeline).run())
    if not earned.replayed or earned.member_id is None:
        return earned
    # The first one may have been somebody else's than this request says.
    today = await balances.read(connection, venue, earned.member_id, clock())
    return replace(earned, points=today.points, rewards=today.rewards)


class _Earning:
    """One attempt."""

    def __init__(
        self, pipeline: Pipeline, venue: Location, order: PaidOrder, terms: Terms, clock: Clock
    ) -> None:
        self._pipeline, self._venue, self._order = pipeline, venue, order
        self._terms, self._clock = terms, clock

    async def run(self) -> Earned:
        """What came of it; what has to be written waits for the flush that commits."""
        named = self._order.member_id
        sent = store_orders.send_lock(
            self._pipeline, self._venue, self._order.order_id, self._order.payment_event_id
        )
        member_id = named or await self._find_customer()
        if member_id is None:
            return self._without_customer(self._known(sent))
        membership = memberships.send_status(
            self._pipeline, self._venue.program_id, member_id, self._venue.location_id
        )
        accounts = accounts_of(member_id, self._venue.location_id)
        books = await Books.open(self._pipeline, self._venue.program_id, accounts.all, self._clock)
        known = self._known(sent)
        if known is not None and known.status is OrderStatus.EARNED:
            return _earned_before(known)
        about = {"order_id": self._order.order_id, "payment_event_id": self._order.payment_event_id}
        purse = Purse(books, accounts, self._terms, about)
        if not purse.is_somebodys:
            if named is not None:
                raise Refused("customer_not_found")
            return self._without_customer(known)
        is_live_member = membership.status.is_live
        return self._credit(books, purse, member_id, known, is_live_member=is_live_member)

    def _known(self, sent: Sent) -> StoredOrder | None:
        """What is known of the order, or of its payment's event under another id, whichever got further."""
        return rules_orders.furthest(store_orders.orders_in(sent), self._order.order_id)

    async def _find_customer(self) -> UUID | None:
        found = store_orders.send_customers(
            self._pipeline, self._venue, self._order.order_id, self._order.cart_session_id
        )
        await self._pipeline.flush()
        return store_orders.customer_in(found)

    def _credit(
        self, books: Books, purse: Purse, member_id: UUID, known: StoredOrder | None, *, is_live_member: bool
    ) -> Earned:
        """The points, the rewards they turn into, and what goes again because it was paid back already."""
        paid = self._paid(known, books)
        total_minor, currency = paid.total_minor or 0, paid.currency or self._venue.currency
        points = rules.points_for(total_minor, currency, self._terms, is_live_member=is_live_member)
        earn_id = purse.earn(points)
        purse.pay_with_rewards()
        rewards_converted = purse.convert()
        taken_back = rules.points_to_take_back(points, total_minor, paid.lost_minor)
        purse.take_back(taken_back, rules_orders.why_taken(paid))
        books.send()
        changed = replace(
            paid,
            status=OrderStatus.EARNED,
            member_id=member_id,
            points_earned=points,
            rewards_converted=rewards_converted,
            earn_id=earn_id,
            points_taken_back=taken_back,
            earned_at=books.now,
            updated_at=books.now,
        )
        self._write(changed, known)
        if points > 0:
            venue = self._venue
            passes.send_update(
                self._pipeline, venue.program_id, member_id, venue.location_id, "points_earned", books.now
            )
        return Earned(member_id, points, rewards_converted, purse.points, purse.rewards)

    def _without_customer(self, known: StoredOrder | None) -> Earned:
        """Keeps the order, so that it earns once somebody is known to have paid it."""
        if known is not None and known.status is OrderStatus.EARNED:
            return _earned_before(known)
        if known is None or known.status is OrderStatus.REFUND_KNOWN:
            self._write(self._paid(known, None), known)
        elif known.cart_session_id is None and self._order.cart_session_id is not None:
            self._write(replace(known, cart_session_id=self._order.cart_session_id), known)
        return Earned(None, 0, 0, 0, 0)

    def _paid(self, known: StoredOrder | None, books: Books | None) -> StoredOrder:
        """The order as it was paid: as it was told first, if it was told before."""
        now = books.now if books is not None else self._clock()
        order, venue = self._order, self._venue
        if known is not None and known.status is not OrderStatus.REFUND_KNOWN:
            cart_session_id = known.cart_session_id or order.cart_session_id
            return replace(known, cart_session_id=cart_session_id)
        return StoredOrder(
            program_id=venue.program_id,
            location_id=venue.location_id,
            order_id=order.order_id,
            payment_event_id=order.payment_event_id,
            status=OrderStatus.PAID_NO_CUSTOMER,
            total_minor=order.total_minor,
            currency=order.currency,
            paid_at=order.paid_at or now,
            cart_session_id=order.cart_session_id,
            refunded_minor=known.refunded_minor if known is not None else 0,
            disputes=known.disputes if known is not None else (),
            created_at=now,
            updated_at=now,
        )

    def _write(self, order: StoredOrder, known: StoredOrder | None) -> None:
        if known is None:
            store_orders.send_new(self._pipeline, order)
        else:
            store_orders.send_changed(self._pipeline, order)


def _earned_before(order: StoredOrder) -> Earned:
    return Earned(order.member_id, order.points_earned, order.rewards_converted, 0, 0, replayed=True)
