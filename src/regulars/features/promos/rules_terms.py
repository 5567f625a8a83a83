"""What the terms of a promo may be. Each rule returns them as they are kept, or raises Refused."""

import re
import unicodedata
from collections.abc import Callable
from datetime import datetime, time
from decimal import Decimal
from typing import TypeVar

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.features.promos.model import ZERO, PromoKind, PromoTerms

CODE_LENGTH_MAX = 64
NAME_LENGTH_MAX = 200
DESCRIPTION_LENGTH_MAX = 2000
MIN_SPEND_MINOR_MAX = 10**12
LIMIT_MAX = 2**31 - 1
LOCATION_ID_MAX = 2**31 - 1
PERCENT_MAX = Decimal(100)
MULTIPLIER_MAX = Decimal(100)

_NOT_KEPT = re.compile("[\0\ud800-\udfff]")
"""What PostgreSQL cannot hold in a text: the NUL character and halves of surrogate pairs."""
_HUNDREDTH = Decimal("0.01")
_WEEKDAYS = frozenset(range(1, 8))
_OF_PROMO_CODES = ("wet_percent", "dry_percent")
_OF_BONUSES = ("bonus_multiplier", "bonus_add_wet", "bonus_add_dry")

Terms = TypeVar("Terms", bound=PromoTerms)


def checked_terms(terms: Terms) -> Terms:
    """The terms as they are kept: code in its one spelling, texts trimmed, times to the second.

    Refuses with `invalid_promo`, `field` naming the first of these that cannot be: kind, code, name,
    description, the switches, validity, window, weekdays, minimum spend, percentages, bonus, limits,
    locations. A bonus must raise something; a promo code must give something, since it replaces the tier's
    rates; and neither may carry figures of the other kind, which nobody would ever see at work.
    """
    _require(isinstance(terms.kind, PromoKind), "kind")
    texts = {
        "code": _kept(clean_code(terms.code), "code"),
        "name": _kept(_clean_name(terms.name), "name"),
        "description": _clean_description(terms.description),
    }
    for field in ("active", "requires_membership", "assigned_only"):
        _require(isinstance(getattr(terms, field), bool), field)
    times = _checked_times(terms)
    _require(_is_set_within(terms.weekdays, _WEEKDAYS.__contains__), "weekdays")
    _require(_is_integer(terms.min_spend_minor, 0, MIN_SPEND_MINOR_MAX), "min_spend_minor")
    figures = _checked_figures(terms)
    for field in ("usage_limit", "usage_limit_per_customer"):
        limit = getattr(terms, field)
        _require(limit is None or _is_integer(limit, 1, LIMIT_MAX), field)
    _require(
        _is_set_within(terms.location_ids, lambda number: 1 <= number <= LOCATION_ID_MAX), "location_ids"
    )
    return replace(terms, **texts, **times, **figures)


def clean_code(raw: str) -> str | None:
    """The code as it is kept and compared: trimmed, in upper case; None for what can be no code.

    1 to 64 characters that can be seen; a space may stand between them.
    """
    code = unicodedata.normalize("NFC", unicodedata.normalize("NFC", raw).strip().upper())
    return code if 1 <= len(code) <= CODE_LENGTH_MAX and code.isprintable() else None


def checked_expiry(expires_at: datetime | None) -> datetime | None:
    """When an assignment ends, to the second. Refuses with `invalid_promo`, `field` "expires_at"."""
    return _checked_moment(expires_at, "expires_at")


def _checked_times(terms: PromoTerms) -> dict[str, datetime | time | None]:
    valid_from = _checked_moment(terms.valid_from, "valid_from")
    valid_until = _checked_moment(terms.valid_until, "valid_until")
    _require(valid_from is None or valid_until is None or valid_from <= valid_until, "valid_until")
    time_from = _checked_time(terms.time_from, "time_from")
    time_until = _checked_time(terms.time_until, "time_until")
    # From 18:00 until 18:00 could mean one second or the whole day, so it means nothing.
    _require(time_from is None or time_from != time_until, "time_until")
    return {
        "valid_from": valid_from,
        "valid_until": valid_until,
        "time_from": time_from,
        "time_until": time_until,
    }


def _checked_figures(terms: PromoTerms) -> dict[str, Decimal]:
    figures = {field: _checked_percent(getattr(terms, field), field) for field in _OF_PROMO_CODES}
    multiplier = _checked_percent(terms.bonus_multiplier, "bonus_multiplier", MULTIPLIER_MAX)
    # A multiplier below 1 would lower what it is there to raise.
    _require(multiplier == 0 or multiplier >= 1, "bonus_multiplier")
    figures["bonus_multiplier"] = multiplier
    for field in ("bonus_add_wet", "bonus_add_dry"):
        figures[field] = _checked_percent(getattr(terms, field), field)
    is_bonus = terms.kind is PromoKind.LOYALTY_BONUS
    for field in _OF_PROMO_CODES if is_bonus else _OF_BONUSES:
        _require(figures[field] == 0, field)
    if is_bonus:
        adds = figures["bonus_add_wet"] > 0 or figures["bonus_add_dry"] > 0
        _require(adds or multiplier > 1, "bonus_multiplier")
    else:
        _require(figures["wet_percent"] > 0 or figures["dry_percent"] > 0, "wet_percent")
    return figures


def _checked_percent(value: Decimal, field: str, largest: Decimal = PERCENT_MAX) -> Decimal:
    """The figure with its two decimals; one with more would be rounded, so it is refused."""
    is_in_range = type(value) is Decimal and value.is_finite() and ZERO <= value <= largest
    _require(is_in_range and value == value.quantize(_HUNDREDTH), field)
    # abs() takes the sign off a negative zero.
    return abs(value.quantize(_HUNDREDTH))


def _checked_moment(moment: datetime | None, field: str) -> datetime | None:
    if moment is None:
        return None
    _require(isinstance(moment, datetime) and moment.tzinfo is None, field)
    return moment.replace(microsecond=0, fold=0)


def _checked_time(clock: time | None, field: str) -> time | None:
    if clock is None:
        return None
    _require(isinstance(clock, time) and clock.tzinfo is None, field)
    return clock.replace(microsecond=0, fold=0)


def _clean_name(raw: str) -> str | None:
    """The name on one line, as tills show it; None for an empty one, or one that cannot be shown."""
    name = raw.strip()
    return name if 1 <= len(name) <= NAME_LENGTH_MAX and name.isprintable() else None


def _clean_description(raw: str | None) -> str | None:
    text = raw.strip() if raw is not None else ""
    _require(len(text) <= DESCRIPTION_LENGTH_MAX and not _NOT_KEPT.search(text), "description")
    return text or None


def _is_integer(value: int, smallest: int, largest: int) -> bool:
    return type(value) is int and smallest <= value <= largest


def _is_set_within(values: frozenset[int], allows: Callable[[int], bool]) -> bool:
    return isinstance(values, frozenset) and all(type(value) is int and allows(value) for value in values)


def _kept(text: str | None, field: str) -> str:
    _require(text is not None, field)
    assert text is not None
    return text


def _require(is_fine: bool, field: str) -> None:
    if not is_fine:
        raise Refused("invalid_promo", field=field)
