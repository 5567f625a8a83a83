"""What a program may set: the names of its tiers, and the scheme of a hotel. Pure."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.features.tiers.model import Scheme, Tier, TierRule
from regulars.features.tiers.rules import STAFF

TIERS_MAX = 20
NAME_LENGTH_MAX = 50
VISITS_MAX = 100_000
PERIOD_DAYS_MAX = 3650
HUNDREDTH = Decimal("0.01")


def checked_names(existing: Sequence[Tier], names: Sequence[str]) -> tuple[str, ...]:
    """The names of new tiers as they are stored.

    Refusals, in this order: `too_many_tiers`, `invalid_name` for one that is empty, longer than 50
    characters or not printable, `name_taken` for one that another tier has in whatever case, and for
    "Staff", which is what staff have for a tier.
    """
    if len(existing) + len(names) > TIERS_MAX:
        raise Refused("too_many_tiers", tiers_max=TIERS_MAX)
    taken = {STAFF.lower(), *(tier.name.lower() for tier in existing)}
    cleaned = []
    for name in (raw.strip() for raw in names):
        if not 1 <= len(name) <= NAME_LENGTH_MAX or not name.isprintable():
            raise Refused("invalid_name")
        if name.lower() in taken:
            raise Refused("name_taken")
        taken.add(name.lower())
        cleaned.append(name)
    return tuple(cleaned)


def checked_scheme(tiers: Sequence[Tier], scheme: Scheme) -> Scheme:
    """The scheme as it is stored: its rules up the ladder, its percentages with two decimals.

    Refused as `invalid_scheme` with the first wrong `field`: `period_days` outside 1 to 3650,
    `staff_wet_percent` and `staff_dry_percent`, `tier_id` for a tier that is unknown, named twice, or
    missing although it is the lowest, `visits_min` when the lowest tier does not begin at 0 or thresholds
    do not rise up to 100,000, `wet_percent` and `dry_percent`. A percentage is from 0 to 100 and has two
    decimals at most.
    """
    if not _is_count(scheme.period_days, 1, PERIOD_DAYS_MAX):
        raise _invalid("period_days")
    return replace(
        scheme,
        staff_wet_percent=_percent(scheme.staff_wet_percent, "staff_wet_percent"),
        staff_dry_percent=_percent(scheme.staff_dry_percent, "staff_dry_percent"),
        rules=tuple(
            replace(
                rule,
                wet_percent=_percent(rule.wet_percent, "wet_percent"),
                dry_percent=_percent(rule.dry_percent, "dry_percent"),
            )
            for rule in _rising(_laddered(tiers, scheme.rules))
        ),
    )


def _laddered(tiers: Sequence[Tier], rules: Sequence[TierRule]) -> list[TierRule]:
    """The rules in the order of their tiers, the lowest of which is among them."""
    ranks = {tier.tier_id: rank for rank, tier in enumerate(tiers)}
    if any(rule.tier_id not in ranks for rule in rules):
        raise _invalid("tier_id")
    ladder = sorted(rules, key=lambda rule: ranks[rule.tier_id])
    if len({rule.tier_id for rule in ladder}) < len(ladder) or not ladder or ranks[ladder[0].tier_id] != 0:
        raise _invalid("tier_id")
    return ladder


def _rising(ladder: list[TierRule]) -> list[TierRule]:
    visits_min = 0
    for rule in ladder:
        visits_max = 0 if rule is ladder[0] else VISITS_MAX
        if not _is_count(rule.visits_min, visits_min, visits_max):
            raise _invalid("visits_min")
        visits_min = rule.visits_min + 1
    return ladder


def _percent(value: Decimal, field: str) -> Decimal:
    # In this order: only finite numbers can be compared, and only those of some size rounded.
    if not value.is_finite() or value.is_signed() or value > 100 or value != value.quantize(HUNDREDTH):
        raise _invalid(field)
    return value.quantize(HUNDREDTH)


def _is_count(value: int, least: int, most: int) -> bool:
    return type(value) is int and least <= value <= most


def _invalid(field: str) -> Refused:
    return Refused("invalid_scheme", field=field)
