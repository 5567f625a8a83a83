"""Who may do what at the routes of referrals, each against every kind of caller."""

from collections.abc import AsyncIterator
from datetime import timedelta
from secrets import token_hex

import jwt
import msgspec
import pytest
import pytest_asyncio

from regulars.contracts.fittwin.context import INTERNAL_SCOPE, SHOPPER_SCOPE
from regulars.features.access import actions as access
from regulars.http.access import authorisation_table
from tests.support.footprint import differences, footprint
from tests.support.ledger import NOW
from tests.support.market import (
    ANN,
    BEN,
    JWT_SECRET,
    SECRET_KEY,
    Market,
    market,
    token,
)
from tests.support.market_requests import EVERY, OPEN, SHOP, SHOPPER, of, prepared, send
from tests.support.postgres import PostgresServer
from tests.support.tokens import EC, OTHER_RSA, RSA, public_pem, signed

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECONDS = int(NOW.timestamp())
SCOPES = {SHOPPER: {SHOPPER_SCOPE}, SHOP: {INTERNAL_SCOPE}, OPEN: set()}
NO_KEY = {"code": "UNAUTHORIZED", "message": "A valid credential is required."}


def bearer(text: str) -> dict[str, str]:
    return {"authorization": f"Bearer {text}"}


def claims(**changes: object) -> dict[str, object]:
    said = jwt.decode(token(), options={"verify_signature": False}) | changes
    return {name: value for name, value in said.items() if value is not None}


FORGED = {
    "nobody's": signed(claims(), key="another secret of thirty-two signs", algorithm="HS256"),
    "unsigned": jwt.encode(claims(), key="", algorithm="none"),
    "of a longer algorithm": signed(claims(), key=JWT_SECRET, algorithm="HS512"),
    "over": token(exp=SECONDS - 31),
    "endless": token(exp=None),
    "not begun": token(nbf=SECONDS + 3600),
    "of another issuer": token(iss="https://evil.test"),
    "for another audience": token(aud="elsewhere"),
    "for no audience": token(aud=None),
    "about nobody": token(None),
    "about an empty name": token("  "),
    "about a number": signed(claims(sub=5), key=JWT_SECRET, algorithm="HS256"),
    "about a line break": token("a\nb"),
    "about too long a name": token("x" * 201),
    "of another key": signed(claims(), key=OTHER_RSA),
    "of another kind of key": jwt.encode(claims(), EC, algorithm="ES256", headers={"kid": "one"}),
    "bringing its key along": signed(claims(), key=OTHER_RSA, jku="https://evil.test/keys"),
}


def forged_with_the_public_key() -> str:
    """The oldest trick: the published key as if it were a shared secret."""
    import base64
    import hashlib
    import hmac

    header, payload, _ = signed(claims()).split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"HS256","kid":"one","typ":"JWT"}').decode().rstrip("=")
    digest = hmac.new(public_pem(RSA), f"{header}.{payload}".encode(), hashlib.sha256).digest()
    return f"{header}.{payload}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


class Setting(msgspec.Struct, frozen=True):
    """The shop, everybody who is nobody, and the database."""

    shop: Market
    nobodies: dict[str, dict[str, str]]
    database_url: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def setting(
    postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Setting]:
    """One for all routes."""
    with postgres.migrated_database() as database_url:
        async with market(database_url, tmp_path_factory.mktemp("market")) as shop:
            yield Setting(shop, await nobodies(shop), database_url)


async def nobodies(shop: Market) -> dict[str, dict[str, str]]:
    """What those send who are nobody: 401 wherever somebody is asked for."""
    others = ("sessions:internal", "sessions:kiosk", "cryptokids:admin", "rejoes:store", SHOPPER_SCOPE)
    return {
        "no key": {},
        "an empty key": {"x-internal-api-key": ""},
        "an unknown key": {"x-internal-api-key": token_hex(32)},
        "a key as a token": bearer(shop.key),
        "a key in a cookie": {"cookie": f"x-internal-api-key={shop.key}"},
        "a revoked key": shop.as_shop(await revoked(shop)),
        "a token as a key": {"x-internal-api-key": token()},
        "a role of one's own": {"x-actor-role": "admin", "x-forwarded-for": "127.0.0.1"},
        **{f"a key of {scope}": shop.as_shop((await shop.new_key(scope))[1]) for scope in others},
        **{f"a token {kind}": bearer(text) for kind, text in FORGED.items()},
        "a token signed with the public key": bearer(forged_with_the_public_key()),
    }


async def revoked(shop: Market) -> str:
    credential_id, key = await shop.new_key()
    async with shop.database.transaction() as connection:
        await access.revoke_credential(connection, shop.program_id, credential_id, NOW)
    return key


async def test_every_route_is_in_the_table(setting: Setting) -> None:
    rows = [row for row in authorisation_table(setting.shop.application) if row.contract == "fittwin"]
    assert {f"{row.method} {row.path}" for row in rows} == set(EVERY)
    for row in rows:
        _, who, _ = of(f"{row.method} {row.path}")
        assert row.access.public == (who is OPEN)
        assert row.access.scopes == SCOPES[who]
        assert row.access.keyless_setting is None


@pytest.mark.parametrize("route", EVERY)
async def test_nobody_is_let_in(setting: Setting, route: str) -> None:
    shop, (_, who, right) = setting.shop, of(route)
    request = await prepared(shop, route)
    wrong_side = {"shopper": bearer(token()), "shop": shop.as_shop()}
    wrong_side.pop(who, None)
    before = footprint(setting.database_url)
    for kind, headers in {**setting.nobodies, **wrong_side}.items():
        answer = await send(shop, request, headers)
        assert answer.status_code == (right if who is OPEN else 401), (kind, answer.text)
        if who is not OPEN:
            assert answer.json() == {"error": NO_KEY}, kind
    if who is not OPEN:
        assert differences(before, footprint(setting.database_url)) == []


@pytest.mark.parametrize("route", EVERY)
async def test_whoever_may_is_let_in(setting: Setting, route: str) -> None:
    shop, (_, who, right) = setting.shop, of(route)
    tokens = {
        "by secret": token(),
        "by key": token(algorithm="RS256"),
        "to several": token(aud=["x", "fittwin"]),
    }
    kinds: dict[str, dict[str, dict[str, str]]] = {
        SHOPPER: {kind: bearer(text) for kind, text in tokens.items()},
        SHOP: {"key": shop.as_shop(), "both keys": {**shop.as_shop(), **bearer("x.y.z")}, "new": {}},
        OPEN: {"nothing": {}},
    }
    ways = kinds[who]
    if who is SHOP:
        credential_id, old = await shop.new_key()
        async with shop.database.transaction() as connection:
            issued = await access.rotate_credential(
                connection, SECRET_KEY, shop.program_id, credential_id, overlap=timedelta(hours=1), now=NOW
            )
        ways |= {"new": shop.as_shop(issued.key), "old": shop.as_shop(old)}
    for kind, headers in ways.items():
        answer = await send(shop, await prepared(shop, route), headers)
        assert answer.status_code == right, (kind, answer.text)


@pytest.mark.parametrize("route", [route for route in EVERY if of(route)[1] is SHOP])
async def test_another_program_reaches_nothing_here(setting: Setting, route: str) -> None:
    shop = setting.shop
    request = await prepared(shop, route)
    ours = footprint(setting.database_url, shop.program_id)
    answer = await send(shop, request, shop.as_shop(shop.other_key))
    known = "{" in route
    assert answer.status_code == (404 if known else 409), answer.text
    assert differences(ours, footprint(setting.database_url, shop.program_id)) == []


@pytest.mark.parametrize("route", [route for route in EVERY if of(route)[1] is SHOPPER and "{" in route])
async def test_other_shoppers_see_what_unknown_rids_show(setting: Setting, route: str) -> None:
    shop = setting.shop
    request = await prepared(shop, route)
    unknown = msgspec.structs.replace(request, path=route.partition(" ")[2].format(rid="A" * 22))
    await shop.create(await shop.product(), BEN)
    answers = [
        await send(shop, request, bearer(token(BEN))),
        await send(shop, request, bearer(token("somebody who has no RID"))),
        await send(shop, request, bearer(token(aud="others"))),
        await send(shop, unknown, bearer(token(ANN))),
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, answers[0].content)}


@pytest.mark.parametrize("route", EVERY)
async def test_options_tells_the_methods_and_nothing_else(setting: Setting, route: str) -> None:
    request = await prepared(setting.shop, route)
    answer = await send(setting.shop, request, {}, "OPTIONS")
    assert (answer.status_code, answer.content) == (204, b"")
    assert request.method in answer.headers["allow"].split(", ")
