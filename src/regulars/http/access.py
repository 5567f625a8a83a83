"""What a route asks of its callers, how callers show who they are, and the table of all of it."""

from collections.abc import Mapping

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler

KEY_LENGTH_MAX = 512
TOKEN_LENGTH_MAX = 8192
SEALED_LENGTH_MAX = 1024

_UNREADABLE = ""
"""A credential that was sent but cannot be one: no stored key is empty."""


class Access(msgspec.Struct, frozen=True):
    """What a route asks of whoever calls it; every route has one, as `opt["access"]`.

    The caller needs one of `scopes`. With `keyless_setting` no credential is needed in development, nor
    where the program has switched that setting on. `public` routes look at credentials only to know
    who is there. `role` is a role that the contract's own header must name on top; its contract checks it.
    """

    scopes: frozenset[str] = frozenset()
    keyless_setting: str | None = None
    role: str | None = None
    public: bool = False


PUBLIC = Access(public=True)
"""Open to everyone, always."""


def needs(*scopes: str, role: str | None = None) -> Access:
    """Open to credentials with one of `scopes`."""
    assert scopes, "a route that needs no scope is PUBLIC"
    return Access(scopes=frozenset(scopes), role=role)


def keyless(setting: str, *scopes: str) -> Access:
    """Open to everyone in development and where the program's `setting` is true; else to one of `scopes`."""
    assert scopes, "a keyless route that is closed must open to somebody"
    return Access(scopes=frozenset(scopes), keyless_setting=setting)


class HeaderKey(msgspec.Struct, frozen=True):
    """A key sent as the whole value of a header (`name`, in lower case).

    `scopes` are those that a key may use when it is sent this way; None: all it has.
    """

    name: str
    scopes: frozenset[str] | None = None

    def read(self, headers: Mapping[bytes, bytes], method: str) -> str | None:
        """The key as it was sent, or None."""
        value = headers.get(self.name.encode())
        return None if value is None else _readable(value)


class BearerKey(msgspec.Struct, frozen=True):
    """A key sent as `Authorization: Bearer …`."""

    name: str = "authorization"
    scopes: frozenset[str] | None = None

    def read(self, headers: Mapping[bytes, bytes], method: str) -> str | None:
        """The key as it was sent, or None; other schemes are not for us."""
        value = headers.get(b"authorization")
        if value is None or value[:7].lower() != b"bearer ":
            return None
        return _readable(value[7:])


class CookieKey(msgspec.Struct, frozen=True):
    """A key kept in a cookie. Browsers send it without being asked, so it counts for nothing when
    another site makes them send a request that changes something."""

    name: str
    scopes: frozenset[str] | None = None

    def read(self, headers: Mapping[bytes, bytes], method: str) -> str | None:
        """The key as it was sent, or None."""
        return _cookie(headers, method, self.name, KEY_LENGTH_MAX)


class SealedCookie(msgspec.Struct, frozen=True):
    """A key kept in a cookie under the server's seal, see `http/sealed_keys.py`; it counts when a
    `CookieKey` does. The seal is opened where callers are looked up."""

    name: str
    scopes: frozenset[str] | None = None

    def read(self, headers: Mapping[bytes, bytes], method: str) -> str | None:
        """The sealed key as it was sent, or None."""
        return _cookie(headers, method, self.name, SEALED_LENGTH_MAX)


class BearerToken(msgspec.Struct, frozen=True):
    """A signed token (JWT) sent as `Authorization: Bearer …`, which stands for `scopes`.

    Its issuer is the one that a program names in the settings that begin with `settings`; see
    `http/token_issuers.py`. A token `of_subjects` is about somebody, and may be signed with a shared secret.
    """

    settings: str
    scopes: frozenset[str]
    of_subjects: bool = False
    name: str = "authorization"

    def read(self, headers: Mapping[bytes, bytes], method: str) -> str | None:
        """The token as it was sent, or None; other schemes are not for us."""
        value = headers.get(b"authorization")
        if value is None or value[:7].lower() != b"bearer ":
            return None
        return _readable(value[7:], TOKEN_LENGTH_MAX)


Presentation = HeaderKey | BearerKey | CookieKey | SealedCookie | BearerToken


def is_from_another_site(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a page of another origin sent this. Browsers name the origin of whatever changes something."""
    origin = headers.get(b"origin")
    if origin is None:
        return headers.get(b"sec-fetch-site", b"same-origin") not in (b"same-origin", b"none")
    return origin.partition(b"://")[2] != headers.get(b"host")


def _cookie(headers: Mapping[bytes, bytes], method: str, name: str, length_max: int) -> str | None:
    value = headers.get(b"cookie")
    if value is None or (method not in ("GET", "HEAD") and is_from_another_site(headers)):
        return None
    for part in value.split(b";"):
        found, _, content = part.strip().partition(b"=")
        if found == name.encode():
            return _readable(content, length_max)
    return None


def _readable(value: bytes, length_max: int = KEY_LENGTH_MAX) -> str:
    value = value.strip()
    return value.decode() if value.isascii() and len(value) <= length_max else _UNREADABLE


class RouteAccess(msgspec.Struct, frozen=True):
    """One line of the authorisation table."""

    method: str
    path: str
    contract: str
    handler: str
    access: Access


def authorisation_table(application: Litestar) -> list[RouteAccess]:
    """Every route of the application with what it asks of its callers, by contract, path and method.

    Raises ValueError for a route that does not say; the application does not start with one.
    """
    rows = [
        _route_access(route.path_format, method, handler)
        for route in application.routes
        for method, handler in declared_handlers(route)
    ]
    return sorted(rows, key=lambda row: (row.contract, row.path, row.method))


def declared_handlers(route: object) -> list[tuple[str, HTTPRouteHandler]]:
    """The methods of a route with their handlers, without the OPTIONS that Litestar adds by itself.

    Raises ValueError for routes that are not plain HTTP: nothing here would authenticate them.
    """
    handler_map = getattr(route, "route_handler_map", None)
    if handler_map is None:
        raise ValueError(f"{route!r} is not an HTTP route")
    return [
        (str(method), handler)
        for method, (handler, _) in handler_map.items()
        if not (method == "OPTIONS" and handler.fn.__name__ == "options_handler")
    ]


def _route_access(path: str, method: str, handler: HTTPRouteHandler) -> RouteAccess:
    access = handler.opt.get("access")
    contract = handler.opt.get("contract")
    if not isinstance(access, Access):
        raise ValueError(f'{method} {path} ({handler.fn.__name__}) has no opt["access"]')
    if contract is None:
        raise ValueError(f"{method} {path} ({handler.fn.__name__}) belongs to no contract")
    return RouteAccess(method, path, contract.name, handler.fn.__name__, access)
