"""What `regulars locations` does: lists locations, adds and changes them, and switches them on and off."""

from pathlib import Path

from regulars.base.clock import utc_now
from regulars.base.setting_kinds import Region
from regulars.base.stored_settings import Holder
from regulars.cli.choosing import chosen_location
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.parsing import phone_region_of, slug_of
from regulars.cli.session import open_program
from regulars.cli.setting_changes import chosen_setting, show_settings, told_change, typed_value
from regulars.cli.tables import show_table
from regulars.features.access import actions as access
from regulars.features.access.model import Location
from regulars.program_settings import settings_held_by

_REGIONS = [setting for setting in settings_held_by(Holder.LOCATION) if isinstance(setting.kind, Region)]
"""Where numbers are dialled from: each contract asks for itself, and --phone-region answers them all."""


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
    print(f"a kiosk's key: regulars keys create NAME --scope sessions:kiosk --location {made.slug}")
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


async def show(place_slug: str, slug: str | None, data: Path | None) -> None:
    """Prints one location and its settings."""
    async with open_program(data, slug) as opened:
        place = await chosen_location(opened, place_slug)
    print(f"location {place.slug} ({place.name}): {', '.join(_row(place)[3:])}")
    show_settings(Holder.LOCATION, place.settings)


async def change_setting(
    place_slug: str, name: str, text: str | None, dry_run: bool, slug: str | None, data: Path | None
) -> None:
    """Sets one setting, or unsets it where no text is given, and says what it was and is."""
    setting = chosen_setting(name, Holder.LOCATION)
    changes = {} if text is None else {setting.name: typed_value(setting, text)}
    async with open_program(data, slug, dry_run=dry_run) as opened:
        place = await chosen_location(opened, place_slug)
        changed = await access.update_location(
            opened.connection,
            opened.program_id,
            place.location_id,
            settings=changes,
            resets=[] if changes else [setting.name],
            now=utc_now(),
        )
    print(told_change(f"location {place.slug}", setting, place.settings, changed.settings, dry_run))


def _row(place: Location) -> list[str]:
    return [
        str(place.location_id),
        place.slug,
        place.name,
        place.time_zone,
        place.currency,
        "/".join(dict.fromkeys(setting.read_from(place.settings) for setting in _REGIONS)),
        "active" if place.active else "inactive",
    ]


def _settings(phone_region: str | None) -> dict[str, str]:
    """The settings of a location that its options stand for."""
    if phone_region is None:
        return {}
    region = phone_region_of(phone_region, "--phone-region")
    return {setting.name: region for setting in _REGIONS}
