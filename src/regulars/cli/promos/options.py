"""Everything about a promo that can be said on a command line, and what it means.

What is not given stays as it is, or is the usual for a new promo. The word "none" takes a condition away.
"""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

Text = str | None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Conditions:
    """When, where, for whom and how often a promo is valid. All of them have to be met."""

    description: Annotated[Text, Parameter(help="A text for the till; none for no text.")] = None
    valid_from: Annotated[
        Text, Parameter(help="First moment, on the hotel's clock: 2026-06-01 or 2026-06-01T17:00, or none.")
    ] = None
    valid_until: Annotated[
        Text, Parameter(help="Last moment, on the hotel's clock; a day lasts until its end. Or none.")
    ] = None
    time_from: Annotated[Text, Parameter(help="Each day from this time on, such as 17:00; or none.")] = None
    time_until: Annotated[
        Text,
        Parameter(help="Each day until this time, such as 19:00; before --time-from, it is the next day."),
    ] = None
    days: Annotated[Text, Parameter(help="Days of the week: mon,wed or mon-fri; or none for every day.")] = (
        None
    )
    members_only: Annotated[
        bool | None, Parameter(help="Whether only customers who were identified may use it.")
    ] = None
    assigned_only: Annotated[
        bool | None, Parameter(help="Whether it is only for customers it was assigned to.")
    ] = None
    minimum_spend: Annotated[
        Text, Parameter(help="Smallest bill, in the hotel's currency: 10 or 10.50; or none.")
    ] = None
    limit: Annotated[Text, Parameter(help="How often it may be used by all together; or none.")] = None
    limit_per_customer: Annotated[Text, Parameter(help="How often each customer may use it; or none.")] = None
    location: Annotated[
        tuple[str, ...] | None,
        Parameter(
            help="Slug of a location it is valid at. May be given several times; none for all.", negative=()
        ),
    ] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Discounts:
    """What a promo code gives in place of the tier's rates."""

    wet: Annotated[Text, Parameter(help="Percentage off drinks, in place of the tier's.")] = None
    dry: Annotated[Text, Parameter(help="Percentage off food, in place of the tier's.")] = None


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Bonuses:
    """How a loyalty bonus raises the tier's rates."""

    multiplier: Annotated[
        Text, Parameter(help="What the tier's percentages are multiplied by, such as 2 or 1.5.")
    ] = None
    add_wet: Annotated[
        Text, Parameter(help="Percentage points more off drinks; the multiplier does not count then.")
    ] = None
    add_dry: Annotated[
        Text, Parameter(help="Percentage points more off food; the multiplier does not count then.")
    ] = None


NO_CONDITIONS = Conditions()
NO_DISCOUNTS = Discounts()
NO_BONUSES = Bonuses()
