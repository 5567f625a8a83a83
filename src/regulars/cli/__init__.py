"""The command `regulars`. Each command lives in a module that is imported only when it is called."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclopts import App

COMMANDS = {
    "demo": ("regulars.cli.demo:demo", "Run a demo server with a lively year of data, on this machine only."),
    "serve": ("regulars.cli.serve:serve", "Run the server in production mode."),
    "work": ("regulars.cli.work:work", "Run jobs only, beside servers started with --no-jobs."),
    "init": ("regulars.cli.init:init", "Make the first program, its location and its keys."),
    "programs": (
        "regulars.cli.programs:programs",
        "List programs, show and set what each decides for itself.",
    ),
    "locations": (
        "regulars.cli.locations:locations",
        "List, add, change and switch hotels and other locations.",
    ),
    "keys": ("regulars.cli.keys:keys", "List, create, rotate, revoke and import API keys."),
    "tiers": ("regulars.cli.tiers:tiers", "Show and set what hotels give to whom, by visits."),
    "promos": (
        "regulars.cli.promos.commands:promos",
        "List, add, change and assign promo codes and bonuses.",
    ),
    "webhooks": (
        "regulars.cli.webhooks.commands:webhooks",
        "Tell other servers what happens: endpoints, deliveries, replays.",
    ),
    "products": ("regulars.cli.products:products", "List, add and change products that are recommended."),
    "referrals": (
        "regulars.cli.referrals:referrals",
        "Decide about referrals that look like fraud, pay rewards.",
    ),
    "verify": ("regulars.cli.verify:verify", "Check that the books of a live database add up."),
    "migrate": ("regulars.cli.migrate:migrate", "Bring the database to the schema of this version."),
    "bench": ("regulars.bench.command:bench", "Measure this machine beside pgbench: postings and tills."),
    "version": ("regulars.cli.version:show_version", "Show the versions of Regulars and what it runs on."),
}

PURPOSE = "Loyalty, membership and rewards server. Every command takes --help."


def overview() -> str:
    """What `regulars --help` prints. Asking cyclopts for it would take six times as long."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {text}" for name, (_, text) in COMMANDS.items()]
    return "\n".join(["Usage: regulars COMMAND", "", PURPOSE, "", *lines])


def build_app() -> "App":
    """The command line. Help is plain text, because drawing boxes would double the time it takes."""
    from cyclopts import App

    app = App(
        name="regulars",
        help=PURPOSE,
        version=_version,
        help_format="plaintext",
        help_formatter="plain",
        result_action="return_value",
    )
    for name, (path, text) in COMMANDS.items():
        app.command(path, name=name, help=text)
    return app


def main() -> None:
    """Runs the command in sys.argv and ends the process. Exit codes: see failures.py."""
    if sys.argv[1:] in ([], ["--help"], ["-h"]):
        print(overview())
        return
    from regulars.cli.failures import exit_code_of_failures

    raise SystemExit(
        exit_code_of_failures(lambda: build_app()(exit_on_error=False, print_error=False)),
    )


def _version() -> str:
    from importlib.metadata import version

    return version("regulars")
