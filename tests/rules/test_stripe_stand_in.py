"""The stand-in for Stripe: what its pages do, and what it keeps."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from regulars.stand_ins.stripe.deeds import DEEDS, deeds_for, do
from regulars.stand_ins.stripe.keeping import EVENTS_KEPT_MAX, Keeper, Spoilt
from regulars.stand_ins.stripe.stand_in import StripeStandIn, stripe_stand_in
from tests.support.webhook_receiver import Receiver, webhook_receiver

SHOP = "https://shop.example"
BOUGHT = ["checkout.session.completed", "customer.subscription.created", "invoice.paid"]
HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stripe.json"


@pytest.fixture
def stripe(path: Path) -> Iterator[StripeStandIn]:
    with stripe_stand_in(keeper=Keeper(path)) as stand_in:
        yield stand_in


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with webhook_receiver() as opened:
        yield opened


def asked(stripe: StripeStandIn, key: str = "one", **changes: str) -> httpx2.Response:
    """The answer to who wants a checkout session."""
    fields = {
        "mode": "subscription", "line_items[0][price]": stripe.account.price_id,
        "success_url": f"{SHOP}/card",
        "cancel_url": f"{SHOP}/left/{{CHECKOUT_SESSION_ID}}", "metadata[venue_id]": "venue_001",
        "subscription_data[metadata][venue_id]": "venue_001", **changes,
    }  # fmt: skip
    headers = {"authorization": f"Bearer {stripe.secret_key}", "idempotency-key": key}
    return httpx2.post(f"{stripe.url}/v1/checkout/sessions", data=fields, headers=headers)


def checkout(stripe: StripeStandIn, key: str = "one", **changes: str) -> str:
    """The address of a new checkout page."""
    url: str = asked(stripe, key, **changes).json()["url"]
    return url


def bought(stripe: StripeStandIn) -> Any:
    """A subscription that was just bought."""
    assert httpx2.post(checkout(stripe)).headers["location"] == f"{SHOP}/card"
    return stripe.account.one("subscription")


def pressed(stripe: StripeStandIn, subscription: Any, deed: str) -> httpx2.Response:
    """What comes of a button on the account's page."""
    return httpx2.post(f"{stripe.url}/subscriptions/{subscription['id']}", data={"deed": deed})


def test_a_declined_card_buys_nothing_and_leaves_the_checkout_open(stripe: StripeStandIn) -> None:
    url = checkout(stripe)
    page = httpx2.get(url)
    assert page.status_code == 200 and "9.99" in page.text and "no money moves" in page.text
    declined = httpx2.post(url, data={"card": "declined"})
    assert declined.status_code == 402 and "Your card was declined." in declined.text
    assert stripe.account.of_kind("subscription") == []
    assert [event["type"] for event in stripe.account.events] == ["charge.failed"]
    assert httpx2.post(url, data={"card": "good"}).status_code == 303
    assert [event["type"] for event in stripe.account.events] == ["charge.failed", *BOUGHT]
    for again in (httpx2.get(url), httpx2.post(url)):
        assert again.status_code == 404 and "This checkout is over" in again.text
    assert len(stripe.account.of_kind("subscription")) == 1


def test_who_leaves_goes_where_the_shop_says(stripe: StripeStandIn) -> None:
    url = checkout(stripe)
    session_id = url.rsplit("/", 1)[-1]
    assert f'href="{SHOP}/left/{session_id}"' in httpx2.get(url).text
    left = httpx2.get(f"{stripe.url}/left/{session_id}")
    assert (
        left.status_code == 200 and f'href="{SHOP}/card"' in left.text and f"/pay/{session_id}" in left.text
    )
    assert httpx2.get(f"{stripe.url}/left/cs_test_none").status_code == 404


def test_a_checkout_lapses(stripe: StripeStandIn) -> None:
    url = checkout(stripe, expires_at="1000")
    assert httpx2.get(url).status_code == httpx2.post(url).status_code == 404
    assert stripe.account.of_kind("subscription") == []


@pytest.mark.parametrize(
    ("deeds", "status", "offered", "told"),
    [
        ([], "active", "renew fail refund dispute cancel", []),
        (
            ["renew"],
            "active",
            "renew fail refund dispute cancel",
            ["customer.subscription.updated", "invoice.paid"],
        ),
        (
            ["fail"],
            "past_due",
            "pay refund dispute cancel",
            ["customer.subscription.updated", "invoice.payment_failed"],
        ),
        (
            ["fail", "pay"],
            "active",
            "renew fail refund dispute cancel",
            ["customer.subscription.updated", "invoice.payment_failed", "invoice.paid",
             "customer.subscription.updated"],
        ),
        (["refund"], "active", "renew fail cancel", ["charge.refunded"]),
        (["refund", "refund"], "active", "renew fail cancel", ["charge.refunded"]),
        (["dispute"], "active", "renew fail win cancel", ["charge.dispute.created"]),
        (
            ["dispute", "win"],
            "active",
            "renew fail cancel",
            ["charge.dispute.created", "charge.dispute.closed"],
        ),
        (["cancel"], "canceled", "refund dispute", ["customer.subscription.deleted"]),
        (["cancel", "renew", "cancel"], "canceled", "refund dispute", ["customer.subscription.deleted"]),
        (["nonsense"], "active", "renew fail refund dispute cancel", []),
    ],
)  # fmt: skip
def test_what_the_buttons_do(
    stripe: StripeStandIn, deeds: list[str], status: str, offered: str, told: list[str]
) -> None:
    subscription = bought(stripe)
    for deed in deeds:
        answer = pressed(stripe, subscription, deed)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/#{subscription['id']}")
    assert subscription["status"] == status
    assert " ".join(deed.name for deed in deeds_for(stripe.account, subscription)) == offered
    assert [event["type"] for event in stripe.account.events] == [*BOUGHT, *told]
    page = httpx2.get(stripe.url).text
    assert [f'value="{deed.name}"' in page for deed in DEEDS] == [
        deed.name in offered.split() for deed in DEEDS
    ]


def test_nothing_can_be_done_with_what_is_no_subscription(stripe: StripeStandIn) -> None:
    subscription = bought(stripe)
    assert not do(stripe.account, subscription["latest_invoice"], "renew")
    assert not do(stripe.account, "sub_unknown", "renew")
    assert len(stripe.account.events) == len(BOUGHT)


def test_events_are_sent_until_they_are_taken(stripe: StripeStandIn, receiver: Receiver) -> None:
    stripe.webhook_url, receiver.status = receiver.url, 503
    bought(stripe)
    assert receiver.types == BOUGHT
    assert ">503<" in (page := httpx2.get(stripe.url).text) and ">200<" not in page
    assert receiver.types == BOUGHT * 2
    receiver.status = 200
    for _ in range(2):
        stripe.deliver()
    assert receiver.types == BOUGHT * 3, "what was taken is not sent again"
    page = httpx2.get(stripe.url).text
    assert page.count(">200<") == 3 and ">503<" not in page


def test_where_nobody_answers_the_rest_waits(stripe: StripeStandIn) -> None:
    with webhook_receiver() as gone:
        stripe.webhook_url = gone.url
    bought(stripe)
    [first, second, _] = stripe.account.events
    assert first["id"] in stripe.deliveries.answers and second["id"] not in stripe.deliveries.answers
    assert "nobody answered" in httpx2.get(stripe.url).text


def test_what_was_bought_is_there_after_a_restart(path: Path, receiver: Receiver) -> None:
    with stripe_stand_in(keeper=Keeper(path)) as before:
        subscription = bought(before)
        open_url = checkout(before, "two")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with stripe_stand_in(keeper=Keeper(path)) as after:
        assert after.url == before.url
        asking = {"authorization": f"Bearer {after.secret_key}"}
        told = httpx2.get(f"{after.url}/v1/subscriptions/{subscription['id']}", headers=asking).json()
        assert (told["status"], told["metadata"]) == ("active", {"venue_id": "venue_001"})
        assert checkout(after, "two") == open_url, "the same key asks for the same session"
        assert httpx2.get(open_url).status_code == 200
        after.webhook_url = receiver.url
        after.deliver()
        assert receiver.types == BOUGHT
        assert pressed(after, subscription, "renew").status_code == 303
    with stripe_stand_in(keeper=Keeper(path)) as later:
        later.webhook_url = receiver.url
        later.deliver()
        assert receiver.types == [*BOUGHT, "customer.subscription.updated", "invoice.paid"]
        assert later.account.one("subscription")["period_start"] == subscription["period_end"]


def test_checkouts_at_an_address_that_somebody_else_has_are_over(path: Path) -> None:
    with stripe_stand_in(keeper=Keeper(path)) as before:
        subscription = bought(before)
        checkout(before, "two")
        port = int(before.url.rsplit(":", 1)[-1])
    with socket.create_server(("127.0.0.1", port)), stripe_stand_in(keeper=Keeper(path)) as after:
        assert after.url != before.url
        assert after.account.of_kind("checkout.session", status="open") == []
        url = checkout(after, "two")
        assert url.startswith(after.url) and httpx2.get(url).status_code == 200
        assert subscription["id"] in httpx2.get(after.url).text


def test_events_are_kept_for_a_while_and_for_as_long_as_nobody_took_them(
    path: Path, receiver: Receiver
) -> None:
    with stripe_stand_in(keeper=Keeper(path)) as stripe:
        subscription = bought(stripe)
        stripe.webhook_url = receiver.url
        stripe.deliver()
        stripe.webhook_url = None
        for _ in range(EVENTS_KEPT_MAX):
            pressed(stripe, subscription, "renew")
        assert len(Keeper(path).load().events) == 2 * EVENTS_KEPT_MAX, "those that were taken have made room"
        stripe.webhook_url = receiver.url
        stripe.deliver()
        assert len(Keeper(path).load().events) == EVENTS_KEPT_MAX == len(Keeper(path).load().answers)


def test_a_file_that_cannot_be_read_is_told(path: Path) -> None:
    path.write_text('{"objects": ')
    with pytest.raises(Spoilt, match="move it away"), stripe_stand_in(keeper=Keeper(path)):
        pass


def test_what_callers_send_is_text_on_pages(stripe: StripeStandIn) -> None:
    more = {"metadata[venue_id]": HOSTILE, "subscription_data[metadata][venue_id]": HOSTILE}
    url = checkout(stripe, success_url=f"{SHOP}/{HOSTILE}", cancel_url=f"{SHOP}/{HOSTILE}", **more)
    session_id = url.rsplit("/", 1)[-1]
    pages = [httpx2.get(url), httpx2.get(f"{stripe.url}/left/{session_id}")]
    httpx2.post(url)
    pages += [httpx2.get(stripe.url), httpx2.get(f"{stripe.url}/{HOSTILE}")]
    for page in pages:
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "&lt;script&gt;" in pages[0].text and "&lt;script&gt;" in pages[2].text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//shop.example/", "shop", "http://[", ""])
@pytest.mark.parametrize("name", ["success_url", "cancel_url"])
def test_nobody_is_sent_to_what_is_no_web_address(stripe: StripeStandIn, name: str, url: str) -> None:
    refused = asked(stripe, **{name: url})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, name)


def test_other_sites_press_no_buttons(stripe: StripeStandIn) -> None:
    url = checkout(stripe)
    for origin in ("https://elsewhere.example", "null"):
        assert httpx2.post(url, headers={"origin": origin}).status_code == 403
    assert stripe.account.of_kind("subscription") == []
    assert httpx2.post(url, headers={"origin": stripe.url}).status_code == 303


@pytest.mark.parametrize("length", ["-1", "many", "1000000000"])
def test_bodies_without_an_honest_length_are_refused(stripe: StripeStandIn, length: str) -> None:
    host, _, port = stripe.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=5) as caller:
        caller.sendall(f"POST /pay/x HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode())
        assert caller.recv(100).startswith(b"HTTP/1.1 413 ")
