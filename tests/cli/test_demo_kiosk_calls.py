"""`regulars demo` as kiosks, customers and Stripe see it, and the secrets that it shares with them."""

import hmac
import os
import re
import time
from hashlib import sha256
from pathlib import Path

import httpx2
import pytest

from regulars.cli.demo_server import Demo, share_secrets, show
from regulars.demo.credentials import complete_secrets
from regulars.demo.kiosks.customers import FIRST
from regulars.settings import load_settings
from tests.cli.demo_callers import kiosk
from tests.cli.processes import Server, variables


def test_a_customer_of_the_kiosks_redeems_a_reward(demo: Server, demo_directory: Path) -> None:
    keys = variables(demo_directory / "demo.env")
    secret, venue_id = keys["KIOSK_SHARED_SECRET"], keys["VENUE_ID"]
    [member] = [customer for customer in FIRST if customer.plan and customer.plan.everywhere]
    known = kiosk(
        demo, "upsert-customer-by-phone", secret, phone_raw=member.phone, venue_id=venue_id, device_id="k1"
    ).json()
    assert (known["is_new_customer"], known["membership_status"]) == (False, "active")
    assert known["rewards_balance"] >= 1
    who = {"customer_id": known["customer_id"], "venue_id": venue_id}
    for run_ in (1, 2):
        held = kiosk(demo, "apply-reward-to-cart", secret, cart_session_id="cart_t", reward_count=1, **who)
        assert (held.status_code, held.json()["approved"]) == (200, True), run_
    order = {"order_id": "ord_t", "payment_event_id": "evt_t", "cart_session_id": "cart_t"}
    earned = kiosk(demo, "earn-points-from-paid-order", secret, total_minor=1234, **order, **who).json()
    assert earned["points_earned"] == 24, "double for members"
    redeemed = kiosk(demo, "redeem-reward-after-payment", secret, **order, venue_id=venue_id).json()
    assert redeemed["status"] in ("redeemed", "already_redeemed")
    assert redeemed["rewards_redeemed"] == 1


def test_the_pages_of_customers_that_the_demo_prints_can_be_opened(demo: Server) -> None:
    paths = re.findall(rf"{re.escape(demo.url)}(/wallet/[0-9a-f]{{48}})\b", demo.said())
    assert len(set(paths)) == len(paths) == sum(customer.label is not None for customer in FIRST)
    pages = [demo.get(path) for path in paths]
    assert all(page.status_code == 200 for page in pages)
    assert "Sessions Soho" in pages[0].text and any("Sessions Temple Bar" in page.text for page in pages)


def test_nothing_that_is_copied_is_cut_in_a_narrow_window(capsys: pytest.CaptureFixture[str]) -> None:
    variables = {"MEMBERSHIP_LINK_SIGNING_SECRET": "f" * 64, "STRIPE_WEBHOOK_SECRET": "whsec_" + "a" * 64}
    stripe_url = "http://127.0.0.1:65534"
    demo = Demo(variables, {"A member": "/wallet/" + "b" * 48}, stripe_url)
    show("http://127.0.0.1:65535", demo, Path("/tmp/demo.env"))
    shown = capsys.readouterr().out
    for text in (*variables, *variables.values(), stripe_url, "http://127.0.0.1:65535/wallet/" + "b" * 48):
        assert text in shown


def test_the_secrets_that_the_demo_made_are_those_of_its_server(demo: Server, demo_directory: Path) -> None:
    keys = variables(demo_directory / "demo.env")
    body, at = '{"id": "evt_1", "object": "event", "type": "ping", "data": {"object": {}}}', int(time.time())
    for secret, status in ((keys["STRIPE_WEBHOOK_SECRET"], 200), ("whsec_" + "0" * 64, 400)):
        signed = hmac.new(secret.encode(), f"{at}.{body}".encode(), sha256).hexdigest()
        answer = httpx2.post(
            f"{demo.url}/loyalty/stripe-webhook",
            headers={"stripe-signature": f"t={at},v1={signed}"},
            content=body,
            timeout=10,
        )
        assert answer.status_code == status, answer.text
    customer = kiosk(
        demo, "upsert-customer-by-phone", keys["KIOSK_SHARED_SECRET"], phone_raw=FIRST[1].phone,
        venue_id=keys["VENUE_ID"], device_id="k1",
    ).json()["customer_id"]  # fmt: skip
    text = f"{customer}:{keys['VENUE_ID']}:{at * 1000}"
    signed = hmac.new(keys["MEMBERSHIP_LINK_SIGNING_SECRET"].encode(), text.encode(), sha256).hexdigest()
    for signature, status in ((signed, 302), ("0" * 64, 401)):
        link = f"customer_id={customer}&venue_id={keys['VENUE_ID']}&ts={at * 1000}&sig={signature}"
        answer = demo.get(f"/membership?{link}")
        assert answer.status_code == status, answer.text
        assert answer.headers.get("location", keys["STRIPE_STAND_IN_URL"]).startswith(
            keys["STRIPE_STAND_IN_URL"]
        )


def test_secrets_that_were_given_stay_the_callers_own(monkeypatch: pytest.MonkeyPatch) -> None:
    stripe, links, shop = "STRIPE_WEBHOOK_SECRET", "MEMBERSHIP_LINK_SIGNING_SECRET", "SHOPIFY_WEBHOOK_SECRET"
    for name in (stripe, links, f"REGULARS_{shop}"):
        monkeypatch.delenv(name, raising=False)
    made = complete_secrets({}, {})
    assert re.fullmatch(r"whsec_[0-9a-f]{64}", made[stripe]) and re.fullmatch(r"[0-9a-f]{64}", made[links])
    assert complete_secrets(made, {stripe: None, links: None, shop: None}) == made
    chosen = complete_secrets(made, {stripe: "whsec_mine", links: None})
    assert chosen == {stripe: "whsec_mine", links: made[links], shop: made[shop]}

    # A variable beside a file that holds the same secret would be one too many.
    share_secrets(load_settings({stripe: "whsec_mine"}, mode="development"), chosen)
    assert stripe not in os.environ and os.environ[links] == made[links]
    assert os.environ[f"REGULARS_{shop}"] == made[shop], "the server has another name for it"
    monkeypatch.delenv(links)
    monkeypatch.delenv(f"REGULARS_{shop}")
