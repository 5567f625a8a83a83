"""Names, addresses, notes, keys and tokens run through every route, and are in no log, metric or error."""

import asyncio
import gc
import json
import re
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
import pytest_asyncio

from regulars.contracts.cryptokids.router import CONTRACT
from regulars.db.database import DatabaseUnavailable
from regulars.features.ledger.actions import Ledger
from regulars.http.openapi import documented_routes
from tests.support.canary import BIRD, HEADERS, Canary, everything_logged
from tests.support.family import Answer, Family, family, ok
from tests.support.family_requests import REQUESTS, new_hold, prepared
from tests.support.server_process import running_server
from tests.support.site import Site

MEMBER = {"userId": BIRD, "name": "Nora Nightingale", "dob": "2017-05-14", "sex": f"{BIRD}"}
NOTE = f"Ring nora@{BIRD}.example or +44 7700 900321"
TEXTS = {"note", "notes", "name", "title", "description", "action"}


class Watched(Canary):
    """A family whose log is read, with every key and token that was under way."""

    def __init__(self, home: Family, log: BytesIO) -> None:
        super().__init__(log, set(home.keys.values()))
        self.home = home

    async def send(self, method: str, path: str, **content: Any) -> Answer:
        """The answer to the admin, whose refusals are kept, and whose tokens are secrets."""
        headers = {**HEADERS, **self.home.headers(), "Idempotency-Key": self.next_key()}
        answer = await self.home.client.request(method, path, headers=headers, **content)
        if answer.status_code >= 400:
            self.errors.append(answer.text)
        self.secrets |= set(re.findall(r'"token": ?"([^"]+)"', answer.text))
        return answer


@pytest_asyncio.fixture
async def watched(database_url: str, tmp_path: Path) -> AsyncIterator[Watched]:
    """A family with one more child, whose log shows everything that it ever shows."""
    with everything_logged() as log:
        async with family(database_url, tmp_path) as home:
            await home.set(refunds_per_hour=0)
            watched = Watched(home, log)
            ok(await watched.send("POST", "/api/members", json=MEMBER), 201)
            yield watched


def planted(body: Any) -> Any:
    """The body with every text about nobody in particular replaced."""
    return {name: NOTE if name in TEXTS else value for name, value in body.items()} if body else body


async def run_through(watched: Watched, route: str) -> None:
    """Requests that succeed, requests about the planted child, and requests that are wrong in every part."""
    request = await prepared(watched.home, route)
    await watched.send(request.method, request.path, json=planted(request.body))
    about_child = json.loads(json.dumps(planted(request.body)).replace('"leo"', f'"{BIRD}"'))
    await watched.send(request.method, request.path.replace("/leo", f"/{BIRD}"), json=about_child)
    for name in request.body or {}:
        for wrong in (BIRD, [BIRD], {BIRD: BIRD}):
            await watched.send(request.method, request.path, json={**request.body, name: wrong})
    for raw in (BIRD, f'{{"{BIRD}', f'["{BIRD}"]', f'{{"{BIRD}": 1, "{BIRD}": 2}}', f'"{BIRD}'):
        await watched.send(request.method, request.path, content=raw.encode())
    path = re.sub(r"\{\w+\}", BIRD, route.partition(" ")[2])
    await watched.send(
        request.method, f"{path}?t={BIRD}.{BIRD}&key={BIRD}&limit={BIRD}&from={BIRD}&status={BIRD}"
    )
    await watched.send("PUT", f"{path}/{BIRD}?{BIRD}={BIRD}")


async def test_nothing_planted_is_in_a_log_a_metric_or_an_error(watched: Watched) -> None:
    routes = {
        f"{route.method.upper()} {route.path}"
        for route in documented_routes(watched.home.application, [CONTRACT])
    }
    for route in REQUESTS:
        if route in routes:
            await run_through(watched, route)
    watched.secrets.add((await new_hold(watched.home))["token"])
    log = await watched.said()
    assert len(watched.errors) > 200
    assert len(watched.secrets) > 100
    assert watched.leaks(log) == []
    assert watched.leaks((await watched.home.client.get("/metrics")).text) == []
    health = await watched.home.get("/api/admin/telemetry/core-health")
    assert health.json()["totalFailures"] > 50
    assert watched.leaks(health.text) == []
    assert watched.leaks("\n".join(watched.errors)) == []
    # The history, for which the texts were meant, has them: the search finds what is there.
    assert watched.leaks((await watched.home.get("/api/history", limit=500)).text) != []


FAILURES: dict[str, tuple[Exception, int]] = {
    "a bug": (RuntimeError(f"no member {NOTE}"), 500),
    "a bug in looking something up": (KeyError(NOTE), 500),
    "an outage": (DatabaseUnavailable(f"connection of {NOTE} lost"), 503),
    "an error of the database": (psycopg.errors.CheckViolation(f"Failing row contains ({NOTE})"), 500),
}


@pytest.mark.parametrize(("error", "status"), FAILURES.values(), ids=FAILURES)
async def test_an_unexpected_error_does_not_say_what_it_was_about(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def fail(*arguments: object, **more: object) -> None:
        try:
            raise ValueError(NOTE)
        except ValueError as cause:
            raise error from cause

    monkeypatch.setattr(Ledger, "post", fail)
    answer = await watched.send("POST", "/ck/earn", json={"user_id": BIRD, "amount": 1, "note": NOTE})
    assert answer.status_code == status
    log = await watched.said()
    assert ("unexpected_error" in log) is (status == 500)
    assert watched.leaks(log + answer.text) == []


async def test_what_the_database_refuses_is_quoted_nowhere(watched: Watched, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute(
            "alter table transfers add constraint no_birds check (note !~* 'nightingale') not valid"
        )
    answer = await watched.send("POST", "/ck/earn", json={"user_id": BIRD, "amount": 1, "note": NOTE})
    assert answer.status_code == 500
    taken = await watched.send("POST", "/api/members", json=MEMBER)
    assert taken.json() == {"error": "USER_EXISTS"}
    log = await watched.said()
    assert "CheckViolation 23514 no_birds" in log
    assert watched.leaks(log + answer.text + taken.text) == []

    directory = psycopg.conninfo.conninfo_to_dict(database_url).get("host", "")
    log_of_database = Path(str(directory)) / "server.log"
    if log_of_database.exists():
        assert "no_birds" in log_of_database.read_text()
        assert watched.leaks(log_of_database.read_text()) == []


async def test_a_task_that_fails_unseen_does_not_say_what_it_was_about(watched: Watched) -> None:
    async def fail() -> None:
        raise RuntimeError(NOTE)

    task = asyncio.create_task(fail(), name="a task of the test")
    await asyncio.wait([task])
    # Nobody asks for its outcome, so asyncio logs it when it goes.
    del task
    gc.collect()
    log = await watched.said()
    assert "Task exception was never retrieved" in log
    assert watched.leaks(log) == []


MALFORMED = [
    f"{BIRD} {BIRD}\r\n\r\n",
    f"GET /{BIRD} HTTP/9.9\r\n\r\n",
    f"GET / HTTP/1.1\r\n{BIRD}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: {BIRD}\r\nX-Admin-Key : {BIRD}\r\n\r\n",
    f"POST /ck/earn HTTP/1.1\r\nHost: x\r\nContent-Length: {BIRD}\r\n\r\n",
    f"POST /ck/earn HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {BIRD}\r\n\r\n",
    f"GET /balance/{BIRD}?key={BIRD} HTTP/1.1\r\nHost: {BIRD}\r\n\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nX-Admin-Key: {BIRD * 4000}\r\n\r\n",
    f"GET /ck HTTP/1.1\r\nHost: x\r\nUpgrade: {BIRD}\r\nConnection: upgrade\r\n\r\n",
]


async def exchange(port: int, request: str) -> str:
    """The first that the server says to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    said = await asyncio.wait_for(reader.read(65_536), 10)
    writer.close()
    return said.decode()


async def test_a_server_says_nothing_of_what_it_cannot_read(site: Site) -> None:
    key = site.keys["family"].admin
    with running_server(site, workers=1, REGULARS_LOG_LEVEL="debug", REGULARS_LOG_FORMAT="json") as server:
        for request in MALFORMED:
            answer = await exchange(server.port, request)
            assert answer.startswith("HTTP/1.1 4")
            assert BIRD not in answer.lower()
        asked = f"GET /api/members?search={BIRD} HTTP/1.1\r\nHost: x\r\nX-Admin-Key: {key}\r\n\r\n"
        assert (await exchange(server.port, asked)).startswith("HTTP/1.1 200")
        await asyncio.to_thread(server.stop)
        log = server.said()
    assert '"route":"/api/members"' in log
    assert key not in log
    assert BIRD not in log.lower()
