"""What goes wrong before a verb can judge it, in the contract's words: too large, too slow, broken, away."""

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from regulars.db.database import DatabaseUnavailable
from regulars.features.photos.model import PhotosUnavailable
from tests.support.family import Family, ok, refused

TOO_LARGE = b'{"user_id": "leo", "note": "' + b"x" * 2**21 + b'"}'
VERBS = {
    "/ck/earn": "EARN_FAILED",
    "/ck/redeem": "REDEEM_FAILED",
    "/ck/adjust": "ADJUST_FAILED",
    "/ck/refund": "REFUND_FAILED",
    "/api/holds": "hold_failed",
    "/api/holds/x/approve": "approve_failed",
    "/api/holds/x/cancel": "Cancel failed",
    "/api/earn/scan": "scan_failed",
    "/api/earn/quick": "EARN_FAILED",
}
OTHERS = ["/api/members", "/api/rewards", "/api/earn-templates"]


@pytest.mark.parametrize("path", [*VERBS, *OTHERS])
async def test_a_body_that_is_too_large(home: Family, path: str) -> None:
    answer = await home.post(path, raw=TOO_LARGE)
    assert refused(answer, 413, VERBS.get(path, "PAYLOAD_TOO_LARGE")).keys() == {"error"}
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("path", ["/ck/earn", "/api/earn/scan", "/api/rewards"])
async def test_a_body_that_does_not_arrive(home: Family, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regulars.http.bodies._deadline_seconds", lambda _: 0.01)
    status, body = await answer_to_nothing(home, path)
    assert (status, body) == (408, {"error": VERBS.get(path, "REQUEST_TIMEOUT")})


async def answer_to_nothing(home: Family, path: str) -> tuple[int, Any]:
    """Status and body of the answer to a request whose body never comes."""
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in home.headers().items()]
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("family.test", 80), "state": {},
    }  # fmt: skip
    await home.application(scope, receive, send)
    return sent[0]["status"], json.loads(b"".join(message.get("body", b"") for message in sent))


class AwayDatabase:
    """A database that gives nobody a connection."""

    def connection(self) -> Any:
        """Raises what the real one raises then."""
        raise DatabaseUnavailable("the database is away")

    transaction = connection


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/rewards", None),
        ("GET", "/api/members", None),
        ("GET", "/api/holds", None),
        ("GET", "/api/history", None),
        ("GET", "/api/history?format=csv", None),
        ("GET", "/api/history.csv/leo", None),
        ("GET", "/balance/leo", None),
        ("GET", "/ck/ledger/leo", None),
        ("POST", "/api/rewards", {"name": "Zoo", "cost": 1}),
        ("DELETE", "/api/members/leo", None),
    ],
)
async def test_without_a_database_the_rest_is_unavailable(
    home: Family, method: str, path: str, body: Any
) -> None:
    await home.earn(1)
    services = home.services
    home.application.state["services"] = replace(services, database=AwayDatabase())
    answer = await home.client.request(method, path, json=body, headers=home.headers())
    home.application.state["services"] = services
    assert refused(answer, 503, "UNAVAILABLE") == {"error": "UNAVAILABLE"}
    assert answer.headers["retry-after"] == "1"


async def test_pictures_that_cannot_be_stored_are_unavailable(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*_: Any, **__: Any) -> None:
        raise PhotosUnavailable("the disk is full")

    monkeypatch.setattr("regulars.contracts.cryptokids.uploads.photos.store_photo", full)
    answer = await home.post("/admin/upload-image64", {"image64": "data:image/png;base64,AAAA"})
    assert refused(answer, 503, "UNAVAILABLE") == {"error": "UNAVAILABLE"}
    assert answer.headers["retry-after"] == "1"


async def test_a_bug_is_an_internal_error_that_says_nothing_and_counts_as_the_verbs_failure(
    home: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("something about leo")

    monkeypatch.setattr("regulars.contracts.cryptokids.verbs.post", broken)
    answer = await home.post("/ck/earn", {"user_id": "leo", "amount": 1})
    assert refused(answer, 500, "INTERNAL_ERROR") == {"error": "INTERNAL_ERROR"}
    health = ok(await home.get("/api/admin/telemetry/core-health"))
    assert health["topFailureReasons"] == [{"message": "EARN_FAILED", "count": 1}]


async def test_what_was_too_large_counts_as_the_verbs_failure(home: Family) -> None:
    await home.post("/ck/redeem", raw=TOO_LARGE)
    [verb] = ok(await home.get("/api/admin/telemetry/core-health"))["verbs"]
    assert (verb["verb"], verb["topFailures"]) == ("redeem", [{"message": "REDEEM_FAILED", "count": 1}])
