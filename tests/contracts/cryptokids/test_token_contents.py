"""What the tokens of QR codes carry, as anybody may read it, and what each of them is bound to."""

import json
from base64 import urlsafe_b64decode
from typing import Any
from uuid import uuid4

import pytest

from regulars.features.rewards.model import TokenType
from regulars.features.rewards.signing import issue, token_key
from tests.support.family import SECRET_KEY, Family, ok, refused
from tests.support.family_acts import approve, earn_token, give_token, scan
from tests.support.ledger import NOW

NOW_SECONDS = int(NOW.timestamp())


def payload_of(token: str) -> dict[str, Any]:
    """What stands before the dot."""
    payload, _, signature = token.partition(".")
    assert "=" not in token
    assert len(urlsafe_b64decode(signature + "=")) == 32
    said: dict[str, Any] = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return said


def signed(home: Family, typ: TokenType, data: dict[str, Any]) -> str:
    """A token of the family's own that its routes would not make."""
    key = token_key(SECRET_KEY.encode(), home.program_id)
    text, _ = issue(key, typ, data, jti=str(uuid4()), now=NOW, lifetime_seconds=60)
    return text


async def test_every_token_has_the_published_members_and_lives_two_minutes(home: Family) -> None:
    await home.earn(10)
    hold = await home.reserve()
    tokens = {"give": await give_token(home), "earn": await earn_token(home), "spend": hold["token"]}
    said = {typ: payload_of(token) for typ, token in tokens.items()}
    for typ, payload in said.items():
        assert set(payload) == {"typ", "jti", "iat", "exp", "data"}
        assert (payload["typ"], payload["iat"], payload["exp"]) == (typ, NOW_SECONDS, NOW_SECONDS + 120)
    assert len({payload["jti"] for payload in said.values()}) == 3
    assert (said["give"]["data"]["userId"], said["give"]["data"]["amount"]) == ("leo", 4)
    assert said["earn"]["data"]["templates"] == [{"id": home.template_id, "count": 2}]
    assert said["spend"]["data"] == {
        "userId": "leo",
        "memberId": str(home.member_ids["leo"]),
        "holdId": hold["holdId"],
        "itemId": home.reward_id,
        "cost": 10,
        "programId": home.program_id,
    }


@pytest.mark.parametrize("seconds", [10, 600])
async def test_tokens_live_as_long_as_the_program_says(home: Family, seconds: int) -> None:
    await home.set(token_lifetime_seconds=seconds)
    await home.earn(10)
    hold = await home.reserve()
    for token in (await give_token(home), await earn_token(home), hold["token"]):
        payload = payload_of(token)
        assert payload["exp"] - payload["iat"] == seconds
    home.clock.advance(seconds=seconds)
    refused(await approve(home, hold), 400, "EXPIRED")


async def test_a_reservation_answered_again_has_the_token_it_had(home: Family) -> None:
    """Its two minutes are counted from when the hold was made, so that asking again does not prolong them."""
    await home.earn(10)
    first = await home.reserve(idempotency_key="k-1")
    home.clock.advance(seconds=100)
    body = {"userId": "leo", "itemId": home.reward_id, "idempotency_key": "k-1"}
    again = ok(await home.post("/api/holds", body, key=None))
    assert (again["token"], again["qrText"]) == (first["token"], first["qrText"])
    home.clock.advance(seconds=20)
    refused(await approve(home, again), 400, "EXPIRED")


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"memberId": "maya"}, 404, "hold_not_pending"),
        ({"memberId": str(uuid4())}, 400, "approve_failed"),
        ({"holdId": str(uuid4())}, 400, "hold_mismatch"),
        ({"cost": 4}, 400, "invalid_payload"),
    ],
)
async def test_a_spend_token_is_bound_to_its_hold_member_and_cost(
    home: Family, changes: dict[str, Any], status: int, error: str
) -> None:
    await home.earn(20)
    await home.earn(20, "maya")
    hold = await home.reserve()
    data = payload_of(hold["token"])["data"] | changes
    data["memberId"] = str(home.member_ids.get(data["memberId"], data["memberId"]))
    forged = {**hold, "token": signed(home, TokenType.SPEND, data)}
    refused(await approve(home, forged, finalCost=5), status, error)
    assert (await home.balance(), await home.balance("maya")) == (20, 20)
    assert ok(await approve(home, hold))["balance"] == 10


async def test_white_space_around_a_scanned_token_is_nobodys_fault(home: Family) -> None:
    assert ok(await scan(home, f"  {await give_token(home)}\n"))["balance"] == 4
