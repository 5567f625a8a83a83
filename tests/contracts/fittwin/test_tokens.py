"""Tokens of shoppers: which keys and which claims count, and what happens while the issuer is away."""

import base64
import hashlib
import hmac
from collections.abc import AsyncIterator
from typing import Any

import jwt
import msgspec
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from regulars.http.access import TOKEN_LENGTH_MAX
from tests.support.ledger import NOW
from tests.support.market import ANN, AUDIENCE, BEN, ISSUER, JWT_SECRET, Answer, Market, ok, refused, token
from tests.support.market_beside import Issuer, beside
from tests.support.sealed import sealed_for_something_else, store_as_it_is
from tests.support.tokens import OTHER_RSA, RSA, key_set, public_jwk, public_pem, signed

SECONDS = int(NOW.timestamp())
CLAIMS = {"iss": ISSUER, "aud": AUDIENCE, "sub": ANN, "exp": SECONDS + 3600}


@pytest_asyncio.fixture
async def issuer() -> Issuer:
    """The server with the issuer's keys."""
    return Issuer()


@pytest_asyncio.fixture
async def fresh(shop: Market, issuer: Issuer) -> AsyncIterator[Market]:
    """A process that has asked the issuer for nothing yet."""
    async with beside(shop, issuer) as opened:
        yield opened


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def forged(header: dict[str, Any], secret: bytes | None) -> str:
    """A token put together by hand, signed by HMAC with what the forger takes for a secret."""
    text = f"{encoded(msgspec.json.encode(header))}.{encoded(msgspec.json.encode(CLAIMS))}"
    signature = b"" if secret is None else hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{encoded(signature)}"


async def with_token(shop: Market, text: str) -> Answer:
    return await shop.client.get(f"/referrals/{'A' * 22}", headers={"authorization": f"Bearer {text}"})


async def knows(shop: Market, text: str) -> bool:
    """Whether somebody is known by this token; the RID is nobody's."""
    answer = await with_token(shop, text)
    known = answer.status_code == 404
    refused(answer, *((404, "RID_NOT_FOUND") if known else (401, "UNAUTHORIZED")))
    return known


KNOWN_SECRETS = {
    "PEM": public_pem(RSA),
    "PEM without its last line end": public_pem(RSA).rstrip(b"\n"),
    "DER": RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "PKCS 1": RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.PKCS1),
    "modulus": public_jwk(RSA)["n"].encode(),
    "JWK": msgspec.json.encode(public_jwk(RSA)),
    "key set": key_set(one=RSA),
    "nothing": b"",
    "name of the key": b"one",
}


@pytest.mark.parametrize("secret", KNOWN_SECRETS.values(), ids=KNOWN_SECRETS)
async def test_what_is_published_is_no_secret(shop: Market, secret: bytes) -> None:
    for header in ({"alg": "HS256", "kid": "one"}, {"alg": "HS256"}, {"alg": "RS256", "kid": "one"}):
        assert not await knows(shop, forged({"typ": "JWT", **header}, secret))
    assert await knows(shop, signed(CLAIMS))


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", "HS", "hs256", "RS256", None, 5])
async def test_what_is_not_signed_is_no_token(shop: Market, algorithm: Any) -> None:
    assert not await knows(shop, forged({"alg": algorithm, "typ": "JWT"}, None))
    assert not await knows(shop, forged({"alg": algorithm, "typ": "JWT"}, JWT_SECRET.encode()))
    assert not await knows(shop, forged({"alg": algorithm}, None).rstrip(".") + ".x")


async def test_without_a_secret_no_secret_signs(shop: Market) -> None:
    await shop.set_program(fittwin__jwt_secret=None)
    async with beside(shop) as opened:
        for secret in (JWT_SECRET.encode(), b"", b"None", b"null", public_pem(RSA)):
            assert not await knows(opened, forged({"alg": "HS256", "kid": "one"}, secret))
        assert await knows(opened, signed(CLAIMS))


async def test_a_secret_that_was_sealed_for_another_signs_nothing(shop: Market) -> None:
    name, ids = "fittwin.jwt_secret", (shop.program_id, shop.other_program_id)
    for value in sealed_for_something_else(shop.services.setting_seal, *ids, name, JWT_SECRET):
        await store_as_it_is(shop.database, shop.program_id, name, value)
        async with beside(shop) as opened:
            for secret in (JWT_SECRET.encode(), b"", str(value).encode()):
                assert not await knows(opened, forged({"alg": "HS256"}, secret))
            assert await knows(opened, signed(CLAIMS))
    await store_as_it_is(shop.database, shop.program_id, name, JWT_SECRET)
    async with beside(shop) as opened:
        assert await knows(opened, token())


async def test_without_keys_no_key_signs(shop: Market, issuer: Issuer) -> None:
    await shop.set_program(fittwin__jwks_url=None)
    async with beside(shop, issuer) as opened:
        assert not await knows(opened, signed(CLAIMS))
        assert await knows(opened, token())
    assert issuer.asked == 0


async def test_the_token_names_its_key(fresh: Market, issuer: Issuer) -> None:
    assert await knows(fresh, signed(CLAIMS))
    assert await knows(fresh, jwt.encode(CLAIMS, RSA, algorithm="RS256"))
    for name in ("two", "", "../one", "one ", "ONE", "x" * 3000):
        assert not await knows(fresh, signed(CLAIMS, kid=name))
    assert not await knows(fresh, signed(CLAIMS, key=OTHER_RSA))
    assert not await knows(fresh, jwt.encode(CLAIMS, OTHER_RSA, algorithm="RS256"))
    # However many keys tokens name, the issuer is not asked for each.
    assert issuer.asked == 1


async def test_a_token_is_for_one_program(shop: Market) -> None:
    assert await knows(shop, token(aud=[AUDIENCE, "somebody else"]))
    for audience in ([AUDIENCE, "others"], [], [5], {"a": AUDIENCE}, 5, "", AUDIENCE.upper(), f"{AUDIENCE} "):
        assert not await knows(shop, token(aud=audience))
    for issuer in (ISSUER + "/", ISSUER.upper(), "", 5, [ISSUER]):
        assert not await knows(shop, forged_claims(iss=issuer))


def forged_claims(**changes: Any) -> str:
    """A token that is signed as it should be, with claims that a library would not write."""
    header = encoded(b'{"alg":"HS256","typ":"JWT"}')
    text = f"{header}.{encoded(msgspec.json.encode(CLAIMS | changes))}"
    return f"{text}.{encoded(hmac.new(JWT_SECRET.encode(), text.encode(), hashlib.sha256).digest())}"


WRONG_TIMES: list[dict[str, Any]] = [
    {"exp": SECONDS - 30}, {"exp": str(SECONDS + 60)}, {"exp": None}, {"exp": True}, {"exp": [SECONDS + 60]},
    {"exp": -1}, {"nbf": SECONDS + 31}, {"nbf": "0"}, {"iat": SECONDS + 31}, {"sub": None}, {"sub": ""},
    {"sub": ["x"]}, {"sub": {"id": ANN}}, {"sub": True}, {"sub": "a\x00b"}, {"sub": "x" * 201},
]  # fmt: skip


@pytest.mark.parametrize("claims", WRONG_TIMES, ids=str)
async def test_claims_that_make_no_token(shop: Market, claims: dict[str, Any]) -> None:
    assert await knows(shop, forged_claims())
    assert not await knows(shop, forged_claims(**claims))


async def test_a_token_is_good_until_its_end_and_half_a_minute(shop: Market) -> None:
    text = token(exp=SECONDS + 60)
    for seconds, good in ((0, True), (89, True), (1, False), (3600, False)):
        shop.clock.advance(seconds=seconds)
        assert await knows(shop, text) is good


async def test_a_token_may_be_long_and_not_endless(shop: Market) -> None:
    padding = "x" * 5000
    assert len(token(padding=padding)) < TOKEN_LENGTH_MAX
    assert await knows(shop, token(padding=padding))
    for size in (TOKEN_LENGTH_MAX, 60_000):
        assert not await knows(shop, token(padding="x" * size))


async def test_while_the_issuer_is_away(shop: Market, fresh: Market, issuer: Issuer) -> None:
    rid = await shop.rid(BEN)
    issuer.is_down = True
    by_key = {"authorization": f"Bearer {token(BEN, algorithm='RS256')}"}
    mine = f"/referrals/{rid}"
    for method, path in (("GET", mine), ("POST", "/referrals"), ("GET", f"{mine}/events")):
        answer = await fresh.client.request(method, path, headers=by_key)
        refused(answer, 503, "SERVICE_UNAVAILABLE")
        assert answer.headers["retry-after"] == "1"
    # Whoever needs no key of the issuer's is not concerned.
    assert (await fresh.stats(rid, BEN))["rid"] == rid
    ok(await fresh.validate(rid))
    for headers in ({}, by_key):
        assert (await fresh.client.get(f"/r/{rid}", headers=headers)).status_code == 302
    assert not await knows(fresh, forged({"alg": "none"}, None))
    # One that has its keys already goes on with them.
    assert ok(await shop.client.get(f"/referrals/{rid}", headers=by_key))["rid"] == rid
