"""What goes again of an order's points when its money goes, so that nobody gains by buying and returning."""

from collections.abc import Callable
from functools import partial

from regulars.base.clock import Clock
from regulars.base.refusals import Refused
from regulars.db.database import Connection
from regulars.db.pipeline import Pipeline
from regulars.features.access.model import Location, Program
from regulars.features.kiosk import rules, rules_orders, store_orders
from regulars.features.kiosk.model import TOTAL_MINOR_MAX, Dispute, Terms
from regulars.features.kiosk.model_orders import OrderStatus, StoredOrder
from regulars.features.kiosk.purse import Purse, accounts_of
from regulars.features.ledger.actions import Books, transact
from regulars.features.passes import actions as passes

GIVE_BACK = "order_reinstated"

Change = Callable[[StoredOrder], tuple[StoredOrder, int]]
"""What becomes of an order, and how many points that takes, or gives back below 0."""


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
        change=lambda order: rules_orders.refunded(order, refunded_minor),
        terms=rules.terms_of(program),
        clock=clock,
    )
    return await transact(connection, lambda pipeline: attempt(pipeline).run())


async def dispute_order(
    connection: Connection, program: Program, venue: Location, order_id: str, dispute: Dispute, clock: Clock
) -> None:
    """The order counts as not paid for as long as one of its disputes takes the money.

    All of its points go then, as by a refund; a dispute that is won gives back those that no refund has
    taken. Disputes may be told again, late, and before the payment. `connection` is idle and in autocommit
    mode. Raises Refused: invalid_field.
    """
    rules.checked_text(dispute.dispute_id, "dispute_id")
    attempt = partial(
        _TakingBack,
        venue=venue,
        order_id=rules.checked_text(order_id, "order_id"),
        payment_event_id=None,
        change=lambda order: rules_orders.disputed(order, dispute),
        terms=rules.terms_of(program),
        clock=clock,
    )
    await transact(connection, lambda pipeline: attempt(pipeline).run())


class _TakingBack:
    """One attempt."""

    def __init__(
        self,
        pipeline: Pipeline,
        venue: Location,
        order_id: str | None,
        payment_event_id: str | None,
        change: Change,
        terms: Terms,
        clock: Clock,
    ) -> None:
        self._pipeline, self._venue, self._terms, self._clock = pipeline, venue, terms, clock
        self._order_id, self._payment_event_id = order_id, payment_event_id
        self._change = change

    async def run(self) -> bool:
        """Whether there is something to do it to; what has to be written waits for the flush that commits."""
        sent = store_orders.send_lock(self._pipeline, self._venue, self._order_id, self._payment_event_id)
        await self._pipeline.flush()
        order = rules_orders.furthest(store_orders.orders_in(sent), self._order_id or "")
        if order is None:
            return self._keep_for_later()
        changed, points = self._change(order)
        if changed == order:
            return True
        if points != 0:
            await self._move(changed, points)
        store_orders.send_changed(self._pipeline, changed)
        return True

    async def _move(self, order: StoredOrder, points: int) -> None:
        """Takes so many points, or gives them back below 0."""
        assert order.member_id is not None, "what has earned has a customer"
        accounts = accounts_of(order.member_id, self._venue.location_id)
        books = await Books.open(self._pipeline, self._venue.program_id, accounts.all, self._clock)
        about = {"order_id": order.order_id, "payment_event_id": order.payment_event_id}
        purse = Purse(books, accounts, self._terms, about)
        # An erased customer has nothing left to take, and nobody is there to give it to.
        if not purse.is_somebodys:
            return
        action = rules_orders.why_taken(order) if points > 0 else GIVE_BACK
        purse.take_back(points, action)
        purse.give_back(-points, action)
        books.send()
        passes.send_update(
            self._pipeline, order.program_id, order.member_id, order.location_id, action, books.now
        )

    def _keep_for_later(self) -> bool:
        if self._order_id is None:
            return False
        now = self._clock()
        unpaid = StoredOrder(
            program_id=self._venue.program_id,
            location_id=self._venue.location_id,
            order_id=self._order_id,
            payment_event_id=None,
            status=OrderStatus.REFUND_KNOWN,
            total_minor=None,
            currency=None,
            paid_at=None,
            created_at=now,
            updated_at=now,
        )
        told, _ = self._change(unpaid)
        store_orders.send_new(self._pipeline, told)
        return True
