"""What `regulars webhooks` shows: endpoints, deliveries and events."""

from datetime import datetime
from pathlib import Path

from regulars.base.clock import utc_now
from regulars.cli.failures import CommandFailed, ExitCode
from regulars.cli.session import open_program
from regulars.cli.tables import show_table
from regulars.cli.webhooks.replays import event_id_of
from regulars.features.webhooks import endpoints, log
from regulars.features.webhooks.catalogue import CATALOGUE
from regulars.features.webhooks.model import Delivery, DeliveryState, Endpoint

SHOWN_MAX = 10_000
NONE = "–"


async def show_all(slug: str | None, data: Path | None) -> None:
    """Prints every endpoint of the program on one line."""
    async with open_program(data, slug) as opened:
        every = await endpoints.list_endpoints(opened.connection, opened.program_id)
    if not every:
        print("there is no endpoint yet: add one with 'regulars webhooks add URL'")
        return
    show_table(
        ["number", "url", "told of", "state", "got through last", "description"],
        [
            (
                str(endpoint.endpoint_id),
                endpoint.url,
                ", ".join(endpoint.types),
                _state_text(endpoint),
                _moment_text(endpoint.delivered_at),
                endpoint.description or NONE,
            )
            for endpoint in every
        ],
    )


async def show_one(number: int, slug: str | None, data: Path | None) -> None:
    """Prints one endpoint, and until when its secrets are valid."""
    now = utc_now()
    async with open_program(data, slug) as opened:
        endpoint = await endpoints.get_endpoint(opened.connection, opened.program_id, number)
        until = await endpoints.secrets_until(opened.connection, endpoint, now)
    ends = ["without end" if end is None else f"until {_moment_text(end)}" for end in until]
    show_table(
        ["", f"endpoint {number}"],
        [
            ("url", endpoint.url),
            ("description", endpoint.description or NONE),
            ("told of", ", ".join(endpoint.types)),
            ("state", _state_text(endpoint)),
            ("since", _moment_text(endpoint.changed_at)),
            ("added", _moment_text(endpoint.created_at)),
            ("got through last", _moment_text(endpoint.delivered_at)),
            ("secrets valid", ", ".join(ends) or NONE),
        ],
    )


async def show_deliveries(
    number: int, state: DeliveryState | None, limit: int, slug: str | None, data: Path | None
) -> None:
    """Prints what waits for the endpoint and what became of the newest events."""
    _check_limit(limit)
    async with open_program(data, slug) as opened:
        await endpoints.get_endpoint(opened.connection, opened.program_id, number)
        found = await log.list_deliveries(
            opened.connection, opened.program_id, number, state=state, limit=limit
        )
    if not found:
        print("there is no such delivery")
        return
    show_table(
        ["event", "type", "happened", "state", "attempts", "tried", "answer", "ms", "tried again"],
        [_row(delivery) for delivery in found],
    )
    _tell_of_more(len(found), limit)


async def show_delivery(number: int, event: str, slug: str | None, data: Path | None) -> None:
    """Prints all that is known about telling one endpoint of one event."""
    event_id = event_id_of(event)
    async with open_program(data, slug) as opened:
        await endpoints.get_endpoint(opened.connection, opened.program_id, number)
        delivery = await log.get_delivery(opened.connection, opened.program_id, number, event_id)
    names = ("event", "type", "happened", "state", "attempts", "tried", "answer", "ms", "tried again")
    rows = [*zip(names, _row(delivery), strict=True), ("answer's beginning", delivery.answer or NONE)]
    show_table(["", f"endpoint {number}"], rows)
    if delivery.failures:
        show_table(
            ["failed attempts", "trouble", "ms"],
            [
                (_moment_text(failure.at), failure.trouble, str(failure.milliseconds))
                for failure in delivery.failures
            ],
        )


async def show_events(event_type: str | None, limit: int, slug: str | None, data: Path | None) -> None:
    """Prints the newest events that an endpoint wanted."""
    _check_limit(limit)
    if event_type is not None and event_type not in CATALOGUE:
        raise CommandFailed(
            f"--type {event_type}: 'regulars webhooks types' shows those that there are", ExitCode.USAGE
        )
    async with open_program(data, slug) as opened:
        found = await log.list_events(
            opened.connection, opened.program_id, event_type=event_type, limit=limit
        )
    if not found:
        print("there is no such event; only those that an endpoint wants are kept")
        return
    show_table(
        ["event", "type", "happened", "data"],
        [(str(event.event_id), event.type, _moment_text(event.occurred_at), event.data) for event in found],
    )
    _tell_of_more(len(found), limit)


def show_types() -> None:
    """Prints the catalogue."""
    show_table(["type", "when"], [(kind.name, kind.meaning) for kind in CATALOGUE.values()])


def _row(delivery: Delivery) -> tuple[str, ...]:
    answer = delivery.trouble or (f"answered {delivery.answer_status}" if delivery.answer_status else NONE)
    return (
        str(delivery.event_id),
        delivery.type,
        _moment_text(delivery.occurred_at),
        delivery.state,
        str(delivery.attempts),
        _moment_text(delivery.tried_at),
        answer,
        NONE if delivery.milliseconds is None else str(delivery.milliseconds),
        _moment_text(delivery.due_at),
    )


def _state_text(endpoint: Endpoint) -> str:
    return endpoint.status if endpoint.reason is None else f"{endpoint.status}: {endpoint.reason}"


def _moment_text(moment: datetime | None) -> str:
    return NONE if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= SHOWN_MAX:
        raise CommandFailed(f"--limit {limit}: it is from 1 to {SHOWN_MAX}", ExitCode.USAGE)


def _tell_of_more(shown: int, limit: int) -> None:
    if shown == limit:
        print(f"these are {limit}; --limit shows more")
