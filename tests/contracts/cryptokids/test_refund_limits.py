"""How many refunds may be tried in an hour: by each key for itself, in each program as it has set."""

from typing import Any

from regulars.contracts.cryptokids.context import ADMIN_SCOPE
from regulars.features.access.actions_credentials import issue_credential
from tests.support.family import SECRET_KEY, Answer, Family, ok, refused
from tests.support.ledger import NOW


async def another_admin(home: Family) -> None:
    """A second key with the same rights, as a second parent would have."""
    async with home.database.transaction() as connection:
        issued = await issue_credential(
            connection, SECRET_KEY, home.program_id, name="other", scopes={ADMIN_SCOPE}, now=NOW
        )
    home.keys["other"] = issued.key


async def attempt(home: Family, key: str = "admin", **body: Any) -> Answer:
    """The answer to an attempt; without a body it is one that fails."""
    headers = {"X-Admin-Key": home.keys[key], "X-Actor-Role": "admin"}
    return await home.client.post("/ck/refund", json={"user_id": "leo", **body}, headers=headers)


async def test_each_key_has_a_limit_of_its_own(home: Family) -> None:
    await home.set(refunds_per_hour=2)
    await another_admin(home)
    for key in ("admin", "other"):
        for _ in range(2):
            refused(await attempt(home, key), 400, "INVALID_AMOUNT")
        refused(await attempt(home, key), 429, "REFUND_RATE_LIMIT")


async def test_what_is_refused_for_its_role_or_its_feature_does_not_count(home: Family) -> None:
    await home.set(refunds_per_hour=1)
    for role in ("parent", None):
        refused(await home.post("/ck/refund", {"user_id": "leo"}, role=role), 403, "ROLE_REQUIRED")
    await home.set(refunds=False)
    refused(await attempt(home), 403, "FEATURE_DISABLED")
    await home.set(refunds=True)
    refused(await attempt(home), 400, "INVALID_AMOUNT")
    refused(await attempt(home), 429, "REFUND_RATE_LIMIT")


async def test_a_body_that_is_none_counts_as_an_attempt(home: Family) -> None:
    await home.set(refunds_per_hour=2)
    for raw in (b"{", b"[]"):
        refused(await home.post("/ck/refund", raw=raw), 400, "INVALID_USER")
    refused(await home.post("/ck/refund", raw=b"{"), 429, "REFUND_RATE_LIMIT")


async def test_other_verbs_are_not_limited(home: Family) -> None:
    await home.set(refunds_per_hour=1)
    await home.earn(5)
    redeemed = await home.redeem(5)
    ok(await attempt(home, redeem_tx_id=redeemed["txId"], amount=1, reason="mis_tap"))
    refused(await attempt(home), 429, "REFUND_RATE_LIMIT")
    await home.earn(1)
    await home.redeem(1)
    ok(await home.post("/ck/adjust", {"user_id": "leo", "delta": 1}))


async def test_who_comes_back_when_told_is_let_through(home: Family) -> None:
    await home.set(refunds_per_hour=1)
    refused(await attempt(home), 400, "INVALID_AMOUNT")
    home.clock.advance(seconds=3598.5)
    answer = await attempt(home)
    body = refused(answer, 429, "REFUND_RATE_LIMIT")
    assert (body["retry_after_ms"], answer.headers["retry-after"]) == (1500, "2")
    home.clock.advance(milliseconds=body["retry_after_ms"])
    refused(await attempt(home), 400, "INVALID_AMOUNT")
