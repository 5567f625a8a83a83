"""Keys of the shop and secrets of its issuer: they rotate with an overlap, and stop within five seconds."""

import asyncio
import time
from datetime import timedelta

from regulars.contracts.fittwin.context import SHOPPER_SCOPE
from regulars.features.access import actions as access
from tests.support.ledger import NOW
from tests.support.market import ANN, SECRET_KEY, Market, ok, refused, token
from tests.support.market_beside import beside
from tests.support.stored import everything_stored, spellings
from tests.support.tokens import signed

STOPPED_SECONDS_MAX = 5.0
NEW_SECRET = "another secret of the issuer, long enough"
UNKNOWN = f"/referrals/{'A' * 22}"


async def seconds_until(shop: Market, status: int, method: str, path: str, headers: dict[str, str]) -> float:
    """How long it takes until this is answered so, while it is asked all the time."""
    started = time.monotonic()
    while (await shop.client.request(method, path, headers=headers)).status_code != status:
        assert time.monotonic() - started < 2 * STOPPED_SECONDS_MAX, "nothing has changed"
        await asyncio.sleep(0.05)
    return time.monotonic() - started


async def test_a_revoked_key_stops_in_every_process(shop: Market) -> None:
    credential_id, key = await shop.new_key()
    path, headers = f"{UNKNOWN}/track-click", shop.as_shop(key)
    async with beside(shop) as other:
        for process in (shop, other):
            refused(await process.post(path, {}, headers), 404, "RID_NOT_FOUND")
        async with shop.database.transaction() as connection:
            await access.revoke_credential(connection, shop.program_id, credential_id, shop.clock())
        waits = await asyncio.gather(
            *(seconds_until(process, 401, "POST", path, headers) for process in (shop, other))
        )
        assert max(waits) < STOPPED_SECONDS_MAX
        for process in (shop, other):
            refused(await process.post(path, {}, headers), 401, "UNAUTHORIZED")
            refused(await process.post(path), 404, "RID_NOT_FOUND")


async def test_both_keys_work_while_a_rotation_overlaps(shop: Market) -> None:
    credential_id, old = await shop.new_key()
    rid, order_id = await shop.rid(), await shop.buy(await shop.rid())
    path = f"/referrals/orders/{order_id}/refund"
    first = ok(await shop.post(path, headers=shop.as_shop(old)))
    async with shop.database.transaction() as connection:
        issued = await access.rotate_credential(
            connection,
            SECRET_KEY,
            shop.program_id,
            credential_id,
            overlap=timedelta(hours=1),
            now=shop.clock(),
        )
    for key in (issued.key, old, issued.key):
        assert ok(await shop.post(path, headers=shop.as_shop(key))) == first
    shop.clock.advance(hours=1)
    assert await seconds_until(shop, 401, "POST", path, shop.as_shop(old)) < STOPPED_SECONDS_MAX
    # What was asked under the old key is known to the new one.
    assert ok(await shop.post(path, headers=shop.as_shop(issued.key))) == first
    assert (await shop.stats(rid))["conversions"] == 0


async def test_a_key_opens_what_its_scope_says(shop: Market) -> None:
    _, key = await shop.new_key(SHOPPER_SCOPE)
    body = {"productId": shop.product_id}
    as_tokens = [{"authorization": f"Bearer {sent}"} for sent in (key, shop.key)]
    for headers in (shop.as_shop(key), *as_tokens):
        refused(await shop.post("/referrals", body, headers), 401, "UNAUTHORIZED")
        refused(await shop.post("/referrals/validate", body, headers), 401, "UNAUTHORIZED")


async def test_an_issuer_s_old_secret_stops_and_its_new_one_works(shop: Market) -> None:
    old = {"authorization": f"Bearer {token()}"}
    claims = {"iss": "https://login.fittwin.test", "aud": "fittwin", "sub": ANN, "exp": NOW.timestamp() + 60}
    new = {"authorization": f"Bearer {signed(claims, key=NEW_SECRET, algorithm='HS256')}"}
    by_key = {"authorization": f"Bearer {token(algorithm='RS256')}"}
    refused(await shop.client.get(UNKNOWN, headers=old), 404, "RID_NOT_FOUND")
    refused(await shop.client.get(UNKNOWN, headers=new), 401, "UNAUTHORIZED")
    await shop.set_program(fittwin__jwt_secret=NEW_SECRET)
    waits = [await seconds_until(shop, 401, "GET", UNKNOWN, old)]
    refused(await shop.client.get(UNKNOWN, headers=new), 404, "RID_NOT_FOUND")
    refused(await shop.client.get(UNKNOWN, headers=by_key), 404, "RID_NOT_FOUND")
    await shop.set_program(fittwin__jwks_url=None)
    waits.append(await seconds_until(shop, 401, "GET", UNKNOWN, by_key))
    await shop.set_program(fittwin__jwt_issuer="https://another.test")
    waits.append(await seconds_until(shop, 401, "GET", UNKNOWN, new))
    assert max(waits) < STOPPED_SECONDS_MAX


async def test_no_table_holds_a_key(shop: Market, database_url: str) -> None:
    await shop.buy(await shop.rid())
    stored = everything_stored(database_url)
    assert "denim jacket" in stored.lower()
    for key in (shop.key, shop.other_key, token()):
        assert [spelling for spelling in spellings(key) if spelling in stored] == []
