"""Telemetry, features and version over HTTP."""

from importlib.metadata import version

from regulars.features.telemetry.actions import Telemetry
from tests.support.family import Family, ok, refused

PATH = "/api/admin/telemetry/core-health"


async def test_before_the_first_verb_everything_is_zero(home: Family) -> None:
    assert ok(await home.get(PATH)) == {
        "since": None,
        "totalCount": 0,
        "totalFailures": 0,
        "errorRate": 0.0,
        "verbs": [],
        "topFailureReasons": [],
    }


async def test_verbs_and_their_failures_are_counted(home: Family) -> None:
    await home.earn(50)
    await home.earn(1)
    for amount in (99, 98, 97):
        refused(
            await home.post("/ck/redeem", {"user_id": "leo", "amount": amount}), 409, "INSUFFICIENT_FUNDS"
        )
    refused(await home.post("/ck/redeem", {"user_id": "leo", "amount": "1"}), 400, "INVALID_AMOUNT")
    held = await home.reserve()
    ok(await home.post(f"/api/holds/{held['holdId']}/cancel"))
    health = ok(await home.get(PATH))
    assert list(health) == ["since", "totalCount", "totalFailures", "errorRate", "verbs", "topFailureReasons"]
    assert (health["totalCount"], health["totalFailures"], health["errorRate"]) == (8, 4, 0.5)
    assert health["since"] == int(home.clock().timestamp() * 1000)
    verbs = {verb["verb"]: verb for verb in health["verbs"]}
    assert set(verbs) == {"earn", "redeem", "hold.reserve", "hold.release"}
    redeem = verbs["redeem"]
    assert list(redeem) == ["verb", "count", "failures", "errorRate", "avgDurationMs", "topFailures"]
    assert (redeem["count"], redeem["failures"], redeem["errorRate"]) == (4, 4, 1.0)
    reasons = [{"message": "INSUFFICIENT_FUNDS", "count": 3}, {"message": "INVALID_AMOUNT", "count": 1}]
    assert redeem["topFailures"] == health["topFailureReasons"] == reasons
    assert verbs["earn"]["avgDurationMs"] > 0


async def test_lists_of_failures_are_short(home: Family) -> None:
    bodies = [
        {"user_id": "leo", "amount": 0},
        {"user_id": "nobody", "amount": 1},
        {"user_id": "leo", "amount": 1, "idempotency_key": "x" * 256},
        {"user_id": "leo", "amount": 10},
    ]
    for body in bodies:
        assert (await home.post("/ck/redeem", body)).status_code >= 400
    refused(await home.post("/ck/adjust", {"user_id": "leo", "delta": 0}), 400, "INVALID_DELTA")
    refused(await home.post("/api/holds", {"userId": "leo", "itemId": 99}, key=None), 404, "reward_not_found")
    refused(await home.post("/ck/earn", {"user_id": "leo", "amount": 1}, role="parent"), 403, "ROLE_REQUIRED")
    health = ok(await home.get(PATH))
    assert max(len(verb["topFailures"]) for verb in health["verbs"]) == 3
    assert len(health["topFailureReasons"]) == 5


async def test_counts_survive_a_restart_and_add_up_over_processes(home: Family) -> None:
    await home.earn(1)
    for verb in ("earn", "redeem"):
        process = Telemetry(home.database, clock=home.clock)
        process.record(home.program_id, verb, 0.002)
        process.record(home.program_id, "another contract's verb", 0.002)
        await process.close()
    health = ok(await home.get(PATH))
    assert [(verb["verb"], verb["count"]) for verb in health["verbs"]] == [("earn", 2), ("redeem", 1)]


async def test_telemetry_needs_the_admin_key(home: Family) -> None:
    for key in (None, "leo"):
        refused(await home.get(PATH, key=key), 401, "UNAUTHORIZED")


async def test_features_follow_the_programs_setting(home: Family) -> None:
    assert ok(await home.get("/api/features", key=None)) == {"refunds": True}
    await home.set(refunds=False)
    assert ok(await home.get("/api/features", key=None)) == {"refunds": False}


async def test_the_version_is_the_packages(home: Family) -> None:
    assert ok(await home.get("/version", key=None)) == {"build": version("regulars")}


async def test_in_production_both_need_a_key_or_a_device(production: Family) -> None:
    for path in ("/api/features", "/version"):
        refused(await production.get(path, key=None), 401, "UNAUTHORIZED")
        for key in ("leo", "parent"):
            ok(await production.get(path, key=key))
