"""An idempotency key is its caller's: nobody else finds what it led to, whatever is gone meanwhile."""

from typing import Any

import pytest

from tests.support.family import Family, ok, refused
from tests.support.family_callers import callers

KEY = {"Idempotency-Key": "k-1"}
RESERVE = ("/api/holds", {"userId": "leo", "itemId": 1}, "reward_not_found")
QUICK = ("/api/earn/quick", {"userId": "leo", "templateId": 1}, "template_not_found")


async def switch_off(home: Family) -> None:
    for path in (f"/api/rewards/{home.reward_id}", f"/api/earn-templates/{home.template_id}"):
        ok(await home.client.patch(path, json={"active": False}, headers=home.headers()))


@pytest.mark.parametrize(("path", "body", "word"), [RESERVE, QUICK])
async def test_another_callers_key_finds_nothing_once_the_catalogue_changed(
    home: Family, path: str, body: dict[str, Any], word: str
) -> None:
    await home.earn(50)
    first = await home.post(path, body, headers=KEY)
    assert first.status_code in (200, 201)
    await switch_off(home)
    refused(await home.post(path, body, key="parent", headers=KEY), 404, word)
    if path == "/api/holds":
        for child in ("leo", None):
            refused(await home.post(path, body, key=child, headers=KEY), 404, word)
    assert ok(await home.post(path, body, headers=KEY))["tx"] == first.json()["tx"]


async def test_a_tokens_number_is_no_key_of_a_request(home: Family) -> None:
    """A key that somebody chooses never meets what a token has done, nor the other way round."""
    gift = ok(await home.post("/api/tokens/give", {"userId": "leo", "amount": 4}))["token"]
    given = ok(await home.post("/api/earn/scan", {"token": gift}, key=None))
    jti = given["tx"]["idempotency_key"]
    body = {"user_id": "leo", "amount": 4, "idempotency_key": jti}
    earned = ok(await home.post("/ck/earn", body))
    assert earned["txId"] != given["txId"]
    assert earned["balance"] == 8
    await home.earn(10)
    wish = {"userId": "leo", "itemId": home.reward_id, "idempotency_key": jti}
    ok(await home.post("/api/holds", wish, key=None), 201)
    refused(await home.post("/api/holds", wish, key="leo"), 409, "hold_failed")
    # The admin has used this very key for the earn above.
    refused(await home.post("/api/holds", wish), 409, "IDEMPOTENCY_CONFLICT")


async def test_another_programs_admin_has_keys_of_its_own(home: Family) -> None:
    other = (await callers(home))["another program's admin"]
    ok(await home.client.post("/api/members", json={"userId": "leo", "name": "Leo"}, headers=other), 201)
    body = {"user_id": "leo", "amount": 4}
    ours = ok(await home.post("/ck/earn", body, headers=KEY))
    for changed in (4, 5):
        theirs = await home.client.post(
            "/ck/earn", json={**body, "amount": changed}, headers={**other, **KEY, "Idempotency-Key": "k-1"}
        )
        if changed == 4:
            assert ok(theirs)["txId"] != ours["txId"]
        else:
            refused(theirs, 409, "IDEMPOTENCY_CONFLICT")
    assert await home.balance() == 4
