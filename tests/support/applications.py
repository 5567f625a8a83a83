"""The application of a test, around services of its own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import structlog
from litestar import Litestar

from regulars.app import create_application, open_services
from regulars.base.clock import Clock, utc_now
from regulars.http.contract import Contract
from regulars.settings import Settings


class _Idle(NamedTuple):
    """An application that no test uses now, and what makes it another one than the next test needs."""

    contracts: tuple[Contract, ...]
    log: Any
    application: Litestar


_idle: list[_Idle] = []


@asynccontextmanager
async def open_application(
    settings: Settings, contracts: Sequence[Contract], clock: Clock = utc_now
) -> AsyncIterator[Litestar]:
    """The application of these contracts, whose services are open until the block ends.

    To build one takes as long as a short test. Settings, clock and database are in its services, so
    the next test that asks for the same contracts is given the same application with others.
    """
    served, log = tuple(contracts), _log()
    application = _idle_application(served) or create_application(settings, contracts=contracts)
    # Not the application's own lifespan, which has to end in the task it began in; fixtures do not.
    async with open_services(settings, clock) as services:
        application.state["services"] = services
        yield application
    del application.state["services"]
    _idle.append(_Idle(served, log, application))


def _idle_application(contracts: tuple[Contract, ...]) -> Litestar | None:
    """One that can be taken: a test may have several at once, as an operator has several processes."""
    # An application asks once where to log.
    _idle[:] = [each for each in _idle if each.log is _log()]
    for place, each in enumerate(_idle):
        if each.contracts == contracts:
            return _idle.pop(place).application
    return None


def _log() -> Any:
    """What lines are written by; another one whenever somebody has said how to log."""
    return structlog.get_config()["logger_factory"]
