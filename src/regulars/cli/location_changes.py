"""What `regulars locations` does: lists locations, adds and changes them, and switches them on and off."""

from pathlib import Path

from regulars.base.clock import utc_now
from regulars.cli.choosing import chosen_location
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.parsing import phone_region_of, slug_of
from regulars.cli.session import open_program
from regulars.cli.tables import show_table
from regulars.contracts.loyaltyhub.context import REGION_DEFAULT, REGION_SETTING
from regulars.features.access import actions as access
from regulars.features.access.model import Location


async def show_all(slug: str | None, data: Path | None) -> None:
    """Prints the program's locations, inactive ones included."""
    async with open_program(data, slug) as opened:
        places = await access.list_locations(opened.connection, opened.program_id)
    if not places:
        print("there is no location yet: add one with 'regulars locations add NAME'")
        return
    show_table(
        ["number", "slug", "name", "time zone", "currency", "phone region", "state"],
        [_row(place) for place in places],
    )


async def add(
    name: str,
    place_slug: str | None,
    currency: str | None,
    time_zone: str | None,
    phone_region: str | None,
    slug: str | None,
    data: Path | None,
) -> None:
    """Adds a location and says what it needs next. Raises Refused as `access.create_location` does."""
    settings = _settings(phone_region)
    async with open_program(data, slug) as opened:
        made = await access.create_location(
            opened.connection,
            opened.program_id,
            slug=slug_of(name) if place_slug is None else place_slug,
            name=name,
            currency=currency,
            time_zone=time_zone,
            settings=settings,
            now=utc_now(),
        )
    print(f"location {made.slug} ({made.name}) is active: {made.time_zone}, {made.currency}")
    print(f"a till's key: regulars keys create NAME --scope loyaltyhub:till --location {made.slug}")
    print(f"its discounts: regulars tiers set {made.slug} …; until then it has the default ones")


async def change(
    place_slug: str,
    changes: dict[str, str | None],
    phone_region: str | None,
    slug: str | None,
    data: Path | None,
) -> None:
    """Changes what is given. Raises Refused as `access.update_location` does."""
    settings = _settings(phone_region)
    if not settings and not any(value is not None for value in changes.values()):
        raise CommandFailed("nothing to change: give --name, --currency or the like", ExitCode.USAGE)
    async with open_program(data, slug) as opened:
        place = await chosen_location(opened, place_slug)
        changed = await access.update_location(
            opened.connection,
            opened.program_id,
            place.location_id,
            name=changes.get("name"),
            currency=changes.get("currency"),
            time_zone=changes.get("time_zone"),
            settings=settings,
            now=utc_now(),
        )
    print(f"location {changed.slug} is now {changed.name}: {', '.join(_row(changed)[3:])}")


async def switch(place_slug: str, active: bool, slug: str | None, data: Path | None) -> None:
    """Lets the location's tills in, or turns them away, and says so, or that it was so already."""
    async with open_program(data, slug) as opened:
        place = await chosen_location(opened, place_slug)
        if place.active != active:
            await access.update_location(
                opened.connection, opened.program_id, place.location_id, active=active, now=utc_now()
            )
    said = "is" if place.active != active else "was already"
    print(f"location {place.slug} {said} {'active' if active else 'inactive'}")


def _row(place: Location) -> list[str]:
    return [
        str(place.location_id),
        place.slug,
        place.name,
        place.time_zone,
        place.currency,
        str(place.settings.get(REGION_SETTING, REGION_DEFAULT)),
        "active" if place.active else "inactive",
    ]


def _settings(phone_region: str | None) -> dict[str, str]:
    """The settings of a location that its options stand for."""
    if phone_region is None:
        return {}
    return {REGION_SETTING: phone_region_of(phone_region, "--phone-region")}
