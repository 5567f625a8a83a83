"""Whoever guesses RIDs, orders, tokens or keys learns nothing, leaves nothing behind, and locks nobody out.

Guesses at RIDs meet a 429 after a while, and so do RIDs that are made in stock.
"""

from itertools import pairwise
from secrets import token_hex, token_urlsafe

import pytest

from regulars.contracts.fittwin.settings import UNKNOWN_RIDS_PER_MINUTE
from regulars.features.referrals.creating import RID_BYTES
from tests.support.footprint import differences, footprint
from tests.support.market import ANN, BEN, Market, ok, refused

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
    for _ in range(UNKNOWN_RIDS_PER_MINUTE.default // 3):
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


@pytest.mark.parametrize("path", ["/referrals/{rid}", "/referrals/{rid}/events", "/r/{rid}"])
async def test_guesses_at_rids_meet_a_429(shop: Market, path: str) -> None:
    rid, other = await shop.rid(), await shop.rid(BEN)
    limit = UNKNOWN_RIDS_PER_MINUTE.default
    statuses = [(await shop.get(path.format(rid=token_urlsafe(16)))).status_code for _ in range(limit + 3)]
    assert statuses == [404] * limit + [429] * 3
    late = await shop.get(path.format(rid=token_urlsafe(16)))
    refused(late, 429, "RID_RATE_LIMITED")
    assert 1 <= int(late.headers["retry-after"]) <= 60
    # Foreign ones are as unknown; what is the shopper's own is answered, and so is everybody else.
    if not path.startswith("/r/"):
        refused(await shop.get(path.format(rid=other)), 429, "RID_RATE_LIMITED")
    for mine, user_id in ((rid, ANN), (other, BEN)):
        assert (await shop.get(path.format(rid=mine), user_id)).status_code in (200, 302)
    shop.clock.advance(seconds=61)
    refused(await shop.get(path.format(rid=token_urlsafe(16))), 404, "RID_NOT_FOUND")


async def test_a_shop_s_server_passes_on_any_number_of_wrong_rids(shop: Market) -> None:
    for _ in range(UNKNOWN_RIDS_PER_MINUTE.default + 1):
        answer = await shop.post(f"/referrals/{token_urlsafe(16)}/track-click", {})
        assert answer.status_code == 404


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
