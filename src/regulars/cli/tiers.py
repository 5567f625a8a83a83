"""`regulars tiers`: what hotels give to whom, by visits."""

from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, DryRun, LocationSlug, Program

tiers = App(
    name="tiers",
    help="Show and set tiers: from how many visits, and which discounts each hotel gives.",
    help_format="plaintext",
    help_formatter="plain",
)


@tiers.command(name="list")
def list_tiers(*, program: Program = None, data: Data = None) -> None:
    """Show the scheme of each hotel: for each tier from how many visits, and wet/dry percentages."""
    import asyncio

    from regulars.cli.tier_schemes import show_schemes

    asyncio.run(show_schemes(program, data))


@tiers.command
def add(
    *names: Annotated[str, Parameter(help="Names of the new tiers, lowest first.")],
    program: Program = None,
    data: Data = None,
) -> None:
    """Add tiers above those that the program has; without names Member, Loyalty and Regular.

    A hotel gives nothing more for a new tier until 'regulars tiers set' says from how many visits and what.
    """
    import asyncio

    from regulars.cli.tier_schemes import add_tiers

    asyncio.run(add_tiers(names, program, data))


@tiers.command(name="set")
def set_tiers(
    location: LocationSlug,
    /,
    *,
    tier: Annotated[
        list[str] | None,
        Parameter(
            help="NAME=VISITS:WET/DRY: Loyalty=4:8/15 is 8 % off drinks and 15 % off food, from 4 visits. "
            "May be given several times.",
            negative=(),
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        Parameter(help="Name of a tier that nobody reaches here. May be given several times.", negative=()),
    ] = None,
    staff: Annotated[str | None, Parameter(help="WET/DRY for staff, such as 25/30.")] = None,
    period_days: Annotated[int | None, Parameter(help="For how many days a visit counts.")] = None,
    like: Annotated[
        str | None, Parameter(help="Slug of a location whose scheme is taken over first.")
    ] = None,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Set what one hotel gives. What is not mentioned stays as it is.

    A hotel without a scheme of its own has had the default one until now. Servers follow within two seconds,
    for visits that were made before as well.
    """
    import asyncio

    from regulars.cli.tier_schemes import Wanted, set_scheme

    wanted = Wanted(tuple(tier or ()), tuple(without or ()), staff, period_days, like)
    asyncio.run(set_scheme(location, wanted, dry_run, program, data))
