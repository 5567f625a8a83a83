"""What a program has set for its kiosks, what an order earns, and what kiosks may send. Pure.

The figures are those of the Sessions Rewards contract (notes, "Earning").
"""

from msgspec.structs import replace

from regulars.base.money import minor_digits
from regulars.base.refusals import Refused
from regulars.features.access.model import Location, Program
from regulars.features.kiosk.model import TOTAL_MINOR_MAX, PaidOrder, RequestKey, Terms
from regulars.features.kiosk.model_settings import PHONE_REGION, TERMS

TEXT_LENGTH_MAX = 200


def terms_of(program: Program) -> Terms:
    """What the program has set, each under `sessions.` and the field's name.

    A value out of bounds counts as the nearest one within, a value of another type as not set.
    """
    return Terms(**{field: setting.read_from(program.settings) for field, setting in TERMS.items()})


def phone_region(venue: Location) -> str:
    """Where (ISO 3166-1) the venue's customers dial from."""
    return PHONE_REGION.read_from(venue.settings)


def points_for(total_minor: int, currency: str, terms: Terms, *, is_live_member: bool) -> int:
    """The points that an order earns: for each whole unit of its currency, doubled for live members.

    999 pence are 9 points, 1500 yen are 1500, 1234 pence of a member are 24. A total of zero or less earns
    nothing.
    """
    unit_minor: int = 10 ** minor_digits(currency)
    units = max(total_minor, 0) // unit_minor
    return units * terms.points_per_unit * (terms.membership_multiplier if is_live_member else 1)


def rewards_for(points: int, terms: Terms) -> int:
    """How many rewards so many points turn into: 235 points are 2, and 35 points remain."""
    return points // terms.points_per_reward


def rewards_covering(points: int, terms: Terms) -> int:
    """How many rewards have to be turned back for so many points, which may be fewer than they make."""
    return -(-points // terms.points_per_reward)


def points_to_take_back(points_earned: int, total_minor: int, refunded_minor: int) -> int:
    """How many of an order's points go when so much of it, in all, was refunded.

    What stays is the part of the points that is still paid for, rounded down: no sequence of buying and
    returning leaves more than keeping did, and a full refund leaves nothing.
    """
    if total_minor <= 0:
        return 0
    still_paid = total_minor - min(max(refunded_minor, 0), total_minor)
    return points_earned - points_earned * still_paid // total_minor


def checked_order(order: PaidOrder, venue: Location) -> PaidOrder:
    """The order as it is kept: texts trimmed, in the venue's currency unless it names one.

    Refused as `invalid_field` with the `field`: an id or a cart that is empty or longer than 200
    characters, a currency that is no code, a total beyond 10^11.
    """
    currency = (order.currency or venue.currency).strip().upper()
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        raise Refused("invalid_field", field="currency")
    if abs(order.total_minor) > TOTAL_MINOR_MAX:
        raise Refused("invalid_field", field="total_minor")
    cart_session_id = order.cart_session_id
    return replace(
        order,
        order_id=checked_text(order.order_id, "order_id"),
        payment_event_id=checked_text(order.payment_event_id, "payment_event_id"),
        cart_session_id=checked_text(cart_session_id, "cart_session_id") if cart_session_id else None,
        currency=currency,
    )


def checked_key(key: RequestKey) -> RequestKey:
    """The key. Refused as `invalid_field` when it is empty or too long."""
    return RequestKey(key.scope, checked_text(key.key, "idempotency_key"))


def checked_text(text: str, field: str) -> str:
    """The id, trimmed. Refused as `invalid_field` when it is empty, too long, or cannot be stored."""
    trimmed = text.strip()
    if not 1 <= len(trimmed) <= TEXT_LENGTH_MAX or not _is_storable(trimmed):
        raise Refused("invalid_field", field=field)
    return trimmed


def _is_storable(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)
