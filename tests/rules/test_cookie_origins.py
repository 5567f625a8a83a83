"""When a cookie counts: what a browser says of where a request comes from, as a table."""

import pytest

from regulars.http.access import CookieKey, SealedCookie

COOKIE, SEALED = CookieKey("device"), SealedCookie("device")
SENT = {b"cookie": b"theme=dark; device=the-key; x=1", b"host": b"kids.example"}


@pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE", "PUT"])
@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        ({}, True),
        ({b"sec-fetch-site": b"same-origin"}, True),
        ({b"sec-fetch-site": b"none"}, True),
        # Another host of the same site is somebody else: a page of evil.example.org for shop.example.org.
        ({b"sec-fetch-site": b"same-site"}, False),
        ({b"sec-fetch-site": b"cross-site"}, False),
        ({b"sec-fetch-site": b"anything else"}, False),
        ({b"origin": b"https://kids.example"}, True),
        ({b"origin": b"http://kids.example"}, True),
        ({b"origin": b"https://kids.example:8443"}, False),
        ({b"origin": b"https://evil.example"}, False),
        ({b"origin": b"https://kids.example.evil.example"}, False),
        ({b"origin": b"null"}, False),
        ({b"origin": b""}, False),
        ({b"origin": b"https://evil.example", b"sec-fetch-site": b"same-origin"}, False),
    ],
)
def test_a_cookie_counts_for_what_changes_something_only_from_its_own_pages(
    method: str, headers: dict[bytes, bytes], counts: bool
) -> None:
    for cookie in (COOKIE, SEALED):
        assert cookie.read({**SENT, **headers}, method) == ("the-key" if counts else None)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("site", [b"cross-site", b"same-site"])
def test_a_link_from_anywhere_may_be_followed(method: str, site: bytes) -> None:
    assert COOKIE.read({**SENT, b"sec-fetch-site": site}, method) == "the-key"


@pytest.mark.parametrize("cookies", [b"", b"devices=x", b"xdevice=x", b"Device=x", b"theme=device"])
def test_other_cookies_are_not_it(cookies: bytes) -> None:
    assert COOKIE.read({b"cookie": cookies}, "GET") is None
