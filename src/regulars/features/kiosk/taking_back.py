"""What goes again of an order's points when it is refunded, so that nobody gains by buying and returning."""

from functools import partial

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import rules, rules_orders, store_orders
from regulars.features.kiosk.model import TOTAL_MINOR_MAX, Terms
from regulars.features.kiosk.model_orders import OrderStatus, StoredOrder
from regulars.features.kiosk.purse import Purse, accounts_of
from regulars.features.ledger.actions import Books, transact
from regulars.features.passes import actions as passes


async def take_back_order(
    connection: Connection,
    program: Program,
    venue: Location,
    *,
    refunded_minor: int,
    order_id: str | None = None,
    payment_event_id: str | None = None,
    clock: Clock,
) -> bool:
    """Whether the order is known, or will be by its id, and so much of it counts as refunded in all.

    `refunded_minor` is the sum of its refunds so far: the same one again, or an older one, changes nothing.
    Of the points goes what is no longer paid for; where they turned into rewards, those turn back; what was
    spent is owed. A refund that comes before its payment is kept for it. `connection` is idle and in
    autocommit mode. Raises Refused: invalid_field.
    """
    if not 0 <= refunded_minor <= TOTAL_MINOR_MAX:
        raise Refused("invalid_field", field="refunded_minor")
    attempt = partial(
        _TakingBack,
        venue=venue,
        order_id=rules.checked_text(order_id, "order_id") if order_id else None,
        payment_event_id=(
            rules.checked_text(payment_event_id, "payment_event_id") if payment_event_id else None
        ),
        refunded_minor=refunded_minor,
        terms=rules.terms_of(program),
        clock=clock,
    )
    return await transact(connection, lambda pipeline: attempt(pipeline).run())


class _TakingBack:
    """One attempt."""

    def __init__(
        self,
        pipeline: Pipeline,
        venue: Location,
        order_id: str | None,
        payment_event_id: str | None,
        refunded_minor: int,
        terms: Terms,
        clock: Clock,
    ) -> None:
        self._pipeline, self._venue, self._terms, self._clock = pipeline, venue, terms, clock
        self._order_id, self._payment_event_id = order_id, payment_event_id
        self._refunded_minor = refunded_minor

    async def run(self) -> bool:
        """Whether there is something to do it to; what has to be written waits for the flush that commits."""
        sent = store_orders.send_lock(self._pipeline, self._venue, self._order_id, self._payment_event_id)
        await self._pipeline.flush()
        order = rules_orders.furthest(store_orders.orders_in(sent), self._order_id or "")
        if order is None:
            return self._keep_for_later()
        changed, points = rules_orders.refunded(order, self._refunded_minor)
        if changed == order:
            return True
        if points > 0:
            await self._take(changed, points)
        store_orders.send_changed(self._pipeline, changed)
        return True

    async def _take(self, order: StoredOrder, points: int) -> None:
        assert order.member_id is not None, "what has earned has a customer"
        accounts = accounts_of(order.member_id, self._venue.location_id)
        books = await Books.open(self._pipeline, self._venue.program_id, accounts.all, self._clock)
        about = {"order_id": order.order_id, "payment_event_id": order.payment_event_id}
        purse = Purse(books, accounts, self._terms, about)
        # An erased customer has nothing left to take.
        if not purse.is_somebodys:
            return
        purse.take_back(points)
        books.send()
        passes.send_update(
            self._pipeline,
            order.program_id,
            order.member_id,
            order.location_id,
            "order_refunded",
            books.now,
        )

    def _keep_for_later(self) -> bool:
        if self._order_id is None:
            return False
        now = self._clock()
        refund = StoredOrder(
            program_id=self._venue.program_id,
            location_id=self._venue.location_id,
            order_id=self._order_id,
            payment_event_id=None,
            status=OrderStatus.REFUND_KNOWN,
            total_minor=None,
            currency=None,
            paid_at=None,
            refunded_minor=self._refunded_minor,
            created_at=now,
            updated_at=now,
        )
        store_orders.send_new(self._pipeline, refund)
        return True
