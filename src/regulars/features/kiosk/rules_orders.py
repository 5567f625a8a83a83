"""Which order a payment is about, and what of its points has to come back. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

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
    all_refunded = max(order.refunded_minor, refunded_minor)
    goes = points_to_take_back(order.points_earned, order.total_minor or 0, all_refunded)
    changed = replace(order, refunded_minor=all_refunded, points_taken_back=goes)
    return changed, goes - order.points_taken_back
