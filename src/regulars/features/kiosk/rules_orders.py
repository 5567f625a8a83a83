"""Which order a payment is about, and what of its points has to come back. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from regulars.features.kiosk.model import Dispute
from regulars.features.kiosk.model_orders import OrderStatus, StoredOrder
from regulars.features.kiosk.rules import points_to_take_back

_PROGRESS = list(OrderStatus)


def furthest(orders: Sequence[StoredOrder], order_id: str) -> StoredOrder | None:
    """Of the order with this id and that of its payment's event: the one that got further, else the former.

    An event earns once, and an order earns once, whichever comes first.
    """
    return max(
        orders, key=lambda order: (_PROGRESS.index(order.status), order.order_id == order_id), default=None
    )


def refunded(order: StoredOrder, refunded_minor: int) -> tuple[StoredOrder, int]:
    """The order with so much refunded in all, and how many points that takes which were not taken yet.

    Refunds only grow: one that is told late changes nothing.
    """
    return _reckoned(order, replace(order, refunded_minor=max(order.refunded_minor, refunded_minor)))


def disputed(order: StoredOrder, dispute: Dispute) -> tuple[StoredOrder, int]:
    """The order with a dispute as it stands now, and how many points that takes; gives them back below 0.

    What is told late changes nothing. Of what was told in one second, the decision counts, and then what
    takes the money: in whatever order it is told, it ends in the same state.
    """
    told = {known.dispute_id: known for known in order.disputes}
    told[dispute.dispute_id] = max(
        told.get(dispute.dispute_id, dispute),
        dispute,
        key=lambda one: (one.told_at, one.is_closed, one.takes_money),
    )
    return _reckoned(order, replace(order, disputes=tuple(told.values())))


def why_taken(order: StoredOrder) -> str:
    """What the history says of points that such an order takes back."""
    return "order_disputed" if order.is_disputed else "order_refunded"


def _reckoned(before: StoredOrder, after: StoredOrder) -> tuple[StoredOrder, int]:
    goes = points_to_take_back(after.points_earned, after.total_minor or 0, after.lost_minor)
    return replace(after, points_taken_back=goes), goes - before.points_taken_back
