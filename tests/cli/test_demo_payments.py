"""A membership is bought at a real demo, page by page, and lives through what happens at its Stripe."""

import json
import re
import time
from pathlib import Path
from urllib.parse import urljoin

import httpx2
import pytest

from regulars.demo.payments import FILE, WEBHOOK, is_stand_in_wanted
from regulars.settings import load_settings
from regulars.stand_ins.stripe.keeping import Keeper
from regulars.stand_ins.stripe.signing import signature
from tests.cli.demo_callers import kiosk
from tests.cli.processes import Server, eventually, run, serving, variables

MEMBER, NEWCOMER = "You are a member", "Become a member"


class Customer:
    """A new customer's browser without scripts, beginning on the customer's page."""

    def __init__(self, demo: Server, directory: Path, phone: str) -> None:
        keys = variables(directory / "demo.env")
        known = kiosk(
            demo, "upsert-customer-by-phone", keys["KIOSK_SHARED_SECRET"], phone_raw=phone,
            venue_id=keys["VENUE_ID"], device_id="k1",
        ).json()  # fmt: skip
        self.stripe_url = keys["STRIPE_STAND_IN_URL"]
        self.card_url = f"{demo.url}/wallet/{known['wallet_token']}"
        self._browser = httpx2.Client(timeout=20)
        self._page = self.open(self.card_url)

    def open(self, url: str) -> httpx2.Response:
        """The page at an address, which a redirect may lead on from."""
        self._page = self._browser.get(url, follow_redirects=True)
        return self._page

    def follow(self, words: str) -> httpx2.Response:
        """The page behind a link."""
        [href] = re.findall(rf'<a [^>]*href="([^"]+)"[^>]*>{words}</a>', self._page.text)
        return self.open(urljoin(str(self._page.url), href))

    def press(self, words: str) -> httpx2.Response:
        """What the button of a form leads to; of the first form that has it."""
        for action, form in re.findall(
            r'<form method="post" action="([^"]+)">(.*?)</form>', self._page.text, re.S
        ):
            for name, value in re.findall(
                rf'<button [^>]*name="(\w+)" value="(\w+)"[^>]*>{words}[^<]*<', form
            ):
                here = f"{self._page.url.scheme}://{self._page.url.netloc.decode()}"
                self._page = self._browser.post(
                    urljoin(str(self._page.url), action), data={name: value}, headers={"origin": here},
                    follow_redirects=True,
                )  # fmt: skip
                return self._page
        raise AssertionError(f"there is no button {words}")

    def card(self) -> tuple[str, int, list[str]]:
        """What the customer's page says of the membership, how many rewards there are, and the history."""
        page = self.open(self.card_url)
        assert page.status_code == 200
        [title] = re.findall(r'<h2 id="membership">(.*?)</h2>', page.text)
        [rewards] = re.findall(r'<strong id="rewards">(\d+)</strong>', page.text)
        return title, int(rewards), re.findall(r"<li><div><span>(.*?)</span>", page.text)

    def after(self, deed: str) -> tuple[str, int]:
        """The same, in short, after a button was pressed on the page of the account."""
        self.open(self.stripe_url)
        assert self.press(deed).status_code == 200
        return self.card()[:2]


def test_from_the_customers_page_to_a_membership_and_all_that_becomes_of_it(
    demo: Server, demo_directory: Path
) -> None:
    customer = Customer(demo, demo_directory, "+447700900010")
    assert f"payments       {customer.stripe_url}" in re.sub(" {4,}", " " * 7, demo.said())
    assert customer.card() == (NEWCOMER, 0, [])

    customer.follow(NEWCOMER)
    declined = customer.press("Decline the card")
    assert "Your card was declined." in declined.text
    assert customer.card() == (NEWCOMER, 0, [])
    checkout = customer.follow(NEWCOMER)
    assert "7.99" in checkout.text and checkout.url == declined.url, "it is one purchase"
    assert "Nothing was bought" in customer.follow("Back").text
    assert customer.follow("Back to your card").url == customer.card_url
    customer.follow(NEWCOMER)
    paid = customer.press("Pay")
    assert paid.url == customer.card_url and MEMBER in paid.text
    assert customer.card() == (MEMBER, 1, ["Membership reward"])

    assert customer.after("Renew") == (MEMBER, 2)
    assert customer.after("Refund") == (MEMBER, 1)
    assert customer.after("Fail the next payment") == ("Payment overdue", 1)
    assert customer.after("Pay what is due") == (MEMBER, 2)
    assert customer.after("Dispute") == (MEMBER, 1)
    assert customer.after("Win the dispute") == (MEMBER, 2)
    assert customer.after("Cancel") == ("Come back as a member", 2)
    customer.follow(NEWCOMER)
    assert customer.press("Pay").url == customer.card_url
    assert customer.card()[:2] == (MEMBER, 3)
    page = customer.open(customer.stripe_url).text
    assert 'class="waiting"' not in page and 'class="taken">200<' in page


def test_what_was_bought_is_known_after_a_restart_and_to_every_worker(
    demo_directory: Path, tmp_path: Path
) -> None:
    with serving(tmp_path / "one.log", "demo", "--data", str(demo_directory)) as first:
        customer = Customer(first, demo_directory, "+447700900011")
        customer.follow(NEWCOMER)
        customer.press("Pay")
        assert customer.card()[:2] == (MEMBER, 1)
        waiting = Customer(first, demo_directory, "+447700900012")
        waiting.follow(NEWCOMER)
        first.stop()
    eventually(lambda: not _answers(customer.stripe_url))

    # Where the world is reached through a proxy, the stand-in is reached without it.
    proxy, command = {"HTTP_PROXY": "http://127.0.0.1:9"}, ("demo", "--data", str(demo_directory))
    with serving(tmp_path / "two.log", *command, "--workers", "2", **proxy) as second:
        assert len(second.workers()) == 2
        again = Customer(second, demo_directory, "+447700900011")
        assert again.card()[:2] == (MEMBER, 1)
        assert again.after("Renew") == (MEMBER, 2)
        assert again.after("Cancel") == ("Come back as a member", 2)
        # Somebody's open checkout is open still, or was followed by another one; either way it can be paid.
        later = Customer(second, demo_directory, "+447700900012")
        later.follow(NEWCOMER)
        assert later.press("Pay").url == later.card_url
        assert later.card()[:2] == (MEMBER, 1)


def test_what_the_stand_in_has_forgotten_breaks_nothing(demo_directory: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "one.log", "demo", "--data", str(demo_directory)) as first:
        customer = Customer(first, demo_directory, "+447700900013")
        customer.follow(NEWCOMER)
        customer.press("Pay")
        first.stop()
    kept = demo_directory / FILE
    [*_, subscription_id] = [key for key in Keeper(kept).load().objects if key.startswith("sub_")]
    kept.unlink()

    with serving(tmp_path / "two.log", "demo", "--data", str(demo_directory)) as second:
        again = Customer(second, demo_directory, "+447700900013")
        assert again.card()[:2] == (MEMBER, 1)
        about = {"id": subscription_id, "object": "subscription"}
        body = json.dumps({"id": "evt_x", "type": "customer.subscription.updated", "data": {"object": about}})
        secret = variables(demo_directory / "demo.env")["STRIPE_WEBHOOK_SECRET"]
        signed = signature(body.encode(), int(time.time()), secret)
        told = httpx2.post(f"{second.url}{WEBHOOK}", content=body, headers={"stripe-signature": signed})
        assert (told.status_code, told.json()) == (200, {"received": True})
        assert again.card()[:2] == (MEMBER, 1)


def test_a_stripe_of_ones_own_is_not_stood_in_for(demo_directory: Path, tmp_path: Path) -> None:
    own = {"REGULARS_STRIPE_SECRET_KEY": "rk_test_made_up"}
    with serving(tmp_path / "own.log", "demo", "--data", str(demo_directory), **own) as server:
        assert "STRIPE_STAND_IN_URL" not in variables(demo_directory / "demo.env")
        assert "stand-in" not in server.said()
        [path, *_] = re.findall(r"/wallet/[0-9a-f]{48}\b", server.said().partition("without a membership")[2])
        assert NEWCOMER not in server.get(path).text, "the rest of the settings is missing"


@pytest.mark.parametrize(
    ("settings", "wanted"),
    [
        ({}, True),
        ({"STRIPE_WEBHOOK_SECRET": "whsec_mine"}, True),
        ({"REGULARS_STRIPE_SECRET_KEY": "sk_test_mine"}, False),
        ({"REGULARS_STRIPE_PRICE_ID": "price_mine"}, False),
        ({"REGULARS_STRIPE_CANCEL_URL": "https://shop.example/"}, False),
        ({"REGULARS_STRIPE_API_URL": "http://127.0.0.1:9"}, False),
    ],
)
def test_when_there_is_a_stand_in(settings: dict[str, str], wanted: bool) -> None:
    assert is_stand_in_wanted(load_settings(settings, mode="development")) is wanted


def test_a_spoilt_file_is_told_in_one_line(demo_directory: Path, tmp_path: Path) -> None:
    with serving(tmp_path / "one.log", "demo", "--data", str(demo_directory)):
        pass
    kept = demo_directory / FILE
    whole = kept.read_bytes()
    kept.write_bytes(whole[:20])
    try:
        refused = run("demo", "--data", str(demo_directory), "--port", "0")
    finally:
        kept.write_bytes(whole)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1), refused.stderr
    assert str(kept) in refused.stderr and "move it away" in refused.stderr


def _answers(url: str) -> bool:
    try:
        return httpx2.get(url, timeout=5).status_code == 200
    except httpx2.TransportError:
        return False
