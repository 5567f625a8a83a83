"""Credentials in headers: which one counts, what it may do, and that nothing a caller sends breaks it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from regulars.features.access.model import Caller, Program
from regulars.http.access import (
    PUBLIC,
    Access,
    BearerKey,
    CookieKey,
    HeaderKey,
    Presentation,
    keyless,
    needs,
)
from regulars.http.authentication import Authentication
from regulars.http.failures import FailureKind, RequestRefused
from regulars.http.services import Services

ADMIN, CHILD = "shop:admin", "shop:child"
CALLERS = {
    "admin-key": Caller(1, 11, "admin", frozenset({ADMIN})),
    "child-key": Caller(1, 12, "child", frozenset({CHILD})),
    "both-key": Caller(2, 13, "both", frozenset({ADMIN, CHILD})),
    "other-key": Caller(1, 14, "other", frozenset({"till:use"})),
}
WAYS: tuple[Presentation, ...] = (
    HeaderKey("x-admin-key", frozenset({ADMIN})),
    BearerKey(scopes=frozenset({CHILD})),
    CookieKey("device", frozenset({CHILD})),
)
ADMINS, CHILDREN = needs(ADMIN), keyless("shop.keyless", ADMIN, CHILD)


class Credentials:
    """Stands in for the cache: "admin-key" is remembered, the others have to be looked up."""

    def cached(self, key: str) -> Caller | None:
        return CALLERS["admin-key"] if key == "admin-key" else None

    async def resolve(self, key: str) -> Caller | None:
        assert key.isascii()
        return CALLERS.get(key)


class Programs:
    """Stands in for the cache of programs, of which there is one, or none."""

    def __init__(self, settings: dict[str, Any] | None) -> None:
        self.program = None if settings is None else Program(1, "shop", "Shop", "GBP", "UTC", settings)

    async def default_program_id(self) -> int | None:
        return self.program.program_id if self.program else None

    def cached(self, program_id: int) -> Program | None:
        return None

    async def get(self, program_id: int) -> Program | None:
        return self.program


async def authenticated(
    access: Access,
    headers: dict[bytes, bytes],
    *,
    method: str = "POST",
    mode: str = "production",
    program_settings: dict[str, Any] | None = None,
    has_program: bool = True,
) -> Caller | None | FailureKind:
    """The caller that is found, or why the request is refused."""
    services = SimpleNamespace(
        settings=SimpleNamespace(mode=mode),
        credentials=Credentials(),
        programs=Programs((program_settings or {}) if has_program else None),
    )
    try:
        return await Authentication(access, WAYS).caller(headers, method, cast(Services, services))
    except RequestRefused as refused:
        return refused.kind


MISSING, INVALID, DENIED = (
    FailureKind.CREDENTIAL_MISSING,
    FailureKind.CREDENTIAL_INVALID,
    FailureKind.ACCESS_DENIED,
)
OF_ADMIN, OF_CHILD = CALLERS["admin-key"], CALLERS["child-key"]

KEYS: dict[str, tuple[Access, dict[bytes, bytes], Caller | None | FailureKind]] = {
    "no key": (ADMINS, {}, MISSING),
    "the right key": (ADMINS, {b"x-admin-key": b"admin-key"}, OF_ADMIN),
    "space around it": (ADMINS, {b"x-admin-key": b"  admin-key "}, OF_ADMIN),
    "an unknown key": (ADMINS, {b"x-admin-key": b"nobody's"}, INVALID),
    "an empty key": (ADMINS, {b"x-admin-key": b""}, INVALID),
    "bytes beyond ASCII": (ADMINS, {b"x-admin-key": b"admin-key\xff\xc3\xa9"}, INVALID),
    "an endless key": (ADMINS, {b"x-admin-key": b"a" * 100_000}, INVALID),
    "a key of another contract": (ADMINS, {b"x-admin-key": b"other-key"}, DENIED),
    "an admin key sent as a device": (ADMINS, {b"authorization": b"Bearer admin-key"}, MISSING),
    "a device's key": (CHILDREN, {b"authorization": b"Bearer child-key"}, OF_CHILD),
    "the scheme in capitals": (CHILDREN, {b"authorization": b"BEARER child-key"}, OF_CHILD),
    "another scheme": (CHILDREN, {b"authorization": b"Basic child-key"}, MISSING),
    "a scheme without a key": (CHILDREN, {b"authorization": b"Bearer "}, INVALID),
    "a device's cookie": (CHILDREN, {b"cookie": b"a=b; device=child-key"}, OF_CHILD),
    "another cookie": (CHILDREN, {b"cookie": b"mydevice=child-key; device2=child-key"}, MISSING),
    "a broken cookie": (CHILDREN, {b"cookie": b";;=;device"}, INVALID),
    "the header wins over the cookie": (
        CHILDREN,
        {b"x-admin-key": b"admin-key", b"cookie": b"device=child-key"},
        OF_ADMIN,
    ),
    "a wrong header is not made good by a cookie": (
        CHILDREN,
        {b"x-admin-key": b"nobody's", b"cookie": b"device=child-key"},
        INVALID,
    ),
    "public, without a key": (PUBLIC, {}, None),
    "public, with a key": (PUBLIC, {b"x-admin-key": b"admin-key"}, OF_ADMIN),
    "public, with an unknown key": (PUBLIC, {b"x-admin-key": b"nobody's"}, None),
    "public, with a key of another contract": (PUBLIC, {b"x-admin-key": b"other-key"}, None),
}


@pytest.mark.parametrize(("access", "headers", "expected"), KEYS.values(), ids=KEYS)
async def test_the_first_credential_that_could_open_the_route_counts(
    access: Access, headers: dict[bytes, bytes], expected: Caller | None | FailureKind
) -> None:
    found = await authenticated(access, headers)
    if isinstance(found, Caller) and not found.scopes:
        found = None
    assert found == expected


async def test_a_way_of_sending_a_key_narrows_what_it_may_do() -> None:
    found = await authenticated(CHILDREN, {b"authorization": b"Bearer both-key"})
    assert isinstance(found, Caller)
    assert found.scopes == {CHILD}
    assert found.credential_id == 13


KEYLESS = Caller(1, None, "keyless", frozenset())
CLOSED = {"shop.keyless": False}
OPENED = {"shop.keyless": True}

KEYLESS_CASES: dict[str, tuple[str, dict[str, Any], dict[bytes, bytes], Caller | FailureKind]] = {
    "open in development": ("development", CLOSED, {}, KEYLESS),
    "closed in production": ("production", {}, {}, MISSING),
    "switched off": ("production", CLOSED, {}, MISSING),
    "switched on": ("production", OPENED, {}, KEYLESS),
    "a text that says true": ("production", {"shop.keyless": "true"}, {}, MISSING),
    "a number that means it": ("production", {"shop.keyless": 1}, {}, MISSING),
    "another setting": ("production", {"keyless": True}, {}, MISSING),
    "an unknown key counts as none where it is open": (
        "development",
        {},
        {b"x-admin-key": b"nobody's"},
        KEYLESS,
    ),
    "an unknown key opens nothing": ("production", {}, {b"x-admin-key": b"nobody's"}, INVALID),
    "a good key is not forgotten": ("development", {}, {b"x-admin-key": b"admin-key"}, OF_ADMIN),
}


@pytest.mark.parametrize(
    ("mode", "settings", "headers", "expected"), KEYLESS_CASES.values(), ids=KEYLESS_CASES
)
async def test_keyless_routes_are_open_in_development_or_by_an_explicit_setting(
    mode: str, settings: dict[str, Any], headers: dict[bytes, bytes], expected: Caller | FailureKind
) -> None:
    assert await authenticated(CHILDREN, headers, mode=mode, program_settings=settings) == expected


async def test_a_route_that_needs_a_key_needs_it_in_development_too() -> None:
    assert await authenticated(ADMINS, {}, mode="development", program_settings=OPENED) is MISSING


async def test_without_any_program_nobody_is_let_in() -> None:
    assert await authenticated(CHILDREN, {}, mode="development", has_program=False) is MISSING


COOKIE = {b"cookie": b"device=child-key", b"host": b"shop.example"}
ORIGINS: dict[str, tuple[str, dict[bytes, bytes], Caller | FailureKind]] = {
    "from this site": ("POST", {b"origin": b"https://shop.example"}, OF_CHILD),
    "from another site": ("POST", {b"origin": b"https://evil.example"}, MISSING),
    "from a site that begins like this one": ("POST", {b"origin": b"https://shop.example.evil"}, MISSING),
    "from a sandbox": ("POST", {b"origin": b"null"}, MISSING),
    "from a browser that says less": ("POST", {b"sec-fetch-site": b"cross-site"}, MISSING),
    "from no browser": ("POST", {}, OF_CHILD),
    "reading": ("GET", {b"origin": b"https://evil.example"}, OF_CHILD),
}


@pytest.mark.parametrize(("method", "headers", "expected"), ORIGINS.values(), ids=ORIGINS)
async def test_a_cookie_does_not_count_when_another_site_sent_it(
    method: str, headers: dict[bytes, bytes], expected: Caller | FailureKind
) -> None:
    assert await authenticated(needs(CHILD), {**COOKIE, **headers}, method=method) == expected
