"""What the shop tells: signatures, news in any order and any number, and customers who are forgotten."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from regulars.contracts.rejoes.shopify import signature_of
from regulars.settings_sources import Secret
from tests.support.sealed import sealed_for_something_else, store_as_it_is
from tests.support.stored import everything_stored
from tests.support.stores import SHOPIFY_SECRET, Stores, ok, refused, stores

NEWS = "/webhooks/subscription"


def news(customer: str = "900", **data: Any) -> dict[str, Any]:
    return {"type": "subscription.updated", "data": {"shopifyCustomerId": customer, **data}}


@pytest.mark.parametrize("path", [NEWS, f"/api{NEWS}", "/webhooks/customers/delete"])
async def test_only_the_shop_is_believed(shop: Stores, path: str) -> None:
    body = news(cardToken="CARD-9") if "subscription" in path else {"shopifyCustomerId": "900"}
    refused(await shop.shopify(path, body, secret=None), 401, "Missing signature")
    right = signature_of(b"another body", SHOPIFY_SECRET).decode()
    for signature in ("x", right, right.lower(), "=" * 44, "é" * 30, "A" * 10_000):
        answer = await shop.client.post(
            path, content=b"{}", headers=[(b"x-shopify-hmac-sha256", signature.encode())]
        )
        refused(answer, 401, "Invalid signature")
    refused(await shop.shopify(path, body, secret="another secret, long enough"), 401, "Invalid signature")
    assert ok(await shop.shopify(path, body)) == {"status": "ok"}


async def test_without_a_secret_production_refuses_and_says_what_to_set(
    database_url: str, tmp_path: Path
) -> None:
    async with stores(database_url, tmp_path, shopify_webhook_secret=None) as shop:
        answer = await shop.shopify(NEWS, news())
        assert answer.status_code == 503
        assert "rejoes.shopify_secret" in answer.json()["message"]
        await shop.set_program(rejoes__shopify_secret="a secret of the program's own")
        refused(await shop.shopify(NEWS, news()), 401, "Invalid signature")
        ok(await shop.shopify(NEWS, news(), secret="a secret of the program's own"))
        await shop.set_program(rejoes__shopify_secret=5)
        assert (await shop.shopify(NEWS, news(), secret="")).status_code == 503


async def test_the_secret_says_which_program_is_meant(shop: Stores) -> None:
    from regulars.features.access import actions as access
    from tests.support.ledger import NOW

    async with shop.database.transaction() as connection:
        secret = {"rejoes.shopify_secret": "a secret of the others, long"}
        await access.update_program_settings(
            connection, shop.other_program_id, secret, seal=shop.services.setting_seal, now=NOW
        )
    ok(await shop.shopify(NEWS, news(cardToken="CARD-9"), secret="a secret of the others, long"))
    refused(await shop.get("/members/by-card/CARD-9"), 404, "Member not found")
    ok(await shop.get("/members/by-card/CARD-9", key=shop.other_key))


@pytest.mark.parametrize("mode", ["production", "development"])
async def test_a_secret_that_was_sealed_for_another_opens_nothing(
    database_url: str, tmp_path: Path, mode: str
) -> None:
    """Neither by itself, nor because the program then seemed to have none."""
    name, secret = "rejoes.shopify_secret", "a secret of the program's own"
    async with stores(database_url, tmp_path, mode=mode, shopify_webhook_secret=None) as shop:
        seal = shop.services.setting_seal
        for value in sealed_for_something_else(seal, shop.program_id, shop.other_program_id, name, secret):
            await store_as_it_is(shop.database, shop.program_id, name, value)
            for sent in (None, secret, ""):
                assert (await shop.shopify(NEWS, news(), secret=sent)).status_code == 503
        await shop.set_program(rejoes__shopify_secret=secret)
        ok(await shop.shopify(NEWS, news(), secret=secret))


async def test_a_secret_that_an_earlier_version_stored_as_text_counts(shop: Stores) -> None:
    secret = "a secret of the program's own"
    await store_as_it_is(shop.database, shop.program_id, "rejoes.shopify_secret", secret)
    ok(await shop.shopify(NEWS, news(), secret=secret))


async def test_development_without_a_secret_is_open(database_url: str, tmp_path: Path) -> None:
    async with stores(database_url, tmp_path, mode="development", shopify_webhook_secret=None) as shop:
        ok(await shop.shopify(NEWS, news(cardToken="CARD-9"), secret=None))
    async with stores(
        database_url, tmp_path, mode="development", furnish=False, shopify_webhook_secret=Secret("x" * 20)
    ) as shop:
        refused(await shop.shopify(NEWS, news(), secret=None), 401, "Missing signature")


async def test_news_enrols_and_changes(shop: Stores) -> None:
    full = news(
        cardToken="CARD-9", planHandle="plus", status="active", cycleStart="2026-02-10T00:00:00Z",
        cycleEnd="2026-03-10T00:00:00Z",
    )  # fmt: skip
    ok(await shop.shopify(NEWS, full))
    member = (await shop.card("CARD-9"))["member"]
    assert (member["tier"], member["status"], member["shopifyCustomerId"]) == ("PLUS", "ACTIVE", "900")
    assert (member["cycleStart"], member["cycleEnd"]) == (
        "2026-02-10T00:00:00.000Z", "2026-03-10T00:00:00.000Z",
    )  # fmt: skip
    ok(await shop.subscription(900, planHandle="premium", status="paused"))  # type: ignore[arg-type]
    member = (await shop.card("CARD-9"))["member"]
    assert (member["tier"], member["status"]) == ("PREMIUM", "PAUSED")
    ok(await shop.subscription("900", cardToken="CARD-10"))
    refused(await shop.get("/members/by-card/CARD-9"), 404, "Member not found")
    assert (await shop.card("CARD-10"))["member"]["id"] == member["id"]


async def test_duplicates_and_disorder_lead_to_one_state(shop: Stores) -> None:
    """A lifecycle in every order, each event three times: the newest cycle wins."""
    events = [
        {"planHandle": "basic", "status": "active", "cycleStart": "2026-01-10T00:00:00Z"},
        {"planHandle": "plus", "status": "paused", "cycleStart": "2026-02-10T00:00:00Z"},
        {"planHandle": "premium", "status": "active", "cycleStart": "2026-02-20T00:00:00Z"},
    ]
    for number, order in enumerate(itertools.permutations(events)):
        customer, card = f"5{number}", f"PERM-{number}"
        for data in order:
            for _ in range(3):
                ok(await shop.subscription(customer, cardToken=card, **data))
        member = (await shop.card(card))["member"]
        assert (member["tier"], member["status"]) == ("PREMIUM", "ACTIVE"), order
        assert (member["cycleStart"], member["cycleEnd"]) == (
            "2026-02-20T00:00:00.000Z", "2026-03-20T00:00:00.000Z",
        )  # fmt: skip


async def test_news_of_a_cycle_does_not_give_back_what_was_used(shop: Stores) -> None:
    member_id = await shop.member("PLUS", "CARD-1")
    await shop.checkout(member_id)
    same = {"cycleStart": "2026-03-01T11:00:00Z", "planHandle": "plus"}
    for _ in range(2):
        ok(await shop.subscription("771", **same))
        assert (await shop.card("CARD-1"))["member"]["itemsUsed"] == 1
    shop.clock.advance(days=5)
    ok(await shop.subscription("771", cycleStart="2026-03-05T00:00:00Z"))
    assert (await shop.card("CARD-1"))["member"]["itemsUsed"] == 0
    assert (await shop.card("CARD-1"))["member"]["itemsOut"] == 1


async def test_a_card_that_is_known_becomes_the_customer_s_and_no_other_s(shop: Stores) -> None:
    member_id = await shop.member(card="CARD-1")
    ok(await shop.subscription("900", cardToken="CARD-9"))
    refused(await shop.subscription("901", cardToken="CARD-1"), 409, "Card token belongs to another member")
    refused(await shop.subscription("900", cardToken="CARD-1"), 409, "Card token belongs to another member")
    assert (await shop.card("CARD-1"))["member"]["id"] == member_id


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"planHandle": "gold"}, "Unknown plan"),
        ({"status": "asleep"}, "Unknown status"),
        ({"cycleStart": "2026-03-02T00:00:00Z", "cycleEnd": "2026-03-01T00:00:00Z"}, "Invalid cycle"),
        ({"cycleStart": "9999-03-02T00:00:00Z"}, "Invalid cycle"),
        ({"cycleStart": "0001-01-01T00:00:00Z"}, "Invalid cycle"),
        ({"cycleStart": "yesterday"}, "Invalid request"),
        ({"cycleStart": "2026-03-02T00:00:00"}, "Invalid request"),
        ({"shopifyCustomerId": " "}, "Missing required fields"),
        ({"shopifyCustomerId": None}, "Invalid request"),
        ({"shopifyCustomerId": -1}, "Invalid request"),
        ({"cardToken": "a\nb"}, "Invalid card token or customer id"),
    ],
)
async def test_news_that_makes_no_sense_changes_nothing(shop: Stores, data: Any, message: str) -> None:
    refused(await shop.shopify(NEWS, news(**data)), 400, message)
    async with shop.database.connection() as connection:
        cursor = await connection.execute("select count(*) from borrowers")
        assert await cursor.fetchone() == (0,)


async def test_a_customer_who_is_forgotten(shop: Stores, database_url: str) -> None:
    body = {"cardToken": "CARD-SECRET-1", "shopifyCustomerId": "customer-nora", "tier": "PLUS"}
    member_id = ok(await shop.post("/members/add", body), 201)["member"]["id"]
    upload = ok(await shop.upload(member_id, name="nora-at-home.jpg"), 201)["uploadId"]
    loan = await shop.checkout(member_id, [upload, *await shop.photos(member_id)])
    assert (await shop.client.get(loan["photoUrl"])).status_code == 200
    for _ in range(2):
        ok(await shop.shopify("/webhooks/customers/delete", {"shopifyCustomerId": "customer-nora"}))
    assert (await shop.client.get(loan["photoUrl"])).status_code == 404
    refused(await shop.get("/members/by-card/CARD-SECRET-1"), 404, "Member not found")
    refused(await shop.get(f"/loans/active/{member_id}"), 404, "Member not found")
    refused(await shop.upload(member_id), 404, "Member not found")
    stored = everything_stored(database_url)
    assert not [text for text in ("CARD-SECRET-1", "nora", upload) if text in stored]
    # What is out may still be brought back.
    back = ok(await shop.post("/loans/return", {"memberId": member_id, "loanId": loan["id"]}, once="k"))
    assert (back["photoUrl"], back["thumbnailUrl"]) == ("", "")
    async with shop.database.connection() as connection:
        cursor = await connection.execute("select items_out, status, store_location from borrowers")
        assert await cursor.fetchall() == [(0, "CANCELLED", None)]


async def test_news_that_arrive_after_the_customer_was_forgotten(shop: Stores, database_url: str) -> None:
    old = {"cardToken": "CARD-SECRET-1", "planHandle": "plus", "cycleStart": "2026-02-10T00:00:00Z"}
    ok(await shop.subscription("customer-nora", **old))
    for known in ("customer-nora", "customer-unknown"):
        ok(await shop.shopify("/webhooks/customers/delete", {"shopifyCustomerId": known}))
        ok(await shop.subscription(known, **old))
        ok(await shop.subscription(known, status="active"))
    refused(await shop.get("/members/by-card/CARD-SECRET-1"), 404, "Member not found")
    stored = everything_stored(database_url)
    assert not [text for text in ("CARD-SECRET-1", "nora", "customer-unknown") if text in stored]
    shop.clock.advance(days=3)
    start = shop.clock().isoformat()
    ok(
        await shop.subscription(
            "customer-nora", cardToken="CARD-NEW-1", cycleStart=start, planHandle="premium"
        )
    )
    member = (await shop.card("CARD-NEW-1"))["member"]
    assert (member["tier"], member["loans"]) == ("PREMIUM", [])
