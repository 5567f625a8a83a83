"""What those who run the server ask it: whether it lives, whether it is ready, and how much it does."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest

from regulars.base.clock import utc_now
from regulars.db.database import Database, DatabaseUnavailable
from regulars.operations import OK, Check, judge_jobs
from tests.support.shop import Shop


async def test_the_process_is_healthy(shop: Shop) -> None:
    answer = await shop.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_readiness_names_each_thing_it_looked_at(shop: Shop) -> None:
    answer = await shop.client.get("/readyz")
    fine = {"status": "ok", "detail": None}
    assert answer.json() == {"status": "ok", "database": fine, "migrations": fine, "jobs": fine}
    assert answer.status_code == 200


async def test_readiness_sees_a_schema_of_another_version(shop: Shop, database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("update schema_version set version_num = '0001'")
    answer = await shop.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["migrations"]["status"] == "failing"
    assert "0001" in answer.json()["migrations"]["detail"]


async def test_without_a_database_the_process_is_healthy_but_not_ready(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(database: Database) -> Any:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(Database, "connection", away)
    assert (await shop.client.get("/healthz")).status_code == 200
    answer = await shop.client.get("/readyz")
    assert answer.status_code == 503
    assert {answer.json()[name]["status"] for name in ("database", "migrations", "jobs")} == {"failing"}


HEARTBEATS = {
    "just now": (timedelta(seconds=1), True, "ok"),
    "late": (timedelta(seconds=59), True, "ok"),
    "too late": (timedelta(seconds=61), True, "failing"),
    "too late, jobs run elsewhere": (timedelta(seconds=61), False, "failing"),
    "never": (None, True, "failing"),
    "never, jobs run elsewhere": (None, False, "ok"),
}


@pytest.mark.parametrize(("age", "expected", "status"), HEARTBEATS.values(), ids=HEARTBEATS)
def test_jobs_are_judged_by_the_last_sign_of_life(age: timedelta | None, expected: bool, status: str) -> None:
    now = utc_now()
    check = judge_jobs(None if age is None else now - age, now, expected=expected)
    assert isinstance(check, Check)
    assert check.status == status
    assert (check is OK) is (status == "ok")


async def test_metrics_count_requests_by_contract_route_and_class_of_status(shop: Shop) -> None:
    def count(text: str, labels: str) -> float:
        line = f"regulars_http_requests_total{{{labels}}} "
        return next((float(row.removeprefix(line)) for row in text.splitlines() if row.startswith(line)), 0.0)

    sales = 'contract="till",method="POST",route="/till/sales",status="4xx"'
    cards = 'contract="till",method="GET",route="/till/cards/{card}",status="2xx"'
    before = (await shop.client.get("/metrics")).text
    for card in ("A1", "A2", "A3"):
        await shop.client.get(f"/till/cards/{card}")
    await shop.client.post("/till/sales")
    answer = await shop.client.get("/metrics")
    assert count(answer.text, cards) - count(before, cards) == 3
    assert count(answer.text, sales) - count(before, sales) == 1
    assert "regulars_http_request_duration_seconds_bucket" in answer.text
    assert "A1" not in answer.text
    assert answer.headers["content-type"].startswith("text/plain")
