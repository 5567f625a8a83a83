"""Programs, venues, orders and holds that no database has seen, for the tests of a kiosk's rules."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from regulars.features.access.model import Location, Program
from regulars.features.kiosk.model_orders import HoldStatus, OrderStatus, StoredHold, StoredOrder
from tests.support.enrolment import NOW


def a_program(settings: dict[str, Any] | None = None) -> Program:
    """A program that has set this."""
    return Program(1, "kiosks", "Kiosks", "GBP", "Europe/London", settings or {})


def a_venue(settings: dict[str, Any] | None = None, currency: str = "GBP") -> Location:
    """A venue that has set this."""
    return Location(1, 1, "venue_001", "Venue", "Europe/London", currency, True, settings or {})


def stored_order(order_id: str, status: str, **more: Any) -> StoredOrder:
    """An order as far as it got."""
    given: dict[str, Any] = {
        "program_id": 1, "location_id": 1, "order_id": order_id, "payment_event_id": f"evt_{order_id}",
        "status": OrderStatus(status), "total_minor": 1000, "currency": "GBP", "paid_at": NOW,
        "created_at": NOW, "updated_at": NOW,
    }  # fmt: skip
    return StoredOrder(**given | more)


def stored_hold(number: int, *, minutes: int, status: str = "active", age_minutes: int = 10) -> StoredHold:
    """A hold of one reward that has so many minutes left, made so many minutes ago."""
    return StoredHold(
        program_id=1,
        location_id=1,
        hold_id=UUID(int=number),
        cart_session_id="cart",
        member_id=UUID(int=1),
        venue_rewards=1,
        program_rewards=0,
        venue_hold_id=UUID(int=100 + number),
        program_hold_id=None,
        discount_minor=100,
        status=HoldStatus(status),
        expires_at=NOW + timedelta(minutes=minutes),
        created_at=NOW - timedelta(minutes=age_minutes),
    )
