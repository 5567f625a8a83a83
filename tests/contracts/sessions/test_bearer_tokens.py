"""Kiosks that show a signed token: right ones are let in, and every kind of forged one is not."""

import base64
import json
from typing import Any

import jwt
import pytest
from msgspec.structs import replace

from regulars.features.access import actions as access
from regulars.http.token_issuers import LEEWAY_SECONDS, TokenIssuers
from tests.support.kiosks import (
    AUDIENCE,
    ELSEWHERE,
    ISSUER,
    PHONE,
    SECOND,
    VENUE,
    Answer,
    Kiosks,
    ok,
    refused,
)
from tests.support.ledger import NOW
from tests.support.tokens import EC, OTHER_RSA, RSA, key_set, public_jwk, public_pem, signed

SECONDS = int(NOW.timestamp())
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": AUDIENCE, "iat": SECONDS, "exp": SECONDS + 3600}


def encoded(part: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def unsigned(header: dict[str, Any], claims: Any, signature: str = "") -> str:
    return f"{encoded(header)}.{encoded(claims)}.{signature}"


def changed(token: str) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{encoded({**CLAIMS, 'x': 1})}.{signature}"


def without(*names: str) -> dict[str, Any]:
    return {name: value for name, value in CLAIMS.items() if name not in names}


async def upsert(shop: Kiosks, authorization: str, venue: str = VENUE) -> Answer:
    body = {"phone_raw": PHONE, "venue_id": venue}
    return await shop.client.post(
        "/loyalty/upsert-customer-by-phone", json=body, headers={"Authorization": authorization}
    )


GOOD = {
    "as issued": signed(CLAIMS),
    "without a key id": jwt.encode(CLAIMS, RSA, algorithm="RS256"),
    "another algorithm of the key": signed(CLAIMS, algorithm="PS256"),
    "several audiences": signed({**CLAIMS, "aud": ["web", AUDIENCE]}),
    "more claims": signed({**CLAIMS, "sub": "kiosk_01", "role": "admin", "scopes": ["sessions:admin"]}),
    "just over": signed({**CLAIMS, "exp": SECONDS - LEEWAY_SECONDS + 1}),
    "a clock ahead": signed({**CLAIMS, "iat": SECONDS + LEEWAY_SECONDS, "nbf": SECONDS + LEEWAY_SECONDS}),
    "fractions of seconds": signed({**CLAIMS, "exp": SECONDS + 0.5}),
    "for this venue": signed({**CLAIMS, "venue_id": VENUE}),
}
HMAC_HEADER = {"alg": "HS256", "typ": "JWT", "kid": "one"}
BAD = {
    "nothing": "",
    "no token": "secret",
    "no signature": unsigned({"alg": "none", "kid": "one"}, CLAIMS),
    "none in capitals": unsigned({"alg": "NONE", "kid": "one"}, CLAIMS, "AA"),
    "no algorithm": unsigned({"kid": "one"}, CLAIMS, "AA"),
    "an algorithm that is no text": unsigned({"alg": ["RS256"], "kid": "one"}, CLAIMS, "AA"),
    "the signature left out": signed(CLAIMS).rpartition(".")[0] + ".",
    "the signature changed": signed(CLAIMS)[:-6] + "AAAAAA",
    "the claims changed": changed(signed(CLAIMS)),
    "another's key": signed(CLAIMS, key=OTHER_RSA),
    "a key that the token brings along": signed(CLAIMS, key=OTHER_RSA, jwk=public_jwk(OTHER_RSA)),
    "a key that the token points at": signed(CLAIMS, key=OTHER_RSA, jku="https://evil.example/keys"),
    "an unknown key": signed(CLAIMS, kid="two"),
    "a key id that is a path": signed(CLAIMS, kid="../../dev/null"),
    "another kind of key": jwt.encode(CLAIMS, EC, algorithm="ES256", headers={"kid": "one"}),
    "an extension it insists on": signed(CLAIMS, crit=["b64"], b64=False),
    "over": signed({**CLAIMS, "exp": SECONDS - LEEWAY_SECONDS}),
    "no end": signed(without("exp")),
    "an end that is text": signed({**CLAIMS, "exp": str(SECONDS + 60)}),
    "an end that is true": signed({**CLAIMS, "exp": True}),
    "an end that is null": signed({**CLAIMS, "exp": None}),
    "not begun": signed({**CLAIMS, "nbf": SECONDS + LEEWAY_SECONDS + 1}),
    "issued in the future": signed({**CLAIMS, "iat": SECONDS + LEEWAY_SECONDS + 1}),
    "no issuer": signed(without("iss")),
    "another issuer": signed({**CLAIMS, "iss": "https://evil.example"}),
    "an issuer that begins alike": signed({**CLAIMS, "iss": ISSUER + "/"}),
    "an issuer that is a list": unsigned({"alg": "RS256", "kid": "one"}, {**CLAIMS, "iss": [ISSUER]}, "AA"),
    "no audience": signed(without("aud")),
    "another audience": signed({**CLAIMS, "aud": "web"}),
    "an audience that is a number": unsigned({"alg": "RS256", "kid": "one"}, {**CLAIMS, "aud": 5}, "AA"),
    "audiences that are no texts": unsigned({"alg": "RS256"}, {**CLAIMS, "aud": [5, [AUDIENCE]]}, "AA"),
    "no audiences": signed({**CLAIMS, "aud": []}),
    "claims that are a list": unsigned({"alg": "RS256", "kid": "one"}, [1], "AA"),
    "an unknown venue": signed({**CLAIMS, "venue_id": "nowhere"}),
    "a venue of another program": signed({**CLAIMS, "venue_id": ELSEWHERE}),
    "a venue that is a number": signed({**CLAIMS, "venue_id": 1}),
    "a venue with a NUL": signed({**CLAIMS, "venue_id": "venue_001\0"}),
    "a venue with half a character": signed({**CLAIMS, "venue_id": "\ud800"}),
    "too long": signed({**CLAIMS, "x": "y" * 9000}),
    "five parts": signed(CLAIMS) + ".AA.AA",
    "a line break": signed(CLAIMS).replace(".", ".\n", 1).replace("\n", "%0a"),
    "brackets": "[" * 2000,
}  # fmt: skip


@pytest.mark.parametrize("token", GOOD.values(), ids=GOOD)
async def test_a_token_of_the_issuer_is_a_kiosk(shop: Kiosks, token: str) -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        ok(await upsert(shop, f"{scheme} {token}"))


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
async def test_anything_else_is_nobody(shop: Kiosks, token: str) -> None:
    refused(await upsert(shop, f"Bearer {token}"), 401, "unauthorized")


async def test_a_public_key_is_no_shared_secret(shop: Kiosks) -> None:
    """The oldest trick: signing with the published key, as if it were the secret of an HMAC."""
    import hashlib
    import hmac

    content = f"{encoded(HMAC_HEADER)}.{encoded(CLAIMS)}"
    for secret in (
        public_pem(RSA),
        public_pem(RSA).strip(),
        key_set(one=RSA),
        json.dumps(public_jwk(RSA)).encode(),
    ):
        digest = hmac.new(secret, content.encode(), hashlib.sha256).digest()
        forged = f"{content}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"
        refused(await upsert(shop, f"Bearer {forged}"), 401, "unauthorized")


async def test_a_token_opens_kiosk_routes_only(shop: Kiosks) -> None:
    bearer = {"Authorization": f"Bearer {shop.token()}"}
    for path in ("/loyalty/monthly-reward-grant-job", "/loyalty/membership-checkout-create-session"):
        refused(await shop.client.post(path, json={}, headers=bearer), 401, "unauthorized")
    refused(await shop.client.get("/admin", params={"venue_id": VENUE}, headers=bearer), 401, "unauthorized")
    # Nor does an API key in its place.
    for key in shop.keys.values():
        refused(await upsert(shop, f"Bearer {key}"), 401, "unauthorized")


async def test_a_token_for_a_venue_reaches_no_other(shop: Kiosks) -> None:
    token = shop.token(venue_id=VENUE)
    ok(await upsert(shop, f"Bearer {token}"))
    refused(await upsert(shop, f"Bearer {token}", SECOND), 404, "venue_not_found")
    ok(await upsert(shop, f"Bearer {shop.token()}", SECOND))


async def test_a_token_acts_on_the_program_that_it_is_for(shop: Kiosks) -> None:
    ok(await upsert(shop, f"Bearer {shop.token(aud='others')}", ELSEWHERE))
    refused(await upsert(shop, f"Bearer {shop.token()}", ELSEWHERE), 404, "venue_not_found")
    # One for both is for nobody.
    refused(await upsert(shop, f"Bearer {shop.token(aud=[AUDIENCE, 'others'])}"), 401, "unauthorized")


async def test_an_issuer_that_two_programs_claim_is_believed_by_neither(shop: Kiosks) -> None:
    await claim_issuer(shop, shop.other_program_id, jwt_audience=AUDIENCE)
    refused(await upsert(shop, f"Bearer {shop.token()}"), 401, "unauthorized")


@pytest.mark.parametrize(
    "change", [{"jwks_url": ""}, {"jwt_issuer": 5}, {"jwks_url": "http://issuer.example/keys"}]
)
async def test_without_a_whole_setting_there_is_no_issuer(shop: Kiosks, change: dict[str, Any]) -> None:
    await claim_issuer(shop, shop.program_id, **change)
    refused(await upsert(shop, f"Bearer {shop.token()}"), 401, "unauthorized")


async def test_while_the_issuer_is_away_nobody_can_tell(shop: Kiosks) -> None:
    async def fetch(url: str) -> bytes:
        raise TimeoutError

    services = shop.services
    issuers = TokenIssuers(
        services.database, services.locations, services.setting_seal, clock=shop.clock, fetch=fetch
    )
    shop.application.state["services"] = replace(services, token_issuers=issuers)
    answer = await upsert(shop, f"Bearer {shop.token()}")
    refused(answer, 503, "service_unavailable")
    assert answer.headers["retry-after"] == "1"
    # Whoever is nobody's is nobody all the same.
    refused(await upsert(shop, f"Bearer {BAD['another issuer']}"), 401, "unauthorized")


async def claim_issuer(shop: Kiosks, program_id: int, **settings: Any) -> None:
    async with shop.database.transaction() as connection:
        changes = {f"sessions.{name}": value for name, value in settings.items()}
        await access.update_program_settings(connection, program_id, changes, now=NOW)
