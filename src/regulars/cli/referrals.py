"""`regulars referrals`: what looks like fraud, and cash rewards that were paid."""

from typing import Annotated

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, Program

referrals = App(
    name="referrals",
    help="Decide about referrals that look like fraud, and mark cash rewards as paid.",
    help_format="plaintext",
    help_formatter="plain",
)

FlagId = Annotated[str, Parameter(help="Id of the flag, as 'regulars referrals flags' shows it.")]
By = Annotated[str, Parameter(name="--by", help="Who decides; it is kept with the flag.")]


@referrals.command
def flags(
    *,
    status: Annotated[str, Parameter(help="open, cleared, blocked or clawed_back.")] = "open",
    limit: Annotated[int, Parameter(help="How many at most, 1 to 500.")] = 50,
    program: Program = None,
    data: Data = None,
) -> None:
    """Show what was flagged, oldest first. Open flags hold rewards."""
    import asyncio

    from regulars.cli.referral_decisions import show_flags

    asyncio.run(show_flags(status, limit, program, data))


@referrals.command
def clear(flag: FlagId, /, *, by: By = "operator", program: Program = None, data: Data = None) -> None:
    """Say that a flag was a mistake: what it held goes on."""
    import asyncio

    from regulars.cli.referral_decisions import decide

    asyncio.run(decide("clear", flag, by, program, data))


@referrals.command
def block(flag: FlagId, /, *, by: By = "operator", program: Program = None, data: Data = None) -> None:
    """Say that a flag was right: the order's reward is cancelled.

    A flag without an order revokes the RID and cancels all of its rewards that are held. What the owner has
    already stays theirs; see claw-back.
    """
    import asyncio

    from regulars.cli.referral_decisions import decide

    asyncio.run(decide("block", flag, by, program, data))


@referrals.command(name="claw-back")
def claw_back(flag: FlagId, /, *, by: By = "operator", program: Program = None, data: Data = None) -> None:
    """Do as block does, and take back what the owner has already. What is spent of it is owed."""
    import asyncio

    from regulars.cli.referral_decisions import decide

    asyncio.run(decide("claw-back", flag, by, program, data))


@referrals.command
def pay(
    order: Annotated[str, Parameter(help="The shop's id of the order.")],
    /,
    *,
    program: Program = None,
    data: Data = None,
) -> None:
    """Mark an order's cash reward as paid. Store credit counts as paid when it is spent."""
    import asyncio

    from regulars.cli.referral_decisions import mark_paid

    asyncio.run(mark_paid(order, program, data))
