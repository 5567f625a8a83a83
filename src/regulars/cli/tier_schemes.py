"""What `regulars tiers` does: shows schemes, adds tiers, and changes the scheme of one hotel."""

import re
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
from msgspec.structs import replace

from regulars.base.clock import utc_now
from regulars.cli.choosing import chosen_location
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.parsing import percents_of, unreadable
from regulars.cli.session import OpenProgram, open_program
from regulars.cli.tables import percent_text, show_table
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.features.tiers import actions as tiers
from regulars.features.tiers.model import Scheme, Tier, TierBook, TierRule

_RULE = re.compile(r"(?P<name>.+)=(?P<visits>[0-9]{1,9}):(?P<percents>[^:=]+)", re.ASCII)
_RULE_WRITTEN = "NAME=VISITS:WET/DRY, such as Loyalty=4:8/15"


class Wanted(msgspec.Struct, frozen=True):
    """What an operator said about a scheme, as it was written."""

    rules: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    staff: str | None = None
    period_days: int | None = None
    like: str | None = None


async def show_schemes(slug: str | None, data: Path | None) -> None:
    """Prints what every hotel of the program gives."""
    async with open_program(data, slug) as opened:
        places = await access.list_locations(opened.connection, opened.program_id)
        book = await tiers.load_book(opened.connection, opened.program_id)
    if not places:
        print("there is no hotel yet: add one with 'regulars locations add NAME'")
        return
    _show(book, places)
    if len(book.schemes) < len(places):
        print("(default): it has no scheme of its own; 'regulars tiers set' gives it one")


async def add_tiers(names: Sequence[str], slug: str | None, data: Path | None) -> None:
    """Adds tiers above the present ones. Raises Refused as `tiers.create_tiers` does."""
    async with open_program(data, slug) as opened:
        await tiers.create_tiers(
            opened.connection, opened.program_id, names or tiers.DEFAULT_NAMES, utc_now()
        )
        book = await tiers.load_book(opened.connection, opened.program_id)
    print(f"the program's tiers, lowest first: {_named(book.tiers)}")


async def set_scheme(
    place_slug: str, wanted: Wanted, dry_run: bool, slug: str | None, data: Path | None
) -> None:
    """Changes one hotel's scheme and prints it. Raises Refused as `tiers.set_scheme` does."""
    if wanted == Wanted():
        raise CommandFailed(
            "nothing to set: give --tier, --without, --staff, --period-days or --like", ExitCode.USAGE
        )
    async with open_program(data, slug, dry_run=dry_run) as opened:
        place = await chosen_location(opened, place_slug)
        book = await _book_with_tiers(opened)
        source = place if wanted.like is None else await chosen_location(opened, wanted.like)
        base = replace(tiers.scheme_at(book, source.location_id), location_id=place.location_id)
        scheme = changed_scheme(book.tiers, base, wanted)
        await tiers.set_scheme(opened.connection, opened.program_id, scheme, utc_now())
        book = await tiers.load_book(opened.connection, opened.program_id)
    _show(book, [place])
    print("nothing was changed: --dry-run" if dry_run else f"location {place.slug} has this scheme now")


def changed_scheme(ladder: Sequence[Tier], base: Scheme, wanted: Wanted) -> Scheme:
    """The base with what is wanted laid over it. Raises CommandFailed for what cannot be read."""
    rules = {rule.tier_id: rule for rule in base.rules}
    for name in wanted.without:
        rules.pop(_tier(ladder, name, "--without").tier_id, None)
    for text in wanted.rules:
        rule = _rule(ladder, text)
        rules[rule.tier_id] = rule
    scheme = replace(base, rules=tuple(rules.values()))
    if wanted.staff is not None:
        wet, dry = percents_of(wanted.staff, "--staff")
        scheme = replace(scheme, staff_wet_percent=wet, staff_dry_percent=dry)
    if wanted.period_days is not None:
        scheme = replace(scheme, period_days=wanted.period_days)
    return scheme


async def _book_with_tiers(opened: OpenProgram) -> TierBook:
    """The program's book; one without tiers gets the usual ones, which it has run on until now."""
    book = await tiers.load_book(opened.connection, opened.program_id)
    if book.tiers:
        return book
    await tiers.create_tiers(opened.connection, opened.program_id, tiers.DEFAULT_NAMES, utc_now())
    return await tiers.load_book(opened.connection, opened.program_id)


def _rule(ladder: Sequence[Tier], text: str) -> TierRule:
    found = _RULE.fullmatch(text)
    if found is None:
        unreadable("--tier", text, _RULE_WRITTEN)
    wet, dry = percents_of(found["percents"], f"--tier {found['name']}")
    return TierRule(_tier(ladder, found["name"], "--tier").tier_id, int(found["visits"]), wet, dry)


def _tier(ladder: Sequence[Tier], name: str, option: str) -> Tier:
    for tier in ladder:
        if tier.name.lower() == name.strip().lower():
            return tier
    raise CommandFailed(
        f"{option}: the program has no tier {name}: there are {_named(ladder)}, "
        "and 'regulars tiers add' makes more"
    )


def _named(ladder: Sequence[Tier]) -> str:
    return ", ".join(tier.name for tier in ladder)


def _show(book: TierBook, places: Sequence[Location]) -> None:
    ladder = book.tiers or tiers.DEFAULT_TIERS
    columns = ["location", "visits count for", *(tier.name for tier in ladder), "staff"]
    show_table(columns, [_row(book, ladder, place) for place in places])
    print("percentages are wet/dry: off drinks, off food")


def _row(book: TierBook, ladder: Sequence[Tier], place: Location) -> list[str]:
    scheme = tiers.scheme_at(book, place.location_id)
    rules = {rule.tier_id: rule for rule in scheme.rules}
    is_default = place.location_id not in book.schemes
    notes = [note for note, holds in (("default", is_default), ("inactive", not place.active)) if holds]
    return [
        f"{place.slug} ({', '.join(notes)})" if notes else place.slug,
        f"{scheme.period_days} days",
        *(_cell(rules.get(tier.tier_id)) for tier in ladder),
        _rates(scheme.staff_wet_percent, scheme.staff_dry_percent),
    ]


def _cell(rule: TierRule | None) -> str:
    if rule is None:
        return "–"
    return f"from {rule.visits_min}: {_rates(rule.wet_percent, rule.dry_percent)}"


def _rates(wet: Decimal, dry: Decimal) -> str:
    return f"{percent_text(wet)}/{percent_text(dry)}"
