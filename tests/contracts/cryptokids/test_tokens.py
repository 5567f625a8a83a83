"""Tokens: made for chores and gifts, scanned once; quick earns by template."""

from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from regulars.features.ledger.model import AMOUNT_MAX
from regulars.features.members import actions as members
from regulars.features.rewards.model import TokenType
from regulars.features.rewards.signing import issue, token_key
from tests.support.family import SECRET_KEY, Family, ok, refused
from tests.support.family_acts import DownLedger, change_template, earn_token, give_token, scan
from tests.support.ledger import NOW

NOW_SECONDS = int(NOW.timestamp())


async def test_an_earn_token_says_what_it_is_worth_now(home: Family) -> None:
    body = {
        "userId": "leo",
        "templates": [{"id": str(home.template_id), "count": 2}, {"id": home.template_id}],
    }
    answer = ok(await home.post("/api/tokens/earn", body, key=None))
    assert list(answer) == ["token", "qrText", "expiresAt", "total"]
    assert (answer["expiresAt"], answer["total"]) == (NOW_SECONDS + 120, 9)
    assert answer["qrText"] == f"http://family.test/scan?t={answer['token']}"


async def test_a_give_token_says_what_it_gives(home: Family) -> None:
    answer = ok(await home.post("/api/tokens/give", {"user_id": "leo", "amount": 4, "note": "x"}))
    assert list(answer) == ["token", "qrText", "expiresAt", "amount"]
    assert (answer["expiresAt"], answer["amount"]) == (NOW_SECONDS + 120, 4)


async def test_an_earn_token_is_redeemed_with_the_admins_key(home: Family) -> None:
    answer = ok(await scan(home, await earn_token(home, note="All of them")))
    counted = [{"id": home.template_id, "title": "Dishes", "points": 3, "count": 2}]
    assert list(answer)[7:] == ["userId", "amount", "note", "templates", "tokenType"]
    assert (answer["verb"], answer["action"], answer["tokenType"]) == ("earn", "earn_qr", "earn")
    assert (answer["userId"], answer["amount"], answer["note"]) == ("leo", 6, "All of them")
    assert answer["templates"] == answer["tx"]["templates"] == counted
    assert (answer["tx"]["delta"], answer["tx"]["note"], answer["balance"]) == (6, "All of them", 6)
    assert answer["hints"]["balance"] == 6
    assert UUID(answer["txId"])


async def test_a_give_token_needs_no_key(home: Family) -> None:
    answer = ok(await scan(home, await give_token(home, note="Happy birthday"), key=None))
    assert (answer["action"], answer["tokenType"], answer["amount"]) == ("earn_admin_give", "give", 4)
    assert (answer["userId"], answer["note"], answer["templates"]) == ("leo", "Happy birthday", None)
    assert (answer["balance"], answer["tx"]["actor"]) == (4, "child")


async def test_an_earn_token_without_the_admins_key(home: Family) -> None:
    await home.earn(5)
    token = await earn_token(home)
    body = refused(await scan(home, token, key=None), 403, "ADMIN_REQUIRED")
    assert (body["balance"], body["hints"]["max_redeem"]) == (5, 5)
    refused(await scan(home, token, key="leo"), 403, "ADMIN_REQUIRED")
    wrong = {"X-Admin-Key": "x" * 64}
    answer = await home.post("/api/earn/scan", {"token": token}, key=None, headers=wrong)
    refused(answer, 403, "ADMIN_REQUIRED")
    ok(await scan(home, token, key="parent"))


@pytest.mark.parametrize("make", [earn_token, give_token])
async def test_a_token_works_once(home: Family, make: Any) -> None:
    token = await make(home)
    balance = ok(await scan(home, token))["balance"]
    for key in ("admin", "parent"):
        body = refused(await scan(home, token, key=key), 409, "TOKEN_USED")
        assert (body["balance"], body["hints"]["balance"]) == (balance, balance)
    assert await home.rows() == 1


async def test_the_same_chores_make_another_token_each_time(home: Family) -> None:
    first, second = await earn_token(home), await earn_token(home)
    ok(await scan(home, first))
    assert ok(await scan(home, second))["balance"] == 12


async def test_points_are_those_at_redemption(home: Family) -> None:
    token = await earn_token(home)
    await change_template(home, points=7, title="All dishes")
    answer = ok(await scan(home, token))
    assert (answer["amount"], answer["templates"][0]["points"]) == (14, 7)
    assert answer["templates"][0]["title"] == "All dishes"


async def test_a_template_that_is_gone_by_then(home: Family) -> None:
    token = await earn_token(home)
    await change_template(home, active=False)
    body = refused(await scan(home, token), 400, "TEMPLATE_MISSING")
    assert (body["templateId"], body["balance"]) == (home.template_id, 0)


@pytest.mark.parametrize("token", [None, "", "   ", 5, True, ["x"], {}])
async def test_a_missing_token(home: Family, token: object) -> None:
    refused(await scan(home, token), 400, "missing_token")
    refused(await home.post("/api/earn/scan", {}), 400, "missing_token")


@pytest.mark.parametrize("token", ["x", "x.", ".", "a.b.c", "é.é", "x" * 9999, "a b.c"])
async def test_what_is_no_token(home: Family, token: str) -> None:
    answer = await scan(home, token)
    assert answer.status_code == 400
    assert answer.json()["error"] in ("BAD_TOKEN", "BAD_SIGNATURE")


async def test_every_changed_character_is_noticed(home: Family) -> None:
    token = await give_token(home)
    for place in range(0, len(token), 7):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        answer = await scan(home, changed, key=None)
        assert answer.status_code == 400
        assert answer.json()["error"] in ("BAD_TOKEN", "BAD_SIGNATURE")
    assert await home.rows() == 0


async def test_a_token_expires(home: Family) -> None:
    token = await give_token(home)
    home.clock.advance(seconds=119)
    another = await give_token(home)
    home.clock.advance(seconds=1)
    refused(await scan(home, token), 400, "EXPIRED")
    ok(await scan(home, another))


async def test_a_lifetime_is_ten_seconds_at_least(home: Family) -> None:
    await home.set(token_lifetime_seconds=1)
    token = await give_token(home)
    home.clock.advance(seconds=9)
    ok(await scan(home, token))


async def test_a_spend_token_is_not_for_scanning(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    refused(await scan(home, hold["token"]), 400, "unsupported_token")


@pytest.mark.parametrize("typ", list(TokenType))
@pytest.mark.parametrize(
    "data", [{}, {"userId": 5}, {"userId": "leo", "amount": "5", "templates": [{"id": 1}]}]
)
async def test_a_signed_token_of_another_shape(home: Family, typ: TokenType, data: dict[str, Any]) -> None:
    key = token_key(SECRET_KEY.encode(), home.program_id)
    text, _ = issue(key, typ, data, jti="1", now=NOW, lifetime_seconds=60)
    error = "unsupported_token" if typ is TokenType.SPEND else "BAD_TOKEN"
    refused(await scan(home, text), 400, error)


async def test_scanning_enrols_whom_an_earn_would(home: Family) -> None:
    token = await give_token(home, userId="Ada")
    answer = ok(await scan(home, token, key=None))
    assert (answer["userId"], answer["balance"]) == ("ada", 4)
    assert ok(await scan(home, await earn_token(home, userId="bo")))["userId"] == "bo"


async def test_making_a_token_enrols_nobody(home: Family) -> None:
    await give_token(home, userId="ada")
    async with home.database.connection() as connection:
        assert await members.find(connection, home.program_id, "handle", "ada") is None


async def test_a_total_that_is_too_large(home: Family) -> None:
    await change_template(home, points=AMOUNT_MAX)
    token_of_one = await earn_token(home, templates=[{"id": home.template_id}])
    body = {"userId": "leo", "templates": [{"id": home.template_id, "count": 2}]}
    refused(await home.post("/api/tokens/earn", body, key=None), 400, "invalid_templates")
    assert ok(await scan(home, token_of_one))["balance"] == AMOUNT_MAX
    await change_template(home, points=1)
    token = await earn_token(home)
    await change_template(home, points=AMOUNT_MAX)
    refused(await scan(home, token), 400, "scan_failed")


async def test_a_gift_that_the_balance_has_no_room_for(home: Family) -> None:
    await home.earn(AMOUNT_MAX)
    body = refused(await scan(home, await give_token(home)), 400, "scan_failed")
    assert body["balance"] == AMOUNT_MAX


async def test_other_failures_have_the_words_of_their_endpoint(home: Family) -> None:
    await home.earn(AMOUNT_MAX)
    body = {"userId": "leo", "templateId": home.template_id}
    assert refused(await home.post("/api/earn/quick", body), 400, "EARN_FAILED")["balance"] == AMOUNT_MAX
    token = await give_token(home)
    home.application.state["services"] = replace(home.services, ledger=DownLedger())
    refused(await home.post("/api/earn/quick", body), 503, "EARN_FAILED")
    refused(await scan(home, token), 503, "scan_failed")
