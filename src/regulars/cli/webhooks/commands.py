"""`regulars webhooks`: who is told what happens, and what became of the telling."""

from typing import Annotated, Literal

from cyclopts import App, Parameter

from regulars.cli.parameters import Data, DryRun, Program

webhooks = App(
    name="webhooks",
    help="Add and change endpoints that are told of events, look at deliveries, tell something again.",
    help_format="plaintext",
    help_formatter="plain",
)

Number = Annotated[int, Parameter(help="The number that 'regulars webhooks list' shows.")]
Url = Annotated[str, Parameter(help="Where webhooks are posted to: https://shop.example/hook.")]
Types = Annotated[
    list[str] | None,
    Parameter(
        name="--type",
        help="What it is told of: a type of events, all of one kind (loan.*), or * for everything. "
        "May be given several times.",
        negative=(),
    ),
]
Limit = Annotated[int, Parameter(help="How many to show.")]


@webhooks.command(name="list")
def list_endpoints(*, program: Program = None, data: Data = None) -> None:
    """List the program's endpoints: what each is told of, its state, and when something got through last."""
    import asyncio

    from regulars.cli.webhooks.views import show_all

    asyncio.run(show_all(program, data))


@webhooks.command
def show(number: Number, /, *, program: Program = None, data: Data = None) -> None:
    """Show everything about one endpoint but its secrets."""
    import asyncio

    from regulars.cli.webhooks.views import show_one

    asyncio.run(show_one(number, program, data))


@webhooks.command
def add(
    url: Url,
    /,
    *,
    type_: Types = None,
    description: Annotated[str, Parameter(help="A note on what it is for.")] = "",
    program: Program = None,
    data: Data = None,
) -> None:
    """Add an endpoint and print the secret that it verifies signatures with, once, on the output stream.

    It is told of what happens from now on; without --type of everything.
    """
    import asyncio

    from regulars.cli.webhooks.changes import add as add_endpoint

    asyncio.run(add_endpoint(url, type_ or ["*"], description, program, data))


@webhooks.command
def change(
    number: Number,
    /,
    *,
    url: Annotated[str | None, Parameter(help="Its new address.")] = None,
    type_: Types = None,
    description: Annotated[str | None, Parameter(help="Its new note.")] = None,
    program: Program = None,
    data: Data = None,
) -> None:
    """Change what is given about an endpoint, and nothing else. What waits for it goes to its new address."""
    import asyncio

    from regulars.cli.webhooks.changes import change as change_endpoint

    asyncio.run(change_endpoint(number, url, type_, description, program, data))


@webhooks.command
def rotate(
    number: Number,
    /,
    *,
    overlap: Annotated[
        str,
        Parameter(help="How long the present secrets go on signing as well: 0, 90s, 24h or 7d."),
    ] = "24h",
    program: Program = None,
    data: Data = None,
) -> None:
    """Print a new secret of an endpoint. Until the overlap has passed, webhooks carry a signature by each."""
    import asyncio

    from regulars.cli.parsing import duration_of
    from regulars.cli.webhooks.changes import rotate as rotate_secret

    asyncio.run(rotate_secret(number, duration_of(overlap, "--overlap"), program, data))


@webhooks.command
def enable(number: Number, /, *, program: Program = None, data: Data = None) -> None:
    """Tell an endpoint of events again. What waited for it is told at once; see replay for what it missed."""
    import asyncio

    from regulars.cli.webhooks.changes import switch

    asyncio.run(switch(number, True, program, data))


@webhooks.command
def disable(number: Number, /, *, program: Program = None, data: Data = None) -> None:
    """Tell an endpoint nothing more, until it is enabled. What happens meanwhile can be replayed."""
    import asyncio

    from regulars.cli.webhooks.changes import switch

    asyncio.run(switch(number, False, program, data))


@webhooks.command
def remove(number: Number, /, *, program: Program = None, data: Data = None) -> None:
    """Remove an endpoint and its secrets for good. What waited for it is told to nobody."""
    import asyncio

    from regulars.cli.webhooks.changes import remove as remove_endpoint

    asyncio.run(remove_endpoint(number, program, data))


@webhooks.command(name="test")
def post_test(number: Number, /, *, program: Program = None, data: Data = None) -> None:
    """Post an event of the type webhook.test to an endpoint, from this machine, and show what it answers."""
    import asyncio

    from regulars.cli.webhooks.changes import try_out

    asyncio.run(try_out(number, program, data))


@webhooks.command
def deliveries(
    number: Number,
    /,
    *,
    state: Annotated[
        Literal["pending", "delivered", "failed"] | None, Parameter(help="Only those of this state.")
    ] = None,
    event: Annotated[
        str | None, Parameter(help="Only the one of this event, with all that is known.")
    ] = None,
    limit: Limit = 50,
    program: Program = None,
    data: Data = None,
) -> None:
    """List what waits for an endpoint, then what became of the newest events that it was told of."""
    import asyncio

    from regulars.cli.webhooks.views import show_deliveries, show_delivery

    if event is not None:
        asyncio.run(show_delivery(number, event, program, data))
    else:
        asyncio.run(show_deliveries(number, state, limit, program, data))


@webhooks.command
def replay(
    number: Number,
    event: Annotated[str | None, Parameter(help="The id of one event, whatever became of it before.")] = None,
    /,
    *,
    since: Annotated[
        str | None, Parameter(help="How far back to look for what the endpoint has not got: 90m, 24h, 7d.")
    ] = None,
    dry_run: DryRun = False,
    program: Program = None,
    data: Data = None,
) -> None:
    """Tell an endpoint again: one event, or all since then that failed or that it was never told of.

    What it gets has the id that it had before, so that a receiver can tell what it knows already.
    """
    import asyncio

    from regulars.cli.webhooks.replays import replay as replay_events

    asyncio.run(replay_events(number, event, since, dry_run, program, data))


@webhooks.command
def events(
    *,
    type_: Annotated[str | None, Parameter(name="--type", help="Only those of this type.")] = None,
    limit: Limit = 50,
    program: Program = None,
    data: Data = None,
) -> None:
    """List the newest events that an endpoint wanted. They are kept for two months."""
    import asyncio

    from regulars.cli.webhooks.views import show_events

    asyncio.run(show_events(type_, limit, program, data))


@webhooks.command
def types() -> None:
    """List the types of events that there are; docs/events.md says what each is about."""
    from regulars.cli.webhooks.views import show_types

    show_types()
