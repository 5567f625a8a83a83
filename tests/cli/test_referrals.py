"""`regulars products` and `regulars referrals`: what an operator adds, decides and pays."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from regulars.base.clock import utc_now
from regulars.db.database import Database
from regulars.features.access import actions as access
from regulars.features.referrals import actions as referrals
from tests.cli.commands import Desk
from tests.support.referrals import Shop


def with_shop(desk: Desk, work: Any) -> Any:
    """What the work finds in the program of the desk, on the clock of this day."""

    async def run() -> Any:
        database = await Database.open(desk.database_url)
        try:
            async with database.connection() as connection:
                [program] = await access.list_programs(connection)
            shop = Shop(database, program)
            shop.clock.now = utc_now()
            return await work(shop)
        finally:
            await database.close()

    return asyncio.run(run())


async def flagged(shop: Shop) -> list[tuple[str, str]]:
    """Three orders of one device, each of which is flagged: their ids with their orders'."""
    shop.set(buyers_per_device_max=1)
    referral = await shop.referral()
    for number in range(4):
        await shop.buy(referral.rid, f"order-{number}", device="shared")
    return [(str(flag.flag_id), str(flag.order_id)) for flag in await shop.flags()]


def test_products_are_added_listed_and_changed(desk: Desk) -> None:
    assert "products add" in desk.works("products", "list")
    own = str(uuid4())
    assert desk.works("products", "add", "denim", "Denim jacket", "--id", own).strip() == own
    other = desk.works("products", "add", "coat", "Coat").strip()
    assert "inactive" in desk.works("products", "set", other, "--inactive", "--name", "Winter coat")
    shown = desk.works("products", "list")
    assert [line.split("│")[2].strip() for line in shown.splitlines() if line.startswith("│")] == [
        "coat",
        "denim",
    ]
    assert "Winter coat" in shown
    assert "active" in desk.works("products", "set", other, "--active")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("products", "add", "Denim", "Denim"), "slug"),
        (("products", "add", "denim", " "), "name"),
        (("products", "add", "denim", "Denim", "--id", "x"), "UUID"),
        (("products", "set", "x", "--inactive"), "UUID"),
        (("products", "set", str(uuid4()), "--inactive"), "products list"),
        (("referrals", "flags", "--status", "lost"), "clawed_back"),
        (("referrals", "flags", "--limit", "0"), "500"),
        (("referrals", "clear", "x"), "UUID"),
        (("referrals", "clear", str(uuid4())), "flags"),
        (("referrals", "block", str(uuid4()), "--by", ""), "--by"),
        (("referrals", "pay", "nothing"), "no reward"),
    ],
)
def test_what_makes_no_sense_is_said(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    assert said in desk.refuses(*arguments)


def test_a_slug_is_one_product_s(desk: Desk) -> None:
    desk.works("products", "add", "denim", "Denim")
    assert "another product" in desk.refuses("products", "add", "denim", "Denim")


def test_flags_are_shown_and_decided_once(desk: Desk) -> None:
    assert "no flag is open" in desk.works("referrals", "flags")
    first, second, third = with_shop(desk, flagged)
    shown = desk.works("referrals", "flags")
    for flag_id, order_id in (first, second, third):
        assert flag_id in shown
        assert order_id in shown
    assert "cleared" in desk.works("referrals", "clear", first[0], "--by", "Ann")
    assert "blocked" in desk.works("referrals", "block", second[0])
    assert "clawed back" in desk.works("referrals", "claw-back", third[0])
    assert "cleared" in desk.works("referrals", "clear", first[0])
    assert "decided once" in desk.refuses("referrals", "block", first[0])
    assert "no flag is open" in desk.works("referrals", "flags")
    assert "Ann" in desk.works("referrals", "flags", "--status", "cleared")


def test_cash_is_marked_as_paid(desk: Desk) -> None:
    async def earned(shop: Shop) -> None:
        shop.set(reward_type="cash", hold_days=0)
        referral = await shop.referral()
        shop.set(reward_type="store_credit")
        in_credit = await shop.referral()
        await shop.buy(referral.rid, "cash")
        await shop.buy(in_credit.rid, "credit")
        shop.clock.advance(days=1)
        await referrals.mature_due(shop.database, shop.clock)

    with_shop(desk, earned)
    for _ in range(2):
        assert "10.00 USD is paid for order cash" in desk.works("referrals", "pay", "cash")
    assert "spent" in desk.refuses("referrals", "pay", "credit")
