"""`regulars locations`: the hotels, venues and stores of a program."""

from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, DryRun, LocationSlug, Program, SettingName, SettingValue

locations = App(
    name="locations",
    help="List, add, change and switch hotels and other locations, show and set what each decides.",
    help_format="plaintext",
    help_formatter="plain",
)

Currency = Annotated[
    str | None, Parameter(help="Currency of its prices (ISO 4217), such as EUR. Default: the program's.")
]
TimeZone = Annotated[
    str | None,
    Parameter(help="Time zone of its clock (IANA), such as Europe/Dublin. Default: the program's."),
]
PhoneRegion = Annotated[
    str | None,
    Parameter(help="Country (ISO 3166-1) that numbers without a country code are of. Default: GB."),
]


@locations.command(name="list")
def list_locations(*, program: Program = None, data: Data = None) -> None:
    """List the program's locations, inactive ones included."""
    import asyncio

    from regulars.cli.location_changes import show_all

    asyncio.run(show_all(program, data))


@locations.command
def add(
    name: Annotated[str, Parameter(help="Its name, as guests see it.")],
    /,
    *,
    slug: Annotated[
        str | None, Parameter(help="Its short name for options and reports. Default: made of the name.")
    ] = None,
    currency: Currency = None,
    time_zone: TimeZone = None,
    phone_region: PhoneRegion = None,
    program: Program = None,
    data: Data = None,
) -> None:
    """Add a location. It is active, but a till needs a key of its own: 'regulars keys create'."""
    import asyncio

    from regulars.cli.location_changes import add as add_location

    asyncio.run(add_location(name, slug, currency, time_zone, phone_region, program, data))


@locations.command
def change(
    location: LocationSlug,
    /,
    *,
    name: Annotated[str | None, Parameter(help="Its new name.")] = None,
    currency: Annotated[str | None, Parameter(help="Its new currency; sales keep theirs.")] = None,
    time_zone: Annotated[str | None, Parameter(help="Its new time zone (IANA).")] = None,
    phone_region: PhoneRegion = None,
    program: Program = None,
    data: Data = None,
) -> None:
    """Change what is given about a location, and nothing else. Servers follow within two seconds."""
    import asyncio

    from regulars.cli.location_changes import change as change_location

    changes = {"name": name, "currency": currency, "time_zone": time_zone}
    asyncio.run(change_location(location, changes, phone_region, program, data))


@locations.command
def deactivate(location: LocationSlug, /, *, program: Program = None, data: Data = None) -> None:
    """Turn a location's tills away: from two seconds on they are answered 403 hotel_inactive.

    Its customers, rates and keys stay. Visits to it and its tiers go on counting at the other locations.
    """
    import asyncio

    from regulars.cli.location_changes import switch

    asyncio.run(switch(location, False, program, data))


@locations.command
def activate(location: LocationSlug, /, *, program: Program = None, data: Data = None) -> None:
    """Let a location's tills in again, with the keys they have."""
    import asyncio

    from regulars.cli.location_changes import switch

    asyncio.run(switch(location, True, program, data))


@locations.command
def show(location: LocationSlug, /, *, program: Program = None, data: Data = None) -> None:
    """Show one location, and every setting that it has or could have."""
    import asyncio

    from regulars.cli.location_changes import show as show_location

    asyncio.run(show_location(location, program, data))


@locations.command(name="set")
def set_setting(
    location: LocationSlug,
    name: SettingName,
    value: SettingValue,
    /,
    *,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Set one setting of a location. Servers follow within five seconds.

    'regulars locations show' lists the settings, with what is allowed.
    """
    import asyncio

    from regulars.cli.location_changes import change_setting

    asyncio.run(change_setting(location, name, value, dry_run, program, data))


@locations.command
def unset(
    location: LocationSlug,
    name: SettingName,
    /,
    *,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Give one setting of a location its default again."""
    import asyncio

    from regulars.cli.location_changes import change_setting

    asyncio.run(change_setting(location, name, None, dry_run, program, data))
