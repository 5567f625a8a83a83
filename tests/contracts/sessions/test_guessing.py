"""Whoever guesses cards, phones or pages meets 429; whoever has one is answered all the same."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from regulars.contracts.sessions.context import INTERNAL_SCOPE
from regulars.contracts.sessions.guessing import REPORTS_PER_MINUTE
from regulars.contracts.sessions.settings import ENROLMENTS_PER_MINUTE, UNKNOWN_CARDS_PER_MINUTE
from tests.support.kiosks import PASS_TYPE, VENUE, Answer, Kiosks, carrying, kiosks, ok, refused

RESOLVE = "/loyalty/resolve-customer-from-pass-token"
UPSERT = "/loyalty/upsert-customer-by-phone"
PAGES_MAX = UNKNOWN_CARDS_PER_MINUTE.default


@pytest_asyncio.fixture
async def carded(database_url: str, tmp_path: Path) -> AsyncIterator[Kiosks]:
    """A shop whose cards Apple Wallet takes."""
    async with kiosks(database_url, tmp_path, **carrying()) as opened:
        yield opened


def asked(token: str) -> dict[str, Any]:
    return {"pass_token": token, "venue_id": VENUE}


def too_many(answer: Answer, seconds: int = 60) -> None:
    refused(answer, 429, "too_many_requests")
    assert answer.headers["retry-after"] == str(seconds)
    assert answer.headers["cache-control"] == "no-store"


async def guess_cards(shop: Kiosks, count: int, **headers: Any) -> None:
    for number in range(count):
        refused(await shop.post(RESOLVE, asked(f"{number:048x}"), **headers), 404, "pass_not_found")


async def test_a_kiosk_that_guesses_cards(shop: Kiosks) -> None:
    await shop.set_program(unknown_cards_per_minute=5)
    token = (await shop.enrol())["wallet_token"]
    await guess_cards(shop, 3)
    shop.clock.advance(seconds=20)
    await guess_cards(shop, 2)
    too_many(await shop.post(RESOLVE, asked("f" * 48)), 40)
    # It is answered from memory then, and says so to the second.
    shop.clock.advance(seconds=15)
    too_many(await shop.post(RESOLVE, asked("x")), 25)
    # The owner's card is read, even on that kiosk.
    for _ in range(10):
        ok(await shop.post(RESOLVE, asked(token)))
    # Other kiosks are not concerned, and a minute after the first three there is room for three.
    _, other = await shop.new_key()
    await guess_cards(shop, 5, x_kiosk_secret=other)
    too_many(await shop.post(RESOLVE, asked("f" * 48), x_kiosk_secret=other))
    shop.clock.advance(seconds=25)
    await guess_cards(shop, 3)
    too_many(await shop.post(RESOLVE, asked("f" * 48)), 20)


async def test_what_is_wrong_with_a_request_is_said_first(shop: Kiosks) -> None:
    await shop.set_program(unknown_cards_per_minute=1)
    await guess_cards(shop, 1)
    refused(await shop.post(RESOLVE, {}), 400, "pass_token_and_venue_id_required")
    refused(await shop.post(RESOLVE, {**asked("x"), "venue_id": "nowhere"}), 404, "venue_not_found")
    refused(await shop.post(RESOLVE, asked("x"), by=None), 401, "unauthorized")
    too_many(await shop.post(RESOLVE, asked("x")))


async def test_kiosks_with_tokens_count_together(shop: Kiosks) -> None:
    await shop.set_program(unknown_cards_per_minute=2)
    for kiosk in ("one", "two"):
        bearer = f"Bearer {shop.token(sub=kiosk)}"
        refused(await shop.post(RESOLVE, asked("x"), by=None, authorization=bearer), 404, "pass_not_found")
    bearer = f"Bearer {shop.token(sub='three')}"
    too_many(await shop.post(RESOLVE, asked("x"), by=None, authorization=bearer))
    # A kiosk with a secret is not among them.
    await guess_cards(shop, 2)


async def test_without_a_limit(shop: Kiosks) -> None:
    await shop.set_program(unknown_cards_per_minute=0, enrolments_per_minute=0)
    await guess_cards(shop, PAGES_MAX + 5)
    for number in range(5):
        assert (await shop.enrol(f"+4477009000{number:02}"))["is_new_customer"]
    async with shop.database.connection() as connection:
        assert (await (await connection.execute("select count(*) from attempts")).fetchone()) == (0,)


@pytest.mark.parametrize("path", [UPSERT, "/api/issue-card"])
async def test_a_kiosk_that_guesses_phones(shop: Kiosks, path: str) -> None:
    await shop.set_program(enrolments_per_minute=3)
    owner = await shop.enrol()
    for number in range(1, 3):
        await shop.enrol(f"+4477009000{number:02}")
    guess = {"phone_raw": "+447700900099", "venue_id": VENUE}
    for _ in range(3):
        too_many(await shop.post(path, guess))
    # Nobody was enrolled by that, so who comes later is new.
    async with shop.database.connection() as connection:
        assert (await (await connection.execute("select count(*) from members")).fetchone()) == (3,)
    # Customers give their number on that kiosk as before; what is no number is no guess either.
    for _ in range(5):
        again = ok(await shop.post(path, {"phone_raw": "07700 900000", "venue_id": VENUE}))
        assert (again["customer_id"], again["is_new_customer"]) == (owner["customer_id"], False)
        refused(await shop.post(path, {**guess, "phone_raw": "1"}), 400, "invalid_phone")
    _, other = await shop.new_key()
    assert ok(await shop.post(path, guess, x_kiosk_secret=other))["is_new_customer"]
    shop.clock.advance(seconds=61)
    for number in range(3):
        await shop.enrol(f"+4477009001{number:02}")
    too_many(await shop.post(path, {**guess, "phone_raw": "+447700900150"}))


async def test_the_limits_that_are_there_unless_set(shop: Kiosks) -> None:
    await guess_cards(shop, UNKNOWN_CARDS_PER_MINUTE.default)
    too_many(await shop.post(RESOLVE, asked("x")))
    for number in range(ENROLMENTS_PER_MINUTE.default):
        await shop.enrol(f"+447700900{number:03}")
    too_many(await shop.post(UPSERT, {"phone_raw": "+447700900999", "venue_id": VENUE}))
    # The shop's own server enrols on.
    by_server = await shop.post(
        "/api/issue-card", {"phone_raw": "+447700900999", "venue_id": VENUE}, by=INTERNAL_SCOPE
    )
    assert ok(by_server)["is_new_customer"]


PAGES = ["/wallet/{}", "/wallet/{}/join", "/wallet/apple/{}", "/wallet/google/{}"]
PROOFS = [
    ("POST", f"/wallet/apple/v1/devices/d/registrations/{PASS_TYPE}/1"),
    ("DELETE", f"/wallet/apple/v1/devices/d/registrations/{PASS_TYPE}/1"),
    ("GET", f"/wallet/apple/v1/passes/{PASS_TYPE}/1"),
]


async def test_somebody_who_guesses_pages(carded: Kiosks) -> None:
    shop = carded
    token = (await shop.enrol())["wallet_token"]
    for number in range(PAGES_MAX):
        path = PAGES[number % len(PAGES)].format(f"{number:048x}")
        assert (await shop.client.get(path)).status_code == 404
    for path in PAGES:
        answer = await shop.client.get(path.format("f" * 48))
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "Too many cards" in answer.text and answer.headers["cache-control"] == "no-store"
    too_many(await shop.client.get(f"/wallet/{'f' * 48}.png"))
    for method, path in PROOFS:
        body = {"pushToken": "ab" * 32} if method == "POST" else None
        wrong = {"authorization": f"ApplePass {'0' * 64}"}
        too_many(await shop.client.request(method, path, json=body, headers=wrong))
    # Customers behind the same address see their cards, and fetch them.
    for path in ("/wallet/{}", "/wallet/{}.png", "/wallet/apple/{}"):
        assert (await shop.client.get(path.format(token))).status_code == 200
    assert (await shop.client.get(f"/wallet/{token}/join")).status_code == 503
    # Kiosks are counted by themselves.
    await guess_cards(shop, 1)
    shop.clock.advance(seconds=61)
    assert (await shop.client.get(f"/wallet/{'f' * 48}")).status_code == 404


async def test_proofs_that_are_none_count_as_pages(carded: Kiosks) -> None:
    method, path = PROOFS[2]
    for _ in range(PAGES_MAX):
        assert (await carded.client.request(method, path)).status_code == 401
    too_many(await carded.client.request(method, path))
    assert (await carded.client.get("/wallet/x")).status_code == 429


async def test_addresses_are_kept_as_digests(shop: Kiosks) -> None:
    await shop.client.get("/wallet/x")
    async with shop.database.connection() as connection:
        rows = await (await connection.execute("select limiter, subject from attempts")).fetchall()
    [(limiter, subject)] = rows
    assert limiter == "sessions.unknown_pages" and len(bytes.fromhex(subject)) == 16


async def test_neighbours_of_one_network_count_as_one(shop: Kiosks) -> None:
    subject_of = shop.services.attempts.subject_of
    same = {subject_of(f"2001:db8:1:2::{host:x}") for host in range(5)}
    assert len(same) == 1
    others = {subject_of(one) for one in ("2001:db8:1:3::1", "10.0.0.1", "10.0.0.2", "", "a proxy")}
    assert len(others) == 5 and not same & others
    assert subject_of("::ffff:10.0.0.1") == subject_of("10.0.0.1")
    assert subject_of(None) == subject_of("")


async def test_nobody_fills_the_log(shop: Kiosks) -> None:
    path, body = "/wallet/apple/v1/log", {"logs": ["hello"]}
    for _ in range(REPORTS_PER_MINUTE):
        assert (await shop.client.post(path, json=body)).status_code == 200
    too_many(await shop.client.post(path, json=body))
    # Looking for cards is counted by itself.
    assert (await shop.client.get("/wallet/x")).status_code == 404
