"""`regulars promos`: codes and bonuses added, changed, switched, shown."""

from typing import Any

import pytest

from tests.cli.commands import Desk
from tests.support.hotels import HIGH_STREET, NUMBER_FOUR, Hotels, ok

SUMMER = ("promos", "add-code", "summer24", "Summer Special", "--wet", "15", "--dry", "10")
LUNCH = ("promos", "add-bonus", "LUNCH2X", "Double Lunch", "--multiplier", "2")
CONDITIONS = (
    *("--description", "Say it at the bar", "--valid-from", "2026-06-01", "--valid-until", "2026-08-31"),
    *("--time-from", "22:00", "--time-until", "02:00", "--days", "fri-sun,mon", "--members-only"),
    *("--minimum-spend", "10.50", "--limit", "100", "--limit-per-customer", "2"),
    *("--location", "number-four", "--location", "high-street"),
)


def details(shown: str) -> dict[str, str]:
    """The lines of a promo's own table."""
    lines = [line.strip("│").split("│") for line in shown.splitlines() if line.startswith("│")]
    return {cells[0].strip(): cells[1].strip() for cells in lines if len(cells) == 2}


def cells_of(shown: str, code: str) -> list[str]:
    """The cells of a promo's line in the list."""
    [line] = [line for line in shown.splitlines() if line.startswith(f"│ {code} ")]
    return [cell.strip() for cell in line.strip("│").split("│")]


def test_without_promos_it_says_how_to_add_one(desk: Desk) -> None:
    assert "add-code" in desk.works("promos", "list")
    assert "no promo was overused" in desk.works("promos", "overused")


@pytest.mark.parametrize(
    "command", [["list"], ["overused"], ["show", "X"], ["add-code", "X", "X", "--wet", "1"]]
)
def test_without_a_program_there_are_no_promos(bare_desk: Desk, command: list[str]) -> None:
    assert "regulars init" in bare_desk.refuses("promos", *command)


def test_a_promo_code_without_conditions_is_for_everybody(hotel_desk: Desk) -> None:
    assert "promo SUMMER24 is added" in hotel_desk.works(*SUMMER)
    row = cells_of(hotel_desk.works("promos", "list"), "SUMMER24")
    assert row == ["SUMMER24", "Summer Special", "15 % wet, 10 % dry", "always", "0", "0", "active"]
    shown = hotel_desk.works("promos", "show", "Summer24")
    assert details(shown) == {
        "code": "SUMMER24",
        "name": "Summer Special",
        "description": "–",
        "kind": "promo code",
        "gives": "15 % wet, 10 % dry",
        "valid": "always",
        "each day": "at all times",
        "days": "every day",
        "locations": "all",
        "for": "everybody",
        "minimum spend": "–",
        "uses": "0",
        "uses per customer": "any number",
        "overused": "0",
        "state": "active",
    }
    assert "assigned to nobody" in shown


def test_a_promo_code_has_all_conditions_until_each_is_taken_away(hotel_desk: Desk) -> None:
    conditions = {
        "description": "Say it at the bar",
        "valid": "from 2026-06-01 00:00 until 2026-08-31 23:59:59",
        "each day": "from 22:00 until 02:00",
        "days": "mon, fri, sat, sun",
        "locations": "high-street, number-four",
        "for": "identified customers",
        "minimum spend": "10.50 GBP",
        "uses": "0 of 100",
        "uses per customer": "2 at most",
    }
    shown = details(hotel_desk.works(*SUMMER, *CONDITIONS))
    assert conditions.items() <= shown.items()
    options = ["description", "valid-from", "valid-until", "time-from", "time-until", "days"]
    options += ["minimum-spend", "limit", "limit-per-customer", "location"]
    cleared = [text for option in options for text in (f"--{option}", "none")]
    shown = details(hotel_desk.works("promos", "change", "SUMMER24", *cleared, "--no-members-only"))
    hotel_desk.works("promos", "add-code", "PLAIN", "Summer Special", "--wet", "15", "--dry", "10")
    plain = details(hotel_desk.works("promos", "show", "PLAIN"))
    assert shown == {**plain, "code": "SUMMER24"}


@pytest.mark.parametrize(
    ("options", "shown"),
    [
        (["--multiplier", "2"], {"gives": "2 times the tier's", "for": "identified customers"}),
        (["--add-wet", "5", "--add-dry", "7.5"], {"gives": "5 more wet, 7.5 more dry"}),
        (
            ["--add-dry", "5", "--no-members-only"],
            {
                "gives": "0 more wet, 5 more dry",
                "for": "those it is assigned to, and identified customers who name it",
            },
        ),
        (
            ["--multiplier", "1.5", "--assigned-only"],
            {"for": "those it is assigned to"},
        ),
    ],
)
def test_a_bonus_is_for_members_unless_it_says_otherwise(
    desk: Desk, options: list[str], shown: dict[str, Any]
) -> None:
    said = desk.works("promos", "add-bonus", "LUNCH", "Lunch", *options)
    assert shown.items() <= details(said).items() and details(said)["kind"] == "loyalty bonus"
    assert ("regulars promos assign LUNCH" in said) == ("--assigned-only" in options)


def test_a_promo_is_changed_in_part_and_switched(hotel_desk: Desk) -> None:
    hotel_desk.works(*SUMMER, *CONDITIONS)
    before = details(hotel_desk.works("promos", "show", "SUMMER24"))
    change = ("promos", "change", "SUMMER24", "--new-code", "autumn24", "--dry", "12.5", "--limit", "5")
    expected = {**before, "code": "AUTUMN24", "gives": "15 % wet, 12.5 % dry", "uses": "0 of 5"}
    rehearsed = hotel_desk.works(*change, "--dry-run")
    assert details(rehearsed) == expected and "nothing was changed" in rehearsed
    assert details(hotel_desk.works("promos", "show", "SUMMER24")) == before
    hotel_desk.works(*change)
    assert details(hotel_desk.works("promos", "show", "AUTUMN24")) == expected

    assert hotel_desk.works("promos", "deactivate", "autumn24") == "promo AUTUMN24 is inactive\n"
    assert hotel_desk.works("promos", "deactivate", "autumn24") == "promo AUTUMN24 was already inactive\n"
    assert cells_of(hotel_desk.works("promos", "list"), "AUTUMN24")[-1] == "inactive"
    assert hotel_desk.works("promos", "activate", "AUTUMN24") == "promo AUTUMN24 is active\n"


def test_a_minimum_spend_is_in_the_currency_of_the_hotels(hotel_desk: Desk) -> None:
    hotel_desk.works("locations", "add", "Kyoto", "--currency", "JPY", "--time-zone", "Asia/Tokyo")
    minimum = ("--minimum-spend", "1500", "--location", "kyoto")
    assert details(hotel_desk.works(*SUMMER, *minimum))["minimum spend"] == "1500 JPY"
    # Everywhere, 1500 would be pounds at two hotels and yen at the third.
    said = hotel_desk.refuses("promos", "change", "SUMMER24", "--minimum-spend", "10", "--location", "none")
    assert "GBP, JPY" in said and "--location" in said
    assert "more decimals" in hotel_desk.refuses("promos", "change", "SUMMER24", "--minimum-spend", "10.50")
    hotel_desk.works("promos", "change", "SUMMER24", "--minimum-spend", "10.50", "--location", "high-street")
    assert details(hotel_desk.works("promos", "show", "SUMMER24"))["minimum spend"] == "10.50 GBP"


REFUSED: list[tuple[list[str], str]] = [
    (["show", "NOSUCH"], "regulars promos list"),
    (["show", ""], "regulars promos list"),
    (["change", "NOSUCH", "--name", "X"], "regulars promos list"),
    (["change", "SUMMER24"], "nothing to change"),
    (["change", "SUMMER24", "--new-code", "lunch2x"], "another promo has this code"),
    (["change", "SUMMER24", "--new-code", ""], "1 to 64 characters"),
    (["change", "SUMMER24", "--name", ""], "1 to 200 characters"),
    (["change", "SUMMER24", "--multiplier", "2"], "a promo code none of them"),
    (["change", "LUNCH2X", "--wet", "5"], "a bonus neither"),
    (["change", "LUNCH2X", "--multiplier", "none"], "--multiplier above 1"),
    (["change", "LUNCH2X", "--multiplier", "0.5"], "--multiplier above 1"),
    (["change", "SUMMER24", "--wet", "101"], "from 0 to 100"),
    (["change", "SUMMER24", "--wet", "1.234"], "two decimals"),
    (["change", "SUMMER24", "--wet", "none", "--dry", "0"], "gives --wet or --dry"),
    (["change", "SUMMER24", "--wet", "much"], "--wet much: write it as"),
    (["change", "SUMMER24", "--valid-from", "2027-01-01", "--valid-until", "2026-01-01"], "not before"),
    (["change", "SUMMER24", "--valid-until", "soon"], "2026-06-30T17:00"),
    (["change", "SUMMER24", "--time-from", "17:00", "--time-until", "17:00"], "another time"),
    (["change", "SUMMER24", "--time-from", "5pm"], "17:00"),
    (["change", "SUMMER24", "--days", "weekend"], "mon-fri"),
    (["change", "SUMMER24", "--limit", "0"], "--limit: a limit is from 1 on"),
    (["change", "SUMMER24", "--limit-per-customer", "0"], "--limit-per-customer: a limit is from 1 on"),
    (["change", "SUMMER24", "--location", "moon"], "choose one of high-street"),
    (["change", "SUMMER24", "--minimum-spend", "ten"], "10.50"),
    (["change", "SUMMER24", "--minimum-spend", "1.234"], "more decimals than the currency"),
    (["change", "SUMMER24", "--minimum-spend", "9999999999999"], "too large"),
    (["change", "SUMMER24", "--description", "x" * 2001], "2000 characters"),
    (["activate", "NOSUCH"], "regulars promos list"),
    (["add-code", "summer24", "Again", "--wet", "5"], "another promo has this code"),
    (["add-code", "NEW", "New"], "gives --wet or --dry"),
    (["add-code", "NEW", "New", "--multiplier", "2"], "--help"),
    (["add-bonus", "NEW", "New"], "--add-wet"),
    (["add-bonus", "NEW"], "--help"),
    (["overused", "--limit", "0"], "from 1 to"),
]


def test_what_is_refused_says_what_to_do(hotel_desk: Desk) -> None:
    hotel_desk.works(*SUMMER)
    hotel_desk.works(*LUNCH)
    before = hotel_desk.works("promos", "list")
    for arguments, says in REFUSED:
        assert says in hotel_desk.refuses("promos", *arguments), arguments
    assert hotel_desk.works("promos", "list") == before


async def test_tills_see_what_was_added_used_and_overused(bare_desk: Desk, hub: Hotels) -> None:
    here = ("--program", "hub")
    ann = await hub.register(rfid_code="04A1")
    await bare_desk.works_beside(*SUMMER, "--limit", "1", "--location", "number-four", *here)
    await bare_desk.works_beside(*LUNCH, *here)
    hub.services.promo_books.forget(hub.program_id)
    body = ok(await hub.post("/identify", {"identifier": "04A1"}, hotel=NUMBER_FOUR))
    assert [promo["code"] for promo in body["available_promos"]] == ["SUMMER24"]
    assert body["applied_customer_promo"]["code"] == "LUNCH2X"
    body = ok(await hub.post("/identify", {"identifier": "04A1"}, hotel=HIGH_STREET))
    assert body["available_promos"] == []

    sale = {"customer_id": ann["customer_id"], "total_amount": 45.5, "promo_code": "summer24"}
    discounts = {"wet_total": 18, "dry_total": 27.5, "wet_discount": 2.7, "dry_discount": 2.75}
    for ticket in ("\x1b[2JT-1", "\x1b[2JT-2"):
        ok(await hub.post("/transaction", sale | discounts | {"ticket_id": ticket}, hotel=NUMBER_FOUR), 201)
    listed = await bare_desk.works_beside("promos", "list", *here)
    assert cells_of(listed, "SUMMER24")[4:] == ["1 of 1", "1", "active"]
    assert "regulars promos overused" in listed
    overused = await bare_desk.works_beside("promos", "overused", *here)
    # What a till sent is not given to the terminal as a command.
    [line] = [line for line in overused.splitlines() if "T-2" in line]
    assert "\x1b" not in overused and "T-1" not in overused
    for cell in ("number-four", str(ann["customer_id"]), "summer24", "45.50 GBP"):
        assert cell in line
