"""Lets pages of other origins call the server, where a program has named them. None may by default."""

from collections.abc import Mapping
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from regulars.base.read_through import ReadThrough
from regulars.base.setting_kinds_web import Origins
from regulars.base.stored_settings import Holder, StoredSetting
from regulars.db.database import Database
from regulars.features.access.actions import list_programs
from regulars.http.answers import Answer, Header
from regulars.http.requests import first_headers
from regulars.http.services import Services

ORIGINS: StoredSetting[tuple[str, ...]] = StoredSetting(
    name="http.origins",
    holder=Holder.PROGRAM,
    kind=Origins(),
    default=(),
    meaning="Origins whose pages may call the server from a browser.",
)

_LIFETIME_SECONDS = 5
_PREFLIGHT_LIFETIME_SECONDS = b"600"
_METHODS = b"GET, POST, PUT, PATCH, DELETE"
_EXPOSED = b"x-request-id, retry-after, content-disposition"


class CrossOrigin:
    """Answers preflights and marks answers that a page of another origin may read.

    A preflight carries no credential, so it does not say which program it is for: an origin that one
    program has named may ask for all, and then needs a key of the program it wants. Cookies are never
    allowed. Requests that name no origin pay nothing.
    """

    def __init__(self, application: ASGIApp, state: Any) -> None:
        self._application = application
        self._state = state
        self._origins: ReadThrough[Database, frozenset[str]] = ReadThrough(
            size_max=1, lifetime_seconds=_LIFETIME_SECONDS
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or answers it when it is a preflight."""
        headers = first_headers(scope)
        origin = headers.get(b"origin")
        if origin is None or not await self._is_allowed(origin, headers):
            await self._application(scope, receive, send)
            return
        if scope.get("method") == "OPTIONS" and b"access-control-request-method" in headers:
            await _preflight_answer(origin, headers)(scope, receive, send)
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                marks = _marks(origin) + ((b"access-control-expose-headers", _EXPOSED),)
                message["headers"] = [*message["headers"], *marks]
            await send(message)

        await self._application(scope, receive, send_marked)

    async def _is_allowed(self, origin: bytes, headers: Mapping[bytes, bytes]) -> bool:
        if origin.partition(b"://")[2] == headers.get(b"host") or not origin.isascii():
            return False
        services: Services = self._state["services"]
        origins = await self._origins.get(services.database, lambda: _load_origins(services.database))
        return origins is not None and origin.decode() in origins


async def _load_origins(database: Database) -> frozenset[str]:
    async with database.connection() as connection:
        programs = await list_programs(connection)
    return frozenset(origin for program in programs for origin in ORIGINS.read_from(program.settings))


def _preflight_answer(origin: bytes, headers: Mapping[bytes, bytes]) -> Answer:
    wanted = headers.get(b"access-control-request-headers", b"")
    return Answer(
        204,
        b"",
        (
            *_marks(origin),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", wanted),
            (b"access-control-max-age", _PREFLIGHT_LIFETIME_SECONDS),
        ),
    )


def _marks(origin: bytes) -> tuple[Header, ...]:
    return ((b"access-control-allow-origin", origin), (b"vary", b"origin"))
