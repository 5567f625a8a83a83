"""What the demo's shop has to show, and that its tokens and keys open it."""

from datetime import timedelta
from random import Random

import httpx2
import jwt

from regulars.base.ids import new_id
from regulars.db.database import Database
from regulars.demo import referrals as demo
from regulars.features.access import actions as access
from regulars.features.access.sealing import SettingSeal
from regulars.features.referrals import actions as referrals
from regulars.features.referrals import verify
from regulars.features.referrals.model import Rule
from tests.cli.processes import Server, variables
from tests.cli.seeded import NOW
from tests.support.referrals import Shop
from tests.support.stored import everything_stored

SECRET_KEY = "a secret key of the test suite, 42 characters"
OTHER_KEY = "another secret key of the test suite, 50 characters"


async def test_the_shop_is_lively_and_the_same_when_filled_again(database: Database) -> None:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="demo", name="x", currency="GBP", time_zone="Europe/London", now=NOW
        )
    program = await demo.fill_shop(database, program, SECRET_KEY, NOW)
    shop = Shop(database, program)
    found = "select reward_status, count(*) from referral_conversions group by 1"
    before = dict(await shop.rows(found))
    assert before["pending_hold"] >= 10
    assert before["payable"] >= 5
    assert before["paid"] >= 2
    assert before["cancelled"] >= 2
    assert {flag.rule for flag in await shop.flags()} == {Rule.SELF_PURCHASE, Rule.DEVICE_OF_MANY_BUYERS}
    # As after a start that was interrupted at the end.
    async with database.transaction() as connection:
        program = await access.update_program_settings(
            connection, program.program_id, {demo.COMPLETE: False}, now=NOW
        )
    clicks = await shop.rows("select sum(clicks), sum(gmv) from referrals")
    await demo.fill_shop(database, program, SECRET_KEY, NOW + timedelta(days=1))
    assert dict(await shop.rows(found)) == before
    assert await shop.rows("select sum(clicks), sum(gmv) from referrals") == clicks
    async with database.connection() as connection:
        assert await verify.verify(connection) == []
        listed = await referrals.list_products(connection, program.program_id)
    assert {str(product.product_id) for product in listed} == set(demo.PRODUCTS)


async def test_the_secret_of_the_issuer_is_sealed_and_made_anew_when_it_cannot_be_opened(
    database: Database, database_url: str
) -> None:
    async with database.transaction() as connection:
        program = await access.create_program(
            connection, slug="demo", name="x", currency="GBP", time_zone="Europe/London", now=NOW
        )
    program = await demo.fill_shop(database, program, SECRET_KEY, NOW)
    again = await demo.fill_shop(database, program, SECRET_KEY, NOW)
    assert again == program
    renewed = await demo.fill_shop(database, program, OTHER_KEY, NOW)
    secrets = []
    for opened_with, filled in ((SECRET_KEY, program), (OTHER_KEY, renewed)):
        secret = SettingSeal(opened_with).opened(filled)["fittwin.jwt_secret"]
        token = demo.shop_variables(filled, opened_with, NOW)["SHOPPER_TOKEN"]
        claims = jwt.decode(
            token, secret, algorithms=["HS256"], audience=demo.AUDIENCE,
            options={"verify_exp": False, "verify_iat": False},
        )  # fmt: skip
        assert claims["sub"] == demo.SHOPPERS["SHOPPER"]
        secrets.append(secret)
    assert len(set(secrets)) == 2
    stored = everything_stored(database_url)
    assert "fittwin.jwt_secret" in stored and not any(secret in stored for secret in secrets)


def test_tokens_and_keys_open_the_shop(demo: Server, demo_directory: object) -> None:
    from pathlib import Path

    assert isinstance(demo_directory, Path)
    keys = variables(demo_directory / "demo.env")
    internal = {"x-internal-api-key": keys["INTERNAL_API_KEY"]}
    rids = []
    for name, product in (("SHOPPER", "PRODUCT_ID"), ("SHOPPER_2", "PRODUCT_2_ID")):
        shopper = {"authorization": f"Bearer {keys[f'{name}_TOKEN']}"}
        body = {"productId": keys[product], "channel": "social"}
        made = httpx2.post(f"{demo.url}/referrals", headers=shopper, json=body, timeout=10)
        assert made.status_code in (201, 409), made.text
        rids.append(made.json()["rid"])
        read = httpx2.get(f"{demo.url}/api/v1/referrals/{rids[-1]}", headers=shopper, timeout=10)
        assert read.json()["status"] == "active"
    order = {
        "rid": rids[0], "orderId": str(new_id()), "deviceFingerprint": str(Random().random()), "ip": "x",
    }  # fmt: skip
    for user_id, status in ((keys["SHOPPER_USER_ID"], 409), (str(new_id()), 200)):
        body = {**order, "userId": user_id, "orderId": str(new_id()), "ip": user_id}
        body["deviceFingerprint"] = user_id
        asked = httpx2.post(f"{demo.url}/referrals/validate", headers=internal, json=body, timeout=10)
        assert asked.status_code == status, asked.text
