"""Buying a membership: by the shop's server, by a signed link, and from the customer's page."""

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from regulars.base.ids import new_id
from regulars.contracts.sessions.context import INTERNAL_SCOPE
from regulars.contracts.sessions.links import milliseconds, signature_of
from regulars.stand_ins.stripe.stand_in import StripeStandIn
from tests.support.kiosks import VENUE, Answer, Kiosks, kiosks, ok, refused, selling
from tests.support.ledger import NOW
from tests.support.sealed import sealed_for_something_else, store_as_it_is

SECRET = "what the shop signs its links with"
OTHER_SECRET = "what another shop signs its links with"
Shop = tuple[Kiosks, StripeStandIn]
PATH = "/loyalty/membership-checkout-create-session"


def link(customer_id: str, secret: str | None = SECRET, venue: str = VENUE, **more: str) -> str:
    values = {"customer_id": customer_id, "venue_id": venue, **more}
    if secret is not None:
        timestamp = more.get("ts", str(milliseconds(NOW)))
        values |= {
            "ts": timestamp,
            "sig": more.get("sig", signature_of(customer_id, venue, timestamp, secret)),
        }
    return "/membership?" + urlencode(values)


def told(answer: Answer, status: int) -> None:
    """A refusal for people: plain text, and never a redirect."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.endswith(".") and "location" not in answer.headers


def body_of(customer_id: str, return_url: str = "https://shop.test/thanks") -> dict[str, str]:
    return {"customer_id": customer_id, "venue_id": VENUE, "return_url": return_url}


async def test_the_shops_server_begins_a_purchase(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    answer = ok(await shop.post(PATH, body_of(customer_id), by=INTERNAL_SCOPE))
    session = stripe.account.one("checkout.session")
    assert answer == {"checkout_url": session["url"]}
    assert session["success_url"] == "https://shop.test/thanks"
    wanted = {"customer_id": customer_id, "venue_id": VENUE, "scope": "venue", "program": "sessions"}
    assert session["metadata"] == session["subscription_metadata"] == wanted
    assert ok(await shop.post(PATH, body_of(customer_id), by=INTERNAL_SCOPE)) == answer
    refused(await shop.post(PATH, body_of(str(new_id())), by=INTERNAL_SCOPE), 404, "customer_not_found")


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://shop.test/thanks", True), ("https://shop.test:443/x?y=z#a", True),
        ("https://SHOP.test/x", True), ("https://cards.test/wallet/x", True), ("http://shop.test/x", False),
        ("https://shop.test:8443/x", False),
        ("https://shop.test.evil.example/x", False), ("https://evil.example/https://shop.test", False),
        ("https://shop.test@evil.example/", False), ("https://evil.example#@shop.test", False),
        ("https://evil.example\\@shop.test/", False), ("https://shop.test\\.evil.example", False),
        ("//shop.test/x", False), ("javascript:alert(1)//https://shop.test", False), ("/thanks", False),
        ("https://shop.test\n.evil.example", False), ("https://[::1", False), ("https://shop.test:x/", False),
        ("https:///shop.test", False), ("https:shop.test", False), ("https://sh\u00f6p.test/", False),
        (" https://shop.test/", False),
    ],
)  # fmt: skip
async def test_a_purchase_returns_to_allowed_origins_only(
    stripe_shop: Shop, url: str, is_allowed: bool
) -> None:
    shop, _ = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    answer = await shop.post(PATH, body_of(customer_id, url), by=INTERNAL_SCOPE)
    if is_allowed:
        ok(answer)
    else:
        refused(answer, 400, "invalid_return_url")


async def test_stripe_that_is_away(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    stripe.misbehave("500", times=10)
    refused(await shop.post(PATH, body_of(customer_id), by=INTERNAL_SCOPE), 503, "stripe_unavailable")
    stripe.behave()
    ok(await shop.post(PATH, body_of(customer_id), by=INTERNAL_SCOPE))


async def test_links_are_refused_in_production_without_a_secret(stripe_shop: Shop) -> None:
    shop, stripe = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    for address in (link(customer_id, None), link(customer_id), link(customer_id, "")):
        told(await shop.client.get(address), 401)
    assert stripe.account.of_kind("checkout.session") == []


async def test_links_are_open_in_development_without_a_secret(database_url: str, tmp_path: Path) -> None:
    with selling() as (_, settings):
        async with kiosks(database_url, tmp_path, mode="development", **settings) as shop:
            customer_id = (await shop.enrol())["customer_id"]
            assert (await shop.client.get(link(customer_id, None))).status_code == 302
            told(await shop.client.get(link(str(new_id()), None)), 404)
            told(await shop.client.get(link(customer_id, None, "nowhere")), 404)
            # As soon as there is a secret, a link needs a signature, here too.
            await shop.set_program(membership_link_signing_secret=SECRET)
            told(await shop.client.get(link(customer_id, OTHER_SECRET)), 401)
            assert (await shop.client.get(link(customer_id))).status_code == 302


@pytest.fixture(params=["the server's", "the program's"])
async def signed_shop(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Any:
    """A shop whose links are signed."""
    with selling() as (stripe, settings):
        if request.param == "the server's":
            settings["membership_link_signing_secret"] = SECRET
        async with kiosks(database_url, tmp_path, **settings) as shop:
            if request.param == "the program's":
                await shop.set_program(membership_link_signing_secret=SECRET)
            yield shop, stripe


async def test_a_signed_link_leads_to_one_purchase(signed_shop: Shop) -> None:
    shop, stripe = signed_shop
    enrolled = await shop.enrol()
    customer_id = enrolled["customer_id"]
    answers = [await shop.client.get(link(customer_id)) for _ in range(3)]
    session = stripe.account.one("checkout.session")
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(302, session["url"])}
    assert len(stripe.account.of_kind("checkout.session")) == 1
    # Afterwards the customer sees the card, unless the link says otherwise.
    assert session["success_url"] == f"https://cards.test/wallet/{enrolled['wallet_token']}"
    await shop.client.get(link(customer_id, return_url="https://shop.test/thanks"))
    assert stripe.account.one("checkout.session")["success_url"] == "https://shop.test/thanks"


async def test_links_that_are_not_followed(signed_shop: Shop) -> None:
    shop, stripe = signed_shop
    customer_id = (await shop.enrol())["customer_id"]
    right = link(customer_id)
    for address, status in [
        ("/membership", 400),
        ("/membership?" + urlencode({"customer_id": customer_id}), 400),
        (link(customer_id, None), 400),
        (link(customer_id, OTHER_SECRET), 401),
        (link(customer_id, ""), 401),
        (link(customer_id, ts=str(milliseconds(NOW) - 600_001)), 401),
        (link(customer_id, ts=str(milliseconds(NOW) + 600_001)), 401),
        (link(customer_id, ts="1" * 12), 400),
        (right.replace("sig=", "sig=0"), 400),
        (right[:-1] + ("0" if right[-1] != "0" else "1"), 401),
        (right + f"&customer_id={customer_id}", 400),
        (link(customer_id.upper()).replace(customer_id.upper(), customer_id), 401),
        (link(str(new_id())), 404),
        (link(customer_id, venue="nowhere"), 404),
        (link(customer_id, return_url="https://evil.example/"), 400),
        (link("x"), 400),
    ]:
        told(await shop.client.get(address), status)
    assert stripe.account.of_kind("checkout.session") == []


async def test_an_empty_secret_opens_nothing(stripe_shop: Shop) -> None:
    shop, _ = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    for secret in ("", 5, None, True):
        await shop.set_program(membership_link_signing_secret=secret)
        for signed_with in ("", "5", "None", "True"):
            told(await shop.client.get(link(customer_id, signed_with)), 401)


async def test_a_secret_that_was_sealed_for_another_opens_nothing(database_url: str, tmp_path: Path) -> None:
    """Not even for the server's own secret, which programs without one share."""
    name = "sessions.membership_link_signing_secret"
    with selling() as (_, settings):
        settings["membership_link_signing_secret"] = OTHER_SECRET
        async with kiosks(database_url, tmp_path, **settings) as shop:
            customer_id = (await shop.enrol())["customer_id"]
            seal, ids = shop.services.setting_seal, (shop.program_id, shop.other_program_id)
            for value in sealed_for_something_else(seal, *ids, name, SECRET):
                await store_as_it_is(shop.database, shop.program_id, name, value)
                for signed_with, status in ((SECRET, 401), ("", 401), (OTHER_SECRET, 404)):
                    told(await shop.client.get(link(customer_id, signed_with)), status)
            await store_as_it_is(shop.database, shop.program_id, name, SECRET)
            assert (await shop.client.get(link(customer_id))).status_code == 302


async def test_a_programs_secret_signs_for_nobody_else(stripe_shop: Shop) -> None:
    shop, _ = stripe_shop
    customer_id = (await shop.enrol())["customer_id"]
    await shop.set_program(membership_link_signing_secret=SECRET)
    shop.program_id, shop.other_program_id = shop.other_program_id, shop.program_id
    await shop.set_program(membership_link_signing_secret=OTHER_SECRET)
    # Both programs have a venue of this name.
    told(await shop.client.get(link(customer_id, OTHER_SECRET)), 404)
    assert (await shop.client.get(link(customer_id, SECRET))).status_code == 302


async def test_a_member_is_not_sold_another_membership(signed_shop: Shop) -> None:
    shop, stripe = signed_shop
    enrolled = await shop.enrol()
    customer_id = enrolled["customer_id"]
    join = f"/wallet/{enrolled['wallet_token']}/join"
    answer = await shop.client.get(join)
    session = stripe.account.one("checkout.session")
    assert (answer.status_code, answer.headers["location"]) == (302, session["url"])
    await bought(shop, stripe, session["id"])
    assert (await shop.balance(customer_id))["membership_status"] == "active"
    told(await shop.client.get(link(customer_id)), 409)
    refused(await shop.post(PATH, body_of(customer_id), by=INTERNAL_SCOPE), 409, "already_a_member")
    back = await shop.client.get(join)
    assert (back.status_code, back.headers["location"]) == (302, f"/wallet/{enrolled['wallet_token']}")


async def bought(shop: Kiosks, stripe: StripeStandIn, session_id: str) -> None:
    """The session is paid, and Stripe has told so."""
    stripe.account.complete(session_id)
    for event in stripe.account.events:
        body, signature = stripe.signed(event, at=shop.clock().timestamp())
        answer = await shop.post("/loyalty/stripe-webhook", raw=body, by=None, stripe_signature=signature)
        assert ok(answer) == {"received": True}
