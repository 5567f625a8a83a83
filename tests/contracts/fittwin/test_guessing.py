"""Whoever guesses RIDs, orders, tokens or keys learns nothing, leaves nothing behind, and locks nobody out.

What may be made is limited: RIDs by their number in a day, with a 429. What may be guessed is 128 bits long.
"""

from itertools import pairwise
from secrets import token_hex, token_urlsafe

from regulars.features.referrals.creating import RID_BYTES
from tests.support.footprint import differences, footprint
from tests.support.market import BEN, Market, ok, refused

GUESSES = 60


async def test_rids_are_chance(shop: Market) -> None:
    await shop.set_program(referrals__referrals_per_day_max=1000)
    rids = [await shop.rid() for _ in range(40)]
    assert RID_BYTES * 8 == 128
    assert len(set(rids)) == 40
    # Neighbours have no more in common than chance gives them.
    assert max(len({*enumerate(one)} & {*enumerate(two)}) for one, two in pairwise(rids)) < 8


async def test_guessed_rids(shop: Market, database_url: str) -> None:
    rid = await shop.rid()
    await shop.rid(BEN)
    before = footprint(database_url)
    answers = set()
    for _ in range(GUESSES):
        guess = token_urlsafe(16)
        for answer in (
            await shop.get(f"/referrals/{guess}"),
            await shop.get(f"/referrals/{guess}/events"),
            await shop.get(f"/referrals/{rid}", BEN),
            await shop.client.get(f"/r/{guess}"),
            await shop.post(f"/referrals/{guess}/track-click", {"ip": guess}),
        ):
            answers.add((answer.status_code, answer.text))
    [(status, text)] = answers
    assert (status, '"code":"RID_NOT_FOUND"' in text) == (404, True)
    assert differences(before, footprint(database_url)) == []
    assert (await shop.stats(rid))["status"] == "active"


async def test_guessed_orders(shop: Market, database_url: str) -> None:
    rid = await shop.rid()
    order_id = await shop.buy(rid)
    before = footprint(database_url)
    for _ in range(GUESSES):
        guess = token_hex(8)
        refused(await shop.post(f"/referrals/orders/{guess}/refund"), 404, "ORDER_NOT_FOUND")
        assert ok(await shop.validate(token_urlsafe(16), guess), 409)["reason"] == "RID_EXPIRED"
        refused(await shop.attribute(token_urlsafe(16), guess), 409, "RID_EXPIRED")
    assert differences(before, footprint(database_url)) == []
    assert ok(await shop.attribute(rid, order_id))["status"] == "pending_hold"


async def test_guessed_keys_and_tokens(shop: Market, database_url: str) -> None:
    rid = await shop.rid()
    before = footprint(database_url)
    answers = set()
    for number in range(GUESSES):
        key = shop.key[:-4] + f"{number:04x}"
        for headers in (shop.as_shop(key), shop.as_shop(token_hex(32))):
            answer = await shop.post(f"/referrals/{rid}/track-click", {}, headers)
            answers.add((answer.status_code, answer.text))
        forged = shop.as_shopper()["authorization"][:-6] + f"{number:06d}"
        answer = await shop.client.get(f"/referrals/{rid}", headers={"authorization": forged})
        answers.add((answer.status_code, answer.text))
    [(status, text)] = answers
    assert (status, '"code":"UNAUTHORIZED"' in text) == (401, True)
    assert differences(before, footprint(database_url)) == []
    assert (await shop.stats(rid))["clicks"] == 0
    assert (await shop.post(f"/referrals/{rid}/track-click")).status_code == 204


async def test_rids_in_stock_meet_a_429(shop: Market, database_url: str) -> None:
    rid = await shop.rid()
    for _ in range(9):
        await shop.rid()
    products = [await shop.product() for _ in range(20)]
    before = footprint(database_url)
    for product_id in products:
        refused(await shop.create(product_id), 429, "RID_RATE_LIMITED")
    # Not even the owner's row is written anew.
    assert differences(before, footprint(database_url)) == []
    assert (await shop.stats(rid))["status"] == "active"
    ok(await shop.create(products[0], BEN), 201)
