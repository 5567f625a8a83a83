"""The request that handlers get: cheap to make, and still all of Litestar's when it is asked."""

from typing import Any

import pytest

from regulars.http.requests import HttpRequest, header, prefers_page


def request_with(*headers: tuple[bytes, bytes]) -> HttpRequest:
    async def receive() -> Any:
        raise AssertionError("nobody reads the body")

    scope: Any = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/sales",
        "root_path": "",
        "query_string": b"day=1",
        "server": ("shop.test", 80),
        "headers": list(headers),
    }
    return HttpRequest(scope, receive)


def test_what_litestar_knows_of_a_request_is_there_when_it_is_asked_for() -> None:
    request = request_with((b"content-type", b"application/json"))
    assert str(request.url) == "http://shop.test/sales?day=1"
    assert request.content_type == ("application/json", {})
    assert request.query_params.get("day") == "1"
    assert request.cookies == {}


def test_what_nobody_knows_of_a_request_is_an_error() -> None:
    with pytest.raises(AttributeError, match="colour"):
        _ = request_with().colour


HEADERS = {
    "as it is": (b"caf\xc3\xa9", "café"),
    "Latin-1": (b"caf\xe9", "café"),
    "space around it": (b"  a b\t", "a b"),
    "a NUL": (b"a\0b", "ab"),
    "nothing": (b" ", None),
}


@pytest.mark.parametrize(("sent", "read"), HEADERS.values(), ids=HEADERS)
def test_a_header_is_text_that_can_be_stored(sent: bytes, read: str | None) -> None:
    assert header(request_with((b"x-note", sent)), "x-note") == read


def test_of_a_header_that_is_sent_twice_the_first_counts() -> None:
    request = request_with((b"x-note", b"first"), (b"x-note", b"second"))
    assert header(request, "x-note") == "first"
    assert header(request, "x-other") is None


BROWSER = b"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
ACCEPTED = {
    "a browser": (BROWSER, True),
    "nothing but pages": (b"text/html", True),
    "any text": (b"text/*", True),
    "a page rather than JSON": (b"application/json;q=0.5, text/html", True),
    "whatever there is": (b"*/*", False),
    "JSON": (b"application/json", False),
    "JSON rather than a page": (b"application/json, text/html;q=0.9, */*;q=0.8", False),
    "both, JSON first": (b"application/json, text/html", False),
    "a picture": (b"image/png", False),
    "nothing": (b"", False),
    "no list": (b";;;,,\xff", False),
    "gladder than can be": (b"text/html;q=1e999", False),
}


@pytest.mark.parametrize(("accept", "expected"), ACCEPTED.values(), ids=ACCEPTED)
def test_who_would_rather_read_a_page(accept: bytes, expected: bool) -> None:
    assert prefers_page(request_with((b"accept", accept))) is expected


def test_whoever_does_not_say_takes_what_programs_take() -> None:
    assert prefers_page(request_with()) is False
