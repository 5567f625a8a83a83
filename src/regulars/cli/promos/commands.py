"""`regulars promos`: promo codes that guests show, and bonuses that raise what their tier gives."""

from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, DryRun, Program
from regulars.cli.promos.options import (
    NO_BONUSES,
    NO_CONDITIONS,
    NO_DISCOUNTS,
    Bonuses,
    Conditions,
    Discounts,
)

promos = App(
    name="promos",
    help="List, add, change, switch and assign promo codes and loyalty bonuses.",
    help_format="plaintext",
    help_formatter="plain",
)

Code = Annotated[str, Parameter(help="The promo's code, in whatever case.", negative=())]
NewCode = Annotated[str, Parameter(help="Its code: 1 to 64 characters, kept in upper case.")]
Name = Annotated[str, Parameter(help="Its name, as tills show it.")]
Customers = Annotated[
    str, Parameter(help="Customers, each by number, e-mail address, fob or QR code.", negative=())
]


@promos.command(name="list")
def list_promos(*, program: Program = None, data: Data = None) -> None:
    """List the program's promos: what they give, how often they were used and overused, and their state.

    Overused counts the sales that tills logged with a promo when no use was left.
    """
    import asyncio

    from regulars.cli.promos.views import show_all

    asyncio.run(show_all(program, data))


@promos.command
def show(code: Code, /, *, program: Program = None, data: Data = None) -> None:
    """Show everything about one promo, and whom it was assigned to."""
    import asyncio

    from regulars.cli.promos.views import show_one

    asyncio.run(show_one(code, program, data))


@promos.command(name="add-code")
def add_code(
    code: NewCode,
    name: Name,
    /,
    *,
    discounts: Discounts = NO_DISCOUNTS,
    conditions: Conditions = NO_CONDITIONS,
    program: Program = None,
    data: Data = None,
) -> None:
    """Add a promo code, whose percentages replace those of the tier.

    It is active at once; tills know it within two seconds.
    """
    import asyncio

    from regulars.cli.promos.changes import add

    asyncio.run(add("promo_code", code, name, discounts, conditions, program, data))


@promos.command(name="add-bonus")
def add_bonus(
    code: NewCode,
    name: Name,
    /,
    *,
    bonuses: Bonuses = NO_BONUSES,
    conditions: Conditions = NO_CONDITIONS,
    program: Program = None,
    data: Data = None,
) -> None:
    """Add a loyalty bonus, which raises the percentages of the tier.

    Every member gets it by being identified, without naming it; with --assigned-only, only those whom it was
    assigned to. With --no-members-only it has to be named, by whoever it was not assigned to.
    """
    import asyncio

    from regulars.cli.promos.changes import add

    asyncio.run(add("loyalty_bonus", code, name, bonuses, conditions, program, data))


@promos.command
def change(
    code: Code,
    /,
    *,
    new_code: Annotated[str | None, Parameter(help="Another code for it.")] = None,
    name: Annotated[str | None, Parameter(help="Another name for it.")] = None,
    discounts: Discounts = NO_DISCOUNTS,
    bonuses: Bonuses = NO_BONUSES,
    conditions: Conditions = NO_CONDITIONS,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Change what is given about a promo, and nothing else. What was used of it stays used.

    The word none takes a condition away: --valid-until none.
    """
    import asyncio

    from regulars.cli.promos.changes import change as change_promo

    texts = {"code": new_code, "name": name}
    asyncio.run(change_promo(code, texts, (discounts, bonuses), conditions, dry_run, program, data))


@promos.command
def activate(code: Code, /, *, program: Program = None, data: Data = None) -> None:
    """Switch a promo on; tills follow within two seconds."""
    import asyncio

    from regulars.cli.promos.changes import switch

    asyncio.run(switch(code, True, program, data))


@promos.command
def deactivate(code: Code, /, *, program: Program = None, data: Data = None) -> None:
    """Switch a promo off; tills follow within two seconds. What was used of it stays counted."""
    import asyncio

    from regulars.cli.promos.changes import switch

    asyncio.run(switch(code, False, program, data))


@promos.command
def assign(
    code: Code,
    /,
    *customers: Customers,
    until: Annotated[
        str | None, Parameter(help="Last moment, on the hotel's clock: 2026-08-31 or 2026-08-31T12:00.")
    ] = None,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Give a promo to customers: to all of them or, when one cannot be found, to none.

    Assigning it again sets a new end. Where a number is also somebody's fob, write number:42.
    """
    import asyncio

    from regulars.cli.promos.customers import assign as assign_promo

    asyncio.run(assign_promo(code, customers, until, dry_run, program, data))


@promos.command
def unassign(
    code: Code, /, *customers: Customers, dry_run: DryRun = False, program: Program = None, data: Data = None
) -> None:
    """Take a promo back from customers: from all of them or, when one does not have it, from none."""
    import asyncio

    from regulars.cli.promos.customers import unassign as unassign_promo

    asyncio.run(unassign_promo(code, customers, dry_run, program, data))


@promos.command
def overused(
    *,
    limit: Annotated[int, Parameter(help="How many sales to show, the latest first.")] = 100,
    program: Program = None,
    data: Data = None,
) -> None:
    """List the sales that tills logged with a promo when no use of it was left."""
    import asyncio

    from regulars.cli.promos.overuse import show_overused

    asyncio.run(show_overused(limit, program, data))
