"""The same key again: one effect, the original row, today's balance; another request is a conflict."""

import asyncio
from typing import Any

import pytest

from tests.support.family import Family, ok, refused

REQUESTS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("/ck/earn", {"user_id": "leo", "amount": 2}, {"amount": 3}),
    ("/ck/earn", {"user_id": "leo", "amount": 2}, {"user_id": "maya"}),
    ("/ck/earn", {"user_id": "leo", "amount": 2}, {"note": "x"}),
    ("/ck/earn", {"user_id": "leo", "amount": 2}, {"action": "x"}),
    ("/ck/redeem", {"user_id": "leo", "amount": 2}, {"amount": 3}),
    ("/ck/adjust", {"user_id": "leo", "delta": 2}, {"delta": -2}),
    ("/api/earn/quick", {"userId": "leo", "templateId": 1}, {"note": "x"}),
    ("/api/holds", {"userId": "leo", "itemId": 1}, {"note": "x"}),
]


@pytest.mark.parametrize(("path", "body", "_change"), REQUESTS)
async def test_the_same_key_answers_the_original_row_and_todays_balance(
    home: Family, path: str, body: dict[str, Any], _change: dict[str, Any]
) -> None:
    await home.earn(20)
    key = {"Idempotency-Key": "k-1"}
    first = (await home.post(path, body, headers=key)).json()
    await home.earn(5)
    home.clock.advance(seconds=30)
    again = ok(await home.post(path, body, headers={**key, "User-Agent": "another", "X-Admin-Actor": "Sam"}))
    for name in ("txId", "tx", "verb", "action"):
        assert again[name] == first[name], name
    assert again["balance"] == again["hints"]["balance"] == first["balance"] + 5 == await home.balance()
    unchanged = {"holdId", "token", "qrText", "quotedCost", "userId", "amount", "templates"} & set(first)
    assert {name: again[name] for name in unchanged} == {name: first[name] for name in unchanged}
    assert await home.rows() == 3


async def test_a_first_reservation_is_a_201_and_its_repetition_a_200(home: Family) -> None:
    await home.earn(20)
    body, key = {"userId": "leo", "itemId": home.reward_id}, {"Idempotency-Key": "k-1"}
    ok(await home.post("/api/holds", body, key=None, headers=key), 201)
    ok(await home.post("/api/holds", body, key=None, headers=key), 200)


async def test_a_cancellation_may_be_repeated_under_its_key(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    path, key = f"/api/holds/{hold['holdId']}/cancel", {"Idempotency-Key": "k-1"}
    first = ok(await home.post(path, {}, headers=key))
    assert ok(await home.post(path, {}, headers=key))["tx"] == first["tx"]
    refused(await home.post(path, {"note": "x"}, headers=key), 409, "IDEMPOTENCY_CONFLICT")
    refused(await home.post(path, {}), 404, "hold_not_pending")


@pytest.mark.parametrize(("path", "body", "change"), REQUESTS)
async def test_the_same_key_with_another_request_is_a_conflict(
    home: Family, path: str, body: dict[str, Any], change: dict[str, Any]
) -> None:
    await home.earn(20)
    key = {"Idempotency-Key": "k-1"}
    assert (await home.post(path, body, headers=key)).status_code in (200, 201)
    answer = refused(await home.post(path, {**body, **change}, headers=key), 409, "IDEMPOTENCY_CONFLICT")
    assert answer["balance"] == answer["hints"]["balance"]
    assert await home.rows() == 2


async def test_another_verb_under_the_same_key_is_a_conflict(home: Family) -> None:
    await home.earn(2, idempotency_key="k-1")
    body = {"user_id": "leo", "amount": 2, "idempotency_key": "k-1"}
    refused(await home.post("/ck/redeem", body), 409, "IDEMPOTENCY_CONFLICT")


async def test_the_same_request_may_be_spelled_another_way(home: Family) -> None:
    first = await home.earn(2, idempotency_key="k-1")
    body = {"userId": " LEO", "note": "", "amount": 2, "action": "earn_manual", "idempotencyKey": "k-1"}
    assert ok(await home.post("/ck/earn", body))["txId"] == first["txId"]


@pytest.mark.parametrize("header", ["k-1", '"k-1"', "  k-1  "])
async def test_the_header_beats_the_body_bare_or_quoted(home: Family, header: str) -> None:
    first = await home.earn(2, idempotency_key="k-1")
    body = {"user_id": "leo", "amount": 2, "idempotency_key": "other"}
    again = ok(await home.post("/ck/earn", body, headers={"Idempotency-Key": header}))
    assert again["txId"] == first["txId"]
    assert again["tx"]["idempotency_key"] == "k-1"


@pytest.mark.parametrize("key", ["", '""', "  "])
async def test_an_empty_key_is_none(home: Family, key: str) -> None:
    for balance in (2, 4):
        body = {"user_id": "leo", "amount": 2, "idempotency_key": ""}
        answer = ok(await home.post("/ck/earn", body, headers={"Idempotency-Key": key}))
        assert (answer["balance"], answer["tx"]["idempotency_key"]) == (balance, None)


async def test_a_key_has_255_characters_at_most(home: Family) -> None:
    body = {"user_id": "leo", "amount": 2}
    ok(await home.post("/ck/earn", body, headers={"Idempotency-Key": "k" * 255}))
    answer = await home.post("/ck/earn", body, headers={"Idempotency-Key": "k" * 256})
    assert refused(answer, 400, "EARN_FAILED")["field"] == "idempotency_key"


async def test_without_a_key_two_equal_calls_are_two_effects(home: Family) -> None:
    await home.earn(2)
    assert (await home.earn(2))["balance"] == 4


async def test_a_failed_outcome_is_remembered(home: Family) -> None:
    await home.earn(2)
    body = {"user_id": "leo", "amount": 5, "idempotency_key": "k-1"}
    refused(await home.post("/ck/redeem", body), 409, "INSUFFICIENT_FUNDS")
    await home.earn(10)
    answer = refused(await home.post("/ck/redeem", body), 409, "INSUFFICIENT_FUNDS")
    assert answer["balance"] == 12
    refused(await home.post("/ck/redeem", {**body, "amount": 4}), 409, "IDEMPOTENCY_CONFLICT")


async def test_a_failed_reservation_is_remembered(home: Family) -> None:
    body, key = {"userId": "leo", "itemId": home.reward_id}, {"Idempotency-Key": "k-1"}
    refused(await home.post("/api/holds", body, key=None, headers=key), 409, "hold_failed")
    await home.earn(10)
    refused(await home.post("/api/holds", body, key=None, headers=key), 409, "hold_failed")


async def test_a_validation_failure_does_not_use_the_key_up(home: Family) -> None:
    body = {"user_id": "leo", "idempotency_key": "k-1"}
    refused(await home.post("/ck/earn", {**body, "amount": 0}), 400, "INVALID_AMOUNT")
    refused(await home.post("/ck/redeem", {**body, "user_id": "ada", "amount": 1}), 400, "INVALID_USER")
    refused(await home.post("/ck/earn", {**body, "amount": 1}, role="parent"), 403, "ROLE_REQUIRED")
    assert ok(await home.post("/ck/earn", {**body, "amount": 1}))["balance"] == 1


async def test_keys_of_different_callers_do_not_meet(home: Family) -> None:
    await home.earn(30)
    body, key = {"userId": "leo", "itemId": home.reward_id}, {"Idempotency-Key": "k-1"}
    holds = [
        ok(await home.post("/api/holds", body, key=caller, headers=key), 201)["holdId"]
        for caller in ("admin", "leo", None)
    ]
    assert len(set(holds)) == 3


async def test_twenty_at_once_have_one_effect(home: Family) -> None:
    body = {"user_id": "leo", "amount": 2, "idempotency_key": "k-1"}
    answers = await asyncio.gather(*(home.post("/ck/earn", body) for _ in range(20)))
    assert {ok(answer)["txId"] for answer in answers} == {ok(answers[0])["txId"]}
    assert await home.balance() == 2


async def test_twenty_at_once_enrol_one_member(home: Family) -> None:
    body = {"user_id": "ada", "amount": 2}
    answers = await asyncio.gather(*(home.post("/ck/earn", body) for _ in range(20)))
    assert max(ok(answer)["balance"] for answer in answers) == 40


async def test_twenty_scans_of_one_token_have_one_effect(home: Family) -> None:
    token = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 2}))["token"]
    answers = await asyncio.gather(
        *(home.post("/api/earn/scan", {"token": token}, key=None) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert await home.balance() == 2


async def test_approve_and_cancel_at_once_end_a_hold_one_way(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    path = f"/api/holds/{hold['holdId']}"
    answers = await asyncio.gather(
        *(home.post(f"{path}/approve", {"token": hold["token"]}) for _ in range(5)),
        *(home.post(f"{path}/cancel", {}) for _ in range(5)),
    )
    assert [answer.status_code for answer in answers].count(200) == 1
    assert await home.balance() in (0, 10)
