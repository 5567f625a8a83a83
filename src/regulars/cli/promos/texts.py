"""What a promo says, in words for people."""

from collections.abc import Mapping
from datetime import datetime

from regulars.cli.parsing import DAYS
from regulars.cli.tables import money_text, percent_text
from regulars.features.access.model import Location
from regulars.features.promos.model import Promo, PromoKind, UseCount


def gives_text(promo: Promo) -> str:
    """What a promo gives, in a few words."""
    if promo.kind is PromoKind.PROMO_CODE:
        return f"{percent_text(promo.wet_percent)} % wet, {percent_text(promo.dry_percent)} % dry"
    if promo.bonus_add_wet or promo.bonus_add_dry:
        return f"{percent_text(promo.bonus_add_wet)} more wet, {percent_text(promo.bonus_add_dry)} more dry"
    return f"{percent_text(promo.bonus_multiplier)} times the tier's"


def valid_text(promo: Promo) -> str:
    """From when until when a promo is valid, on the hotel's clock."""
    parts = []
    if promo.valid_from is not None:
        parts.append(f"from {moment_text(promo.valid_from)}")
    if promo.valid_until is not None:
        parts.append(f"until {moment_text(promo.valid_until)}")
    return " ".join(parts) or "always"


def hours_text(promo: Promo) -> str:
    """From when until when it is valid on each day."""
    parts = []
    if promo.time_from is not None:
        parts.append(f"from {promo.time_from:%H:%M:%S}".removesuffix(":00"))
    if promo.time_until is not None:
        parts.append(f"until {promo.time_until:%H:%M:%S}".removesuffix(":00"))
    return " ".join(parts) or "at all times"


def days_text(promo: Promo) -> str:
    """On which days of the week it is valid."""
    return ", ".join(DAYS[day - 1] for day in sorted(promo.weekdays)) or "every day"


def audience_text(promo: Promo) -> str:
    """For whom it is."""
    if promo.assigned_only:
        return "those it is assigned to"
    if promo.requires_membership:
        return "identified customers"
    if promo.kind is PromoKind.LOYALTY_BONUS:
        return "those it is assigned to, and identified customers who name it"
    return "everybody"


def minimum_text(promo: Promo, places: Mapping[int, Location], usual: str) -> str:
    """The minimum spend in the currencies of the hotels where it is valid, or the usual one."""
    if not promo.min_spend_minor:
        return "–"
    wanted = promo.location_ids or places.keys()
    currencies = sorted({places[location_id].currency for location_id in wanted}) or [usual]
    return ", ".join(money_text(promo.min_spend_minor, currency) for currency in currencies)


def uses_text(promo: Promo, count: UseCount) -> str:
    """How often it was used, and of how many times."""
    return str(count.uses) if promo.usage_limit is None else f"{count.uses} of {promo.usage_limit}"


def state_text(promo: Promo) -> str:
    """Whether it is switched on."""
    return "active" if promo.active else "inactive"


def moment_text(moment: datetime) -> str:
    """A moment on the hotel's clock, with its seconds when it has some."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment.second else f"{moment:%Y-%m-%d %H:%M}"
