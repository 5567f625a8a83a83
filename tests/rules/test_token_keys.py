"""Key sets of issuers: which keys are taken, and how often a server is asked for them."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from regulars.http.failures import RequestRefused
from regulars.http.token_keys import (
    ASKED_AGAIN_SECONDS,
    FRESH_SECONDS,
    KEPT_SECONDS,
    KEYS_MAX,
    SOURCES_MAX,
    TokenKeys,
    read_keys,
)
from tests.support.tokens import EC, RSA, SMALL_RSA, key_set, public_jwk

URL = "https://issuer.example/keys"
OCT = {"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0", "kid": "one"}


class KeyServer:
    """Answers with `document`, or raises it."""

    def __init__(self, document: bytes | Exception = b"") -> None:
        self.document = document or key_set(one=RSA)
        self.asked = 0

    async def fetch(self, url: str) -> bytes:
        self.asked += 1
        await asyncio.sleep(0)
        if isinstance(self.document, Exception):
            raise self.document
        return self.document


class Time:
    """A monotonic clock that a test moves."""

    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.mark.parametrize(
    ("entry", "algorithms"),
    [
        (public_jwk(RSA), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        ({**public_jwk(RSA), "alg": "RS256"}, {"RS256"}),
        ({**public_jwk(RSA), "use": "sig"}, {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (public_jwk(EC), {"ES256"}),
        ({**public_jwk(RSA), "use": "enc"}, None),
        ({**public_jwk(RSA), "alg": "HS256"}, None),
        ({**public_jwk(RSA), "alg": "none"}, None),
        ({**public_jwk(RSA), "alg": "ES256"}, None),
        ({**public_jwk(RSA), "n": "!"}, None),
        ({**public_jwk(RSA), "kid": 5}, None),
        (public_jwk(SMALL_RSA), None),
        (OCT, None),
        ({**OCT, "alg": "HS256"}, None),
        ({"kty": "RSA"}, None),
        ({"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"}, None),
        ({"kty": ["RSA"]}, None),
        ({}, None),
        ("text", None),
        (None, None),
    ],
)
def test_which_keys_are_taken(entry: Any, algorithms: set[str] | None) -> None:
    keys = read_keys(json.dumps({"keys": [entry]}).encode())
    assert [set(key.algorithms) for key in keys] == ([] if algorithms is None else [algorithms])


@pytest.mark.parametrize(
    "document", [b"", b"[]", b"{}", b"null", b'{"keys": {}}', b'{"keys": 5}', b"<html>", b"[" * 100_000]
)
def test_what_is_no_key_set(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"key set|malformed|Expected|truncated"):
        read_keys(document)


def test_a_set_has_so_many_keys_at_most() -> None:
    entries = [{**public_jwk(EC), "kid": str(number)} for number in range(KEYS_MAX + 10)]
    assert len(read_keys(json.dumps({"keys": entries}).encode())) == KEYS_MAX


async def test_a_key_is_fetched_once_and_again_when_it_has_grown_old() -> None:
    server, time = KeyServer(), Time()
    keys = TokenKeys(server.fetch, monotonic=time)
    found = await asyncio.gather(*(keys.get(URL, "one", "RS256") for _ in range(50)))
    assert None not in found and server.asked == 1
    time.seconds += FRESH_SECONDS - 1
    assert await keys.get(URL, "one", "RS256") and server.asked == 1
    time.seconds += 1
    server.document = key_set(two=RSA)
    assert await keys.get(URL, "one", "RS256") is None
    assert server.asked == 2


async def test_a_new_key_is_found_soon_but_unknown_ones_do_not_hammer_the_server() -> None:
    server, time = KeyServer(), Time()
    keys = TokenKeys(server.fetch, monotonic=time)
    await keys.get(URL, "one", "RS256")
    server.document = key_set(one=RSA, two=RSA)
    for number in range(100):
        assert await keys.get(URL, f"made-up-{number}", "RS256") is None
    assert server.asked == 1
    time.seconds += ASKED_AGAIN_SECONDS
    assert await keys.get(URL, "two", "RS256")
    assert server.asked == 2


@pytest.mark.parametrize(
    ("key_id", "algorithm", "document", "is_found"),
    [
        ("one", "RS256", key_set(one=RSA), True),
        ("one", "HS256", key_set(one=RSA), False),
        ("one", "none", key_set(one=RSA), False),
        ("one", "ES256", key_set(one=RSA), False),
        ("One", "RS256", key_set(one=RSA), False),
        (None, "RS256", key_set(one=RSA), True),
        (None, "RS256", key_set(one=RSA, two=EC), True),
        (None, "RS256", key_set(one=RSA, two=RSA), False),
    ],
)
async def test_which_key_a_token_means(
    key_id: str | None, algorithm: str, document: bytes, is_found: bool
) -> None:
    found = await TokenKeys(KeyServer(document).fetch).get(URL, key_id, algorithm)
    assert (found is not None) == is_found


@pytest.mark.parametrize(
    "trouble", [httpx2.ConnectError("gone"), TimeoutError(), ValueError("too long"), OSError("no route")]
)
async def test_an_issuer_that_is_away_is_known_for_an_hour(trouble: Exception) -> None:
    server, time = KeyServer(), Time()
    keys = TokenKeys(server.fetch, monotonic=time)
    await keys.get(URL, "one", "RS256")
    server.document = trouble
    time.seconds += KEPT_SECONDS - 1
    assert await keys.get(URL, "one", "RS256")
    time.seconds += 1
    with pytest.raises(RequestRefused):
        await keys.get(URL, "one", "RS256")
    assert server.asked == 2
    server.document = key_set(one=RSA)
    time.seconds += FRESH_SECONDS
    assert await keys.get(URL, "one", "RS256")


async def test_an_issuer_that_never_answered_is_asked_seldom() -> None:
    server, time = KeyServer(httpx2.ConnectError("gone")), Time()
    keys = TokenKeys(server.fetch, monotonic=time)
    for _ in range(20):
        with pytest.raises(RequestRefused):
            await keys.get(URL, "one", "RS256")
    assert server.asked == 1
    time.seconds += ASKED_AGAIN_SECONDS
    server.document = key_set(one=RSA)
    assert await keys.get(URL, "one", "RS256")


async def test_who_hangs_up_does_not_stop_the_others() -> None:
    release = asyncio.Event()

    async def fetch(url: str) -> bytes:
        await release.wait()
        return key_set(one=RSA)

    keys = TokenKeys(fetch)
    first = asyncio.create_task(keys.get(URL, "one", "RS256"))
    second = asyncio.create_task(keys.get(URL, "one", "RS256"))
    await asyncio.sleep(0)
    first.cancel()
    release.set()
    assert await second is not None


async def test_sources_are_bounded() -> None:
    counts: dict[str, int] = {}

    async def fetch(url: str) -> bytes:
        counts[url] = counts.get(url, 0) + 1
        return key_set(one=RSA)

    keys = TokenKeys(fetch)
    ask: Callable[[int], Any] = lambda number: keys.get(f"{URL}/{number}", "one", "RS256")  # noqa: E731
    for number in [*range(SOURCES_MAX + 1), 0, SOURCES_MAX]:
        await ask(number)
    assert counts[f"{URL}/0"] == 2
    assert counts[f"{URL}/{SOURCES_MAX}"] == 1
