"""What the options of `regulars promos` mean for the fields of a promo."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Any

from regulars.base.money import minor_digits
from regulars.cli import parsing
from regulars.cli.choosing import chosen_locations
from regulars.cli.failures import CommandFailed
from regulars.cli.promos.options import Bonuses, Conditions, Discounts
from regulars.cli.session import OpenProgram
from regulars.features.access import actions as access
from regulars.features.sales.actions import to_minor

Part = Discounts | Bonuses | Conditions


def _as_said(said: Any, option: str) -> Any:
    return said


_READERS: dict[str, tuple[str, Callable[[Any, str], Any], Any]] = {
    "wet": ("wet_percent", parsing.percent_of, Decimal(0)),
    "dry": ("dry_percent", parsing.percent_of, Decimal(0)),
    "multiplier": ("bonus_multiplier", parsing.decimal_of, Decimal(0)),
    "add_wet": ("bonus_add_wet", parsing.percent_of, Decimal(0)),
    "add_dry": ("bonus_add_dry", parsing.percent_of, Decimal(0)),
    "description": ("description", _as_said, None),
    "valid_from": ("valid_from", parsing.moment_of, None),
    "valid_until": ("valid_until", parsing.last_moment_of, None),
    "time_from": ("time_from", parsing.time_of, None),
    "time_until": ("time_until", parsing.time_of, None),
    "days": ("weekdays", parsing.weekdays_of, frozenset()),
    "members_only": ("requires_membership", _as_said, None),
    "assigned_only": ("assigned_only", _as_said, None),
    "limit": ("usage_limit", parsing.count_of, None),
    "limit_per_customer": ("usage_limit_per_customer", parsing.count_of, None),
}
"""For each option the field, how it is read, and what "none" makes of it. The rest depends on the program."""


def fields_of(parts: Sequence[Part]) -> dict[str, Any]:
    """The fields that are given, without those that depend on the program's locations.

    Raises CommandFailed for what cannot be read.
    """
    given: dict[str, Any] = {}
    for part in parts:
        for option in fields(part):
            said = getattr(part, option.name)
            if said is not None and option.name in _READERS:
                field, read, nothing = _READERS[option.name]
                written = "--" + option.name.replace("_", "-")
                given[field] = nothing if said == parsing.NONE else read(said, written)
    return given


async def fields_at(
    opened: OpenProgram, said: Conditions, present_ids: Collection[int] = ()
) -> dict[str, Any]:
    """The given fields that depend on the program's locations; `present_ids` are those of the promo so far.

    Raises CommandFailed for a location that is unknown, and for an amount that cannot be read.
    """
    given: dict[str, Any] = {}
    if said.location:
        slugs = [] if said.location == (parsing.NONE,) else list(said.location)
        places = await chosen_locations(opened, slugs)
        given["location_ids"] = frozenset(place.location_id for place in places)
    if said.minimum_spend == parsing.NONE:
        given["min_spend_minor"] = 0
    elif said.minimum_spend is not None:
        amount = parsing.decimal_of(said.minimum_spend, "--minimum-spend")
        currency = await _currency_at(opened, given.get("location_ids", present_ids))
        given["min_spend_minor"] = to_minor(amount, currency, "min_spend_minor")
    return given


async def _currency_at(opened: OpenProgram, location_ids: Collection[int]) -> str:
    """A currency with as many decimals as that of every location where the promo is valid."""
    places = await access.list_locations(opened.connection, opened.program_id)
    currencies = sorted(
        {place.currency for place in places if not location_ids or place.location_id in location_ids}
    ) or [opened.program.currency]
    if len({minor_digits(currency) for currency in currencies}) > 1:
        raise CommandFailed(
            f"--minimum-spend: the hotels' currencies ({', '.join(currencies)}) differ in their decimals, "
            "so one amount cannot be meant; make a promo for each, with --location"
        )
    return currencies[0]
