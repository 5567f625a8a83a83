"""What the scan page says for each token and each state of it."""

import pytest

from regulars.contracts.cryptokids.scan_view import (
    Request,
    Task,
    earn_view,
    give_view,
    points_text,
    spend_view,
    unusable_view,
)


def request(status: str = "pending") -> Request:
    return Request(
        hold_id="h1",
        user_id="leo",
        status=status,
        item="Cinema",
        image_url="/photos/a.jpg",
        cost=100,
        balance=250,
    )


@pytest.mark.parametrize(("amount", "text"), [(1, "1 point"), (0, "0 points"), (1200, "1,200 points")])
def test_points_are_counted_in_words(amount: int, text: str) -> None:
    assert points_text(amount) == text


def test_a_gift_is_collected_without_a_key() -> None:
    view = give_view("T", "leo", 25, "Thanks")
    assert (view.state, view.post, view.token, view.asks_for_key) == ("give", "/api/earn/scan", "T", False)
    assert (view.title, view.note) == ("25 points", "Thanks")


def test_an_earn_token_asks_for_the_key_and_lists_todays_points() -> None:
    view = earn_view("T", "leo", [Task("Dishes", 5, 2), Task("Room", 10, 1)], "")
    assert (view.state, view.post, view.asks_for_key) == ("earn", "/api/earn/scan", True)
    assert [(fact.label, fact.value) for fact in view.facts] == [
        ("2 × Dishes", "10"),
        ("1 × Room", "10"),
        ("Total", "20"),
    ]
    assert view.title == "20 points for leo?"


def test_a_pending_request_shows_item_cost_and_balance() -> None:
    view = spend_view("T", request())
    assert (view.post, view.asks_for_key, view.image_url) == ("/api/holds/h1/approve", True, "/photos/a.jpg")
    assert [(fact.label, fact.value) for fact in view.facts] == [
        ("For", "leo"),
        ("Reward", "Cinema"),
        ("Cost", "100"),
        ("Balance", "250"),
        ("After approval", "150"),
    ]


@pytest.mark.parametrize(
    ("status", "badge", "tone"),
    [("redeemed", "Approved", "good"), ("canceled", "Cancelled", "bad"), ("expired", "Expired", "bad")],
)
def test_a_closed_request_cannot_be_approved(status: str, badge: str, tone: str) -> None:
    view = spend_view("T", request(status))
    assert (view.badge, view.tone, view.post, view.token) == (badge, tone, "", "")


@pytest.mark.parametrize(
    ("code", "badge"),
    [
        ("EXPIRED", "Expired"),
        ("TEMPLATE_MISSING", "Gone"),
        ("BAD_TOKEN", "Not a code"),
        ("BAD_SIGNATURE", "Not a code"),
        ("MISSING", "Not a code"),
    ],
)
def test_an_unusable_token_has_nothing_to_press(code: str, badge: str) -> None:
    view = unusable_view(code)
    assert (view.badge, view.post, view.tone) == (badge, "", "bad")
