"""Names, addresses, phones, fobs and keys run through the routes of the tills, and are in no log or error."""

import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from regulars.db.database import DatabaseUnavailable
from regulars.features.members import actions as members
from tests.support.canary import BIRD, HEADERS, Canary, everything_logged
from tests.support.guests import Guests
from tests.support.hotel_requests import REQUESTS, open_bar, prepared
from tests.support.hotels import BASE, Answer, Hotels, hotels, ok

PHONE = "+44 7700 900321"
JANE = {
    "name": "Jane Nightingale",
    "email": f"jane@{BIRD}.example",
    "phone": PHONE,
    "dob": "1990-05-15",
    "rfid_code": f"{BIRD}-fob",
}
TEXTS = {
    "name", "label", "tier_at_visit", "discount_type", "promo_code", "identifier", "new_identifier", "code",
    "product_name", "product_group", "stock_type",
}  # fmt: skip


class Watched(Canary):
    """Hotels whose log is read, with every key and code that was under way."""

    def __init__(self, hub: Hotels, log: BytesIO) -> None:
        super().__init__(log, {*hub.keys.values(), PHONE, "447700900321"})
        self.hub = hub

    async def send(self, method: str, path: str, **content: Any) -> Answer:
        """The answer to the till, whose refusals are kept, and whose customers' codes are secrets."""
        headers = {**HEADERS, **self.hub.headers(), "Idempotency-Key": self.next_key()}
        answer = await self.hub.client.request(method, path, headers=headers, **content)
        if answer.status_code >= 400:
            self.errors.append(answer.text)
        self.secrets |= set(re.findall(r'"qr_code":"([^"]+)"', answer.text))
        return answer


@pytest_asyncio.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    """Two hotels with a guest and a promo; the log shows everything that it ever shows."""
    with everything_logged() as log:
        async with hotels(database_url, tmp_path) as hub:
            await open_bar(hub)
            await Guests(hub).code(BIRD.upper(), name=f"{BIRD} night", description=BIRD)
            watched = Watched(hub, log)
            ok(await watched.send("POST", f"{BASE}/register", json=JANE), 201)
            yield watched


def planted(body: Any) -> Any:
    """The body with every text that a till could fill in replaced."""
    if isinstance(body, list):
        return [planted(item) for item in body]
    if not isinstance(body, dict):
        return body
    return {name: BIRD if name in TEXTS else planted(value) for name, value in body.items()}


async def run_through(watched: Watched, route: str) -> None:
    """Requests that succeed, requests with the bird in them, and requests that are wrong in every part."""
    request = await prepared(watched.hub, route)
    method, path = request.method, request.path
    assert (await watched.send(method, path, json=request.body)).status_code < 300
    await watched.send(method, path, json=planted(request.body))
    for name in request.body or {}:
        for wrong in (BIRD, [BIRD], {BIRD: BIRD}, BIRD * 100, f"\u0000{BIRD}"):
            await watched.send(method, path, json={**request.body, name: wrong})
    for raw in (BIRD, f'{{"{BIRD}', f'["{BIRD}"]', f'{{"{BIRD}": 1, "{BIRD}": 2}}', f'"{BIRD}'):
        await watched.send(method, path, content=raw.encode())
    await watched.send(
        method, f"{path}?updated_since={BIRD}&cursor={BIRD}&limit={BIRD}&{BIRD}={BIRD}&X-API-Key={BIRD}"
    )
    await watched.send("PUT", f"{path}/{BIRD}?{BIRD}={BIRD}")


async def test_nothing_planted_is_in_a_log_a_metric_or_an_error(watched: Watched) -> None:
    for route in REQUESTS:
        await run_through(watched, route)
    for field, value in JANE.items():
        for wrong in ({field: [value]}, {field: f"{value}\u0000"}, {field: value * 300}):
            await watched.send("POST", f"{BASE}/register", json={**JANE, **wrong})
    await watched.send("POST", f"{BASE}/register", json=JANE)
    log = await watched.said()
    assert len(watched.errors) > 100
    assert watched.leaks(log) == []
    assert watched.leaks((await watched.hub.client.get("/metrics")).text) == []
    assert watched.leaks("\n".join(watched.errors)) == []
    # The till itself is told: the search finds what is there.
    known = await watched.hub.post("/identify", {"identifier": JANE["rfid_code"]})
    assert len(watched.leaks(known.text)) > 1


async def test_a_line_says_which_till_called_what(watched: Watched) -> None:
    await watched.send("POST", f"{BASE}/identify", json={"identifier": BIRD})
    lines = [json.loads(line) for line in (await watched.said()).splitlines()]
    line = [line for line in lines if line["event"] == "request"][-1]
    assert (line["contract"], line["method"], line["route"]) == ("loyaltyhub", "POST", f"{BASE}/identify")
    assert (line["status"], line["program_id"]) == (404, watched.hub.program_id)
    assert line["credential_id"]


FAILURES: dict[str, tuple[Exception, int]] = {
    "a bug": (RuntimeError(f"no customer {BIRD}"), 500),
    "an outage": (DatabaseUnavailable(f"connection of {BIRD} lost"), 503),
    "an error of the database": (psycopg.errors.CheckViolation(f"Failing row contains ({BIRD})"), 500),
}


@pytest.mark.parametrize(("error", "status"), FAILURES.values(), ids=FAILURES)
async def test_an_unexpected_error_does_not_say_what_it_was_about(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*arguments: object, **more: object) -> None:
        raise error

    monkeypatch.setattr(members, "enrol", fail)
    answer = await watched.send("POST", f"{BASE}/register", json={**JANE, "rfid_code": None})
    assert answer.status_code == status
    log = await watched.said()
    assert ("unexpected_error" in log) is (status == 500)
    assert watched.leaks(log + answer.text) == []


async def test_what_the_database_refuses_is_quoted_nowhere(watched: Watched, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("alter table members add constraint no_birds check (name !~* 'nightingale') not valid")
        owner.execute("alter table sale_items add constraint no_bird check (product_name !~* 'nightingale')")
    answers = [await watched.send("POST", f"{BASE}/register", json={"name": BIRD})]
    sale = {"customer_id": 42, "total_amount": 1, "items": [{"product_name": BIRD}]}
    answers.append(await watched.send("POST", f"{BASE}/transaction", json=sale))
    assert [answer.status_code for answer in answers] == [500, 500]
    log = await watched.said()
    assert "CheckViolation 23514 no_birds" in log
    assert watched.leaks(log + "".join(answer.text for answer in answers)) == []
    directory = psycopg.conninfo.conninfo_to_dict(database_url).get("host", "")
    log_of_database = Path(str(directory)) / "server.log"
    if log_of_database.exists():
        assert "no_bird" in log_of_database.read_text()
        assert watched.leaks(log_of_database.read_text()) == []
