"""Phones, tokens, keys, push tokens and secrets of Stripe go through all routes, and into no log or error."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from regulars.contracts.sessions.context import ADMIN_SCOPE
from regulars.contracts.sessions.links import milliseconds, signature_of
from regulars.db.database import DatabaseUnavailable
from regulars.features.kiosk import actions as kiosk
from regulars.settings_sources import Secret
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.contracts.sessions.test_membership import bought
from tests.support.browsing import Person
from tests.support.canary import BIRD, HEADERS, Canary, everything_logged
from tests.support.kiosk_requests import REQUESTS, World, places, prepared
from tests.support.kiosks import VENUE, WEBHOOK_SECRET, Answer, Kiosks, carrying, kiosks, ok, selling
from tests.support.ledger import NOW

PHONE = "+44 7700 900321"
PUSH_TOKEN = "5eed" * 16
LINK_SECRET = f"{BIRD} signs the links"
EMAIL = f"nora@{BIRD}.example"
TEXTS = {
    "phone_raw", "device_id", "cart_session_id", "order_id", "payment_event_id", "idempotency_key",
    "pass_token", "brand_name", "hero_text", "currency", "paid_at", "customer_id", "return_url", "pushToken",
}  # fmt: skip


class Watched(Canary):
    """A shop whose log is read, with every key and token that was under way."""

    def __init__(self, shop: Kiosks, stripe: StripeStandIn, log: BytesIO) -> None:
        keys = {*shop.keys.values(), *shop.other_keys.values(), shop.token(), stripe.secret_key}
        spellings = {PHONE, "447700900321", "07700900321", "07700 900321"}
        vendors = {WEBHOOK_SECRET, LINK_SECRET, PUSH_TOKEN, *lines_of(carrying()["apple_private_key"])}
        super().__init__(log, keys | spellings | vendors)
        self.shop = shop
        self.stripe = stripe

    async def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any
    ) -> Answer:
        """The answer to whoever has every key; refusals are kept, and the tokens of cards are secrets."""
        keys = {name: key for scope in self.shop.keys for name, key in self.shop.headers(scope).items()}
        sent = {**HEADERS, **keys, "x-idempotency-key": self.next_key(), **(headers or {})}
        answer = await self.shop.client.request(method, path, headers=sent, **more)
        if answer.status_code >= 400:
            # A page may lead whoever has a card back to it.
            self.errors.append(re.sub(r'href="/wallet/[0-9a-f]{48}"', "", answer.text))
        self.secrets |= set(re.findall(r'"wallet_token":"([^"]+)"', answer.text))
        return answer

    async def proof(self) -> tuple[str, dict[str, str]]:
        """A card's serial number, and what its phone proves with that it has it."""
        async with self.shop.database.connection() as connection:
            row = await (await connection.execute("select pass_id from passes limit 1")).fetchone()
        assert row is not None
        token = self.shop.services.carriers.apple.keys.authentication_token(row[0])
        self.secrets.add(token)
        return str(row[0]), {"authorization": f"ApplePass {token}"}


def lines_of(pem: str) -> Iterator[str]:
    """The secret lines of a key."""
    return (line for line in pem.splitlines() if line and not line.startswith("-"))


@pytest_asyncio.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    """A shop that sells memberships and signs cards; the log shows everything that it ever shows."""
    with everything_logged() as log, selling() as (stripe, sold):
        settings = {
            **sold, **carrying(), "membership_link_signing_secret": Secret(LINK_SECRET),
            # Nobody listens there: each card that has changed is a delivery that fails.
            "apple_push_url": "https://127.0.0.1:9",
        }  # fmt: skip
        async with kiosks(database_url, tmp_path, **settings) as shop:
            yield Watched(shop, stripe, log)


async def enrolled(watched: Watched) -> World:
    """A customer with rewards and a card that a phone has, whose phone number is the planted one."""
    await watched.shop.set_program(rewards_per_cart_max=5)
    body = {"phone_raw": PHONE, "venue_id": VENUE, "device_id": BIRD}
    said = ok(await watched.send("POST", "/loyalty/upsert-customer-by-phone", json=body))
    serial, proof = await watched.proof()
    path = "/wallet/apple/v1/devices/{device}/registrations/{pass_type}/{serial}"
    world = World(said["customer_id"], said["wallet_token"], watched.shop.keys[ADMIN_SCOPE])
    address = path.format(**places(world) | {"serial": serial, "device": f"{BIRD}-phone"})
    registered = await watched.send("POST", address, proof, json={"pushToken": PUSH_TOKEN})
    assert registered.status_code == 201
    await watched.shop.pay(world.customer_id, 110_050, "ord_0")
    watched.requests += 1
    return world


def planted(body: Any) -> Any:
    """The body with every text that a kiosk could fill in replaced."""
    return {name: BIRD if name in TEXTS else value for name, value in body.items()} if body else body


async def run_through(watched: Watched, world: World, route: str) -> None:
    """Requests that succeed, requests with the bird in them, and requests that are wrong in every part."""
    request = prepared(world, route)
    method, path, query = request.method, request.path, request.query
    sent: dict[str, Any] = {"json": request.body} if request.form is None else {"data": request.form}
    await watched.send(method, path, params=query, **sent)
    await watched.send(method, path, json=planted(request.body), params=planted(query))
    # What phones report is meant for the log.
    for name in (request.body or {}).keys() - {"logs"}:
        for wrong in (BIRD, [BIRD], {BIRD: BIRD}, BIRD * 100, f"\u0000{BIRD}"):
            await watched.send(method, path, json={**request.body, name: wrong})
    for raw in (BIRD, f'{{"{BIRD}', f'["{BIRD}"]', f'{{"{BIRD}": 1, "{BIRD}": 2}}', f'"{BIRD}'):
        await watched.send(method, path, content=raw.encode())
    names = ("customer_id", "venue_id", "ts", "sig", "return_url", BIRD, "x-kiosk-secret")
    await watched.send(method, path, params=dict.fromkeys(names, BIRD))
    await watched.send(method, re.sub(r"\{\w+\}", BIRD, route.partition(" ")[2]))
    await watched.send("PUT", f"{path}/{BIRD}?{BIRD}={BIRD}")


async def buy(watched: Watched, world: World) -> None:
    """A membership, by a signed link, and what Stripe has to say about it, rightly signed and not."""
    ts = str(milliseconds(NOW))
    sig = signature_of(world.customer_id, VENUE, ts, LINK_SECRET)
    watched.secrets.add(sig)
    link = {"customer_id": world.customer_id, "venue_id": VENUE, "ts": ts, "sig": sig}
    assert (await watched.send("GET", "/membership", params=link)).status_code == 302
    session = watched.stripe.account.one("checkout.session")
    watched.secrets.add(session["id"])
    before = len(watched.stripe.account.events)
    await bought(watched.shop, watched.stripe, session["id"])
    watched.requests += len(watched.stripe.account.events) - before
    body, signed = watched.stripe.signed(watched.stripe.account.events[-1], at=NOW.timestamp())
    for header in (signed, signed[:-1] + "x", BIRD, f"t={BIRD},v1={BIRD}"):
        watched.secrets.add(signed.partition("v1=")[2])
        await watched.send("POST", "/loyalty/stripe-webhook", {"stripe-signature": header}, content=body)
    for trouble in ("500", "429", "drop"):
        watched.stripe.misbehave(trouble, times=10)
        buying = {"customer_id": world.customer_id, "venue_id": VENUE, "return_url": "https://shop.test/x"}
        await watched.send("POST", "/loyalty/membership-checkout-create-session", json=buying)
        watched.stripe.behave()


async def test_nothing_planted_is_in_a_log_a_metric_or_an_error(watched: Watched) -> None:
    world = await enrolled(watched)
    await buy(watched, world)
    for route in REQUESTS:
        await run_through(watched, world, route)
    for bearer in (watched.shop.token(), watched.shop.token(aud=BIRD), BIRD):
        headers = {"authorization": f"Bearer {bearer}", "x-kiosk-secret": ""}
        await watched.send("POST", "/loyalty/get-balance", headers, json={})
        watched.secrets.add(bearer)
    report = [f"push {PUSH_TOKEN} failed", f"GET /wallet/{world.token} 500", f"ApplePass {world.token}"]
    await watched.send("POST", "/wallet/apple/v1/log", json={"logs": report})
    job = await watched.send("POST", "/loyalty/process-pass-update-jobs")
    assert job.json()["failed"] > 0 or job.json()["processed"] == 0
    log = await watched.said()
    assert len(watched.errors) > 200
    assert "a phone reports about its passes" in log
    assert watched.leaks(log) == []
    assert watched.leaks((await watched.shop.client.get("/metrics")).text) == []
    assert watched.leaks("\n".join(watched.errors)) == []
    # The kiosk itself is told: the search finds what is there.
    known = await watched.send("POST", "/api/issue-card", json={"phone_raw": PHONE, "venue_id": VENUE})
    assert len(watched.leaks(known.text)) > 0


async def test_a_delivery_that_fails_does_not_say_for_whom(watched: Watched) -> None:
    await enrolled(watched)
    job = await watched.send("POST", "/loyalty/process-pass-update-jobs")
    assert job.json()["failed"] == 1
    assert watched.leaks(await watched.said()) == []
    async with watched.shop.database.connection() as connection:
        trouble = await (await connection.execute("select trouble, reason from passes")).fetchall()
    assert trouble and watched.leaks(str(trouble)) == []


async def test_a_line_says_which_kiosk_called_what(watched: Watched) -> None:
    await watched.send("GET", f"/wallet/{BIRD}")
    body = {"pass_token": BIRD, "venue_id": VENUE}
    await watched.send("POST", "/loyalty/resolve-customer-from-pass-token", json=body)
    lines = [json.loads(line) for line in (await watched.said()).splitlines()]
    page, line = [line for line in lines if line["event"] == "request"][-2:]
    assert (page["contract"], page["route"], page["status"]) == ("sessions", "/wallet/{token}", 404)
    assert line["route"] == "/loyalty/resolve-customer-from-pass-token"
    assert (line["status"], line["program_id"]) == (404, watched.shop.program_id)
    assert line["credential_id"]


async def test_a_key_that_is_typed_in_is_shown_nowhere(watched: Watched) -> None:
    """Neither the key nor the cookie that holds it, nor a wrong one, in the log, in metrics or on a page."""
    person = Person(watched.shop)
    pages = [await person.sign_in(f"{BIRD}-key-{number:064}") for number in range(12)]
    assert pages[-1].status_code == 429
    pages += [await person.sign_in(origin="https://evil.example"), await person.sign_in("")]
    pages += [await person.sign_in(venue_id=VENUE)]
    watched.secrets.add(person.cookie)
    assert person.cookie
    pages += [await person.look(VENUE), await person.look(), await person.look("nowhere")]
    pages += [await person.send("/admin/sign-out")]
    watched.requests += len(pages)
    log = await watched.said()
    assert log.count("/admin/sign-in") == 15
    assert watched.leaks(log) == []
    assert watched.leaks((await watched.shop.client.get("/metrics")).text) == []
    assert watched.leaks("".join(page.text for page in pages)) == []


FAILURES: dict[str, tuple[Exception, int]] = {
    "a bug": (RuntimeError(f"no customer {BIRD} {PHONE}"), 500),
    "an outage": (DatabaseUnavailable(f"connection of {BIRD} lost"), 503),
    "an error of the database": (psycopg.errors.CheckViolation(f"Failing row contains ({PHONE})"), 500),
}


@pytest.mark.parametrize(("error", "status"), FAILURES.values(), ids=FAILURES)
async def test_an_unexpected_error_does_not_say_what_it_was_about(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(kiosk, "enrol_by_phone", fail)
    body = {"phone_raw": PHONE, "venue_id": VENUE, "device_id": EMAIL}
    answer = await watched.send("POST", "/loyalty/upsert-customer-by-phone", json=body)
    assert answer.status_code == status
    log = await watched.said()
    assert ("unexpected_error" in log) is (status == 500)
    assert watched.leaks(log + answer.text) == []


async def test_what_the_database_refuses_is_quoted_nowhere(watched: Watched, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("alter table identifiers add constraint no_one check (value !~ '900321') not valid")
        owner.execute("alter table carts add constraint no_birds check (cart_session_id !~* 'nightingale')")
    body: dict[str, Any] = {"phone_raw": PHONE, "venue_id": VENUE}
    answers = [await watched.send("POST", "/loyalty/upsert-customer-by-phone", json=body)]
    other = await watched.shop.enrol()
    watched.requests += 1
    body = {"customer_id": other["customer_id"], "venue_id": VENUE, "cart_session_id": BIRD}
    answers.append(await watched.send("POST", "/loyalty/attach-customer-to-cart-session", json=body))
    assert [answer.status_code for answer in answers] == [500, 500]
    log = await watched.said()
    assert "CheckViolation 23514 no_birds" in log and "no_one" in log
    assert watched.leaks(log + "".join(answer.text for answer in answers)) == []
    directory = psycopg.conninfo.conninfo_to_dict(database_url).get("host", "")
    log_of_database = Path(str(directory)) / "server.log"
    if log_of_database.exists():
        assert "no_birds" in log_of_database.read_text()
        assert watched.leaks(log_of_database.read_text()) == []


async def test_settings_that_are_shown_or_logged_hide_their_secrets(watched: Watched) -> None:
    """What a traceback or a debugger would print of the services."""
    services = watched.shop.services
    for shown in (services.settings, services.stripe, services.carriers, services.attempts):
        assert watched.leaks(f"{shown!r} {shown}") == []
