"""What `regulars webhooks` does to endpoints: adds, changes, switches, removes them, tries them out."""

import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from regulars.base.clock import utc_now
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.session import open_program
from regulars.features.webhooks import endpoints
from regulars.features.webhooks.network import Network
from regulars.features.webhooks.sealing import SecretSeal
from regulars.features.webhooks.trying import secrets_of
from regulars.features.webhooks.trying import try_out as post_test


async def add(url: str, types: Sequence[str], description: str, slug: str | None, data: Path | None) -> None:
    """Adds an endpoint and prints its secret. Raises Refused as `endpoints.add_endpoint` does."""
    async with open_program(data, slug) as opened:
        made = await endpoints.add_endpoint(
            opened.connection,
            SecretSeal(opened.secret_key),
            opened.program_id,
            url=url,
            types=types,
            description=description,
            is_private_allowed=opened.settings.webhooks_to_private_addresses,
            now=utc_now(),
        )
    number, told = made.endpoint.endpoint_id, ", ".join(made.endpoint.types)
    print(made.secret)
    print(f"endpoint {number} is told of {told}; its secret is not shown again", file=sys.stderr)
    print(f"try it out: regulars webhooks test {number}", file=sys.stderr)


async def change(
    number: int,
    url: str | None,
    types: Sequence[str] | None,
    description: str | None,
    slug: str | None,
    data: Path | None,
) -> None:
    """Changes what is given. Raises Refused as `endpoints.change_endpoint` does."""
    if url is None and types is None and description is None:
        raise CommandFailed("nothing to change: give --url, --type or --description", ExitCode.USAGE)
    async with open_program(data, slug) as opened:
        changed = await endpoints.change_endpoint(
            opened.connection,
            opened.program_id,
            number,
            url=url,
            types=types,
            description=description,
            is_private_allowed=opened.settings.webhooks_to_private_addresses,
            now=utc_now(),
        )
    print(f"endpoint {number} is told of {', '.join(changed.types)} at {changed.url}")


async def rotate(number: int, overlap: timedelta, slug: str | None, data: Path | None) -> None:
    """Prints a new secret. Raises Refused as `endpoints.rotate_secret` does."""
    async with open_program(data, slug) as opened:
        made = await endpoints.rotate_secret(
            opened.connection,
            SecretSeal(opened.secret_key),
            opened.program_id,
            number,
            overlap=overlap,
            now=utc_now(),
        )
    print(made.secret)
    print(f"endpoint {number}: its earlier secrets sign beside it for {overlap} more", file=sys.stderr)


async def switch(number: int, enabled: bool, slug: str | None, data: Path | None) -> None:
    """Enables or disables an endpoint, and says so, or that it was so already."""
    async with open_program(data, slug) as opened:
        before = await endpoints.get_endpoint(opened.connection, opened.program_id, number)
        await endpoints.switch_endpoint(
            opened.connection, opened.program_id, number, enabled=enabled, now=utc_now()
        )
    wanted = "enabled" if enabled else "disabled"
    print(f"endpoint {number} {'was already' if before.status == wanted else 'is'} {wanted}")
    if enabled and before.status != wanted:
        print(f"what it missed is told by: regulars webhooks replay {number} --since 7d")


async def remove(number: int, slug: str | None, data: Path | None) -> None:
    """Removes an endpoint. Raises Refused as `endpoints.remove_endpoint` does."""
    async with open_program(data, slug) as opened:
        await endpoints.remove_endpoint(opened.connection, opened.program_id, number, utc_now())
    print(f"endpoint {number} is removed")


async def try_out(number: int, slug: str | None, data: Path | None) -> None:
    """Posts a test and prints what came of it. Raises CommandFailed for everything but success."""
    async with open_program(data, slug) as opened:
        endpoint = await endpoints.get_endpoint(opened.connection, opened.program_id, number)
        secrets = await secrets_of(opened.connection, SecretSeal(opened.secret_key), endpoint, utc_now())
        network = Network(is_private_allowed=opened.settings.webhooks_to_private_addresses)
    answer = await post_test(network, endpoint, secrets, utc_now)
    network.close()
    if answer.status is None:
        raise CommandFailed(f"{endpoint.url} {answer.trouble}")
    said = f"{endpoint.url} answered {answer.status} after {answer.milliseconds} ms"
    if not 200 <= answer.status <= 299:
        raise CommandFailed(f"{said}, which is no success{': ' if answer.body else ''}{answer.body}")
    print(said)
