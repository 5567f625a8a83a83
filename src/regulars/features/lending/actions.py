"""What can be done with loans: the one door to this feature for everything above it."""

from uuid import UUID

from regulars.db.database import Connection
from regulars.features.lending import store_borrowers
from regulars.features.lending.checking_out import Checkout
from regulars.features.lending.due import tell_due
from regulars.features.lending.enrolling import add_borrower, apply_subscription, take_news
from regulars.features.lending.erasing import erase, erase_customer
from regulars.features.lending.reading import find_by_card, wardrobe_of
from regulars.features.lending.returning import Return
from regulars.features.lending.rules import checkout as after_checkout
from regulars.features.lending.rules import swap as after_swap
from regulars.features.lending.rules import take_back as after_return
from regulars.features.lending.rules_cycle import add_months
from regulars.features.lending.rules_cycle import at as in_present_cycle
from regulars.features.lending.rules_forgotten import CustomerKey
from regulars.features.lending.rules_plans import first_plan, plan_meant, plan_named, plans_of
from regulars.features.lending.rules_subscription import new_borrower
from regulars.features.lending.swapping import Swap

__all__ = [
    "Checkout",
    "CustomerKey",
    "Return",
    "Swap",
    "add_borrower",
    "add_months",
    "after_checkout",
    "after_return",
    "after_swap",
    "apply_subscription",
    "erase",
    "erase_customer",
    "find_by_card",
    "first_plan",
    "hold_borrower",
    "in_present_cycle",
    "new_borrower",
    "plan_meant",
    "plan_named",
    "plans_of",
    "take_news",
    "tell_due",
    "wardrobe_of",
]


async def hold_borrower(connection: Connection, program_id: int, member_id: UUID) -> bool:
    """Whether there is such a borrower, who is not erased before the end of the transaction."""
    return await store_borrowers.hold(connection, program_id, member_id)
