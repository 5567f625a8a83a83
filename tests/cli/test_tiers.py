"""`regulars tiers`: schemes shown as a table, set for one hotel, and refused with the rule they break."""

import pytest

from tests.cli.commands import Desk
from tests.support.hotels import NUMBER_FOUR, Hotels, ok

OF_NUMBER_FOUR = (
    *("--tier", "Member=0:5/10", "--tier", "Loyalty=2:10/20", "--tier", "Regular=4:15/25"),
    *("--staff", "30/35", "--period-days", "28"),
)


def row(shown: str, location: str) -> list[str]:
    """The cells of a hotel's line."""
    [line] = [line for line in shown.splitlines() if line.startswith(f"│ {location} ")]
    return [cell.strip() for cell in line.strip("│┃ ").split("│")]


def test_without_hotels_it_says_how_to_add_one(desk: Desk) -> None:
    assert "regulars locations add" in desk.works("tiers", "list")


def test_a_hotel_has_the_default_scheme_until_it_gets_its_own(hotel_desk: Desk) -> None:
    shown = hotel_desk.works("tiers", "list")
    figures = ["28 days", "from 0: 5/10", "from 4: 8/15", "from 8: 12/20", "25/30"]
    assert row(shown, "high-street") == ["high-street (default)", *figures]
    assert "'regulars tiers set'" in shown

    said = hotel_desk.works("tiers", "set", "number-four", *OF_NUMBER_FOUR)
    theirs = ["28 days", "from 0: 5/10", "from 2: 10/20", "from 4: 15/25", "30/35"]
    assert row(said, "number-four") == ["number-four", *theirs]
    shown = hotel_desk.works("tiers", "list")
    assert row(shown, "high-street") == ["high-street (default)", *figures]
    assert row(shown, "number-four") == ["number-four", *theirs]

    hotel_desk.works("tiers", "set", "high-street", "--like", "number-four", "--staff", "25/32.5")
    hotel_desk.works("locations", "deactivate", "high-street")
    shown = hotel_desk.works("tiers", "list")
    assert row(shown, "high-street") == ["high-street (inactive)", *theirs[:-1], "25/32.5"]
    assert "default" not in shown


def test_what_is_not_mentioned_stays(hotel_desk: Desk) -> None:
    hotel_desk.works("tiers", "set", "number-four", *OF_NUMBER_FOUR)
    said = hotel_desk.works("tiers", "set", "number-four", "--tier", " loyalty=3:11/21.5")
    assert row(said, "number-four")[2:] == ["from 0: 5/10", "from 3: 11/21.5", "from 4: 15/25", "30/35"]
    said = hotel_desk.works("tiers", "set", "number-four", "--without", "Loyalty", "--period-days", "365")
    assert row(said, "number-four")[1:] == ["365 days", "from 0: 5/10", "–", "from 4: 15/25", "30/35"]


def test_a_dry_run_shows_the_outcome_and_changes_nothing(hotel_desk: Desk) -> None:
    before = hotel_desk.works("tiers", "list")
    said = hotel_desk.works("tiers", "set", "number-four", *OF_NUMBER_FOUR, "--dry-run")
    assert row(said, "number-four")[3] == "from 2: 10/20" and "nothing was changed" in said
    assert hotel_desk.works("tiers", "list") == before
    # Not even the tiers, which the program gets with its first scheme, are there.
    assert "lowest first: Gold" in hotel_desk.works("tiers", "add", "Gold")


def test_tiers_are_added_above_those_there_are(hotel_desk: Desk) -> None:
    assert "Member, Loyalty, Regular" in hotel_desk.works("tiers", "add")
    assert "Member, Loyalty, Regular, Legend" in hotel_desk.works("tiers", "add", "Legend")
    shown = hotel_desk.works("tiers", "list")
    assert "Legend" in shown and row(shown, "high-street (default)")[5] == "–"
    said = hotel_desk.works("tiers", "set", "high-street", "--tier", "Legend=50:50/50")
    assert row(said, "high-street")[5] == "from 50: 50/50"
    assert "name taken" in hotel_desk.refuses("tiers", "add", "LEGEND")
    assert "name taken" in hotel_desk.refuses("tiers", "add", "Staff")
    assert "20 tiers at most" in hotel_desk.refuses("tiers", "add", *(f"T{number}" for number in range(17)))


def test_what_is_refused_names_the_rule(hotel_desk: Desk) -> None:
    hotel_desk.works("tiers", "set", "number-four", *OF_NUMBER_FOUR)
    before = hotel_desk.works("tiers", "list")
    for options, says in REFUSED:
        assert says in hotel_desk.refuses("tiers", "set", "number-four", *options)
    assert "choose one of high-street" in hotel_desk.refuses("tiers", "set", "moon", "--staff", "1/1")
    assert hotel_desk.works("tiers", "list") == before


REFUSED: list[tuple[list[str], str]] = [
    ([], "nothing to set"),
    (["--like", "moon"], "choose one of high-street"),
    (["--tier", "Gold=1:1/1"], "there are Member, Loyalty, Regular"),
    (["--without", "Gold"], "regulars tiers add"),
    (["--without", "Member"], "lowest tier must have a rule"),
    (["--tier", "Member=1:1/1"], "begins at 0 visits"),
    (["--tier", "Loyalty=4:1/1"], "more than the one below"),
    (["--tier", "Loyalty=100001:1/1"], "more than the one below"),
    (["--tier", "Loyalty=3:101/1"], "--tier: a percentage is from 0 to 100"),
    (["--tier", "Loyalty=3:1/1.234"], "two decimals"),
    (["--tier", "Loyalty:3:1/1"], "NAME=VISITS:WET/DRY"),
    (["--tier", "Loyalty=3:10"], "WET/DRY, such as 8/15"),
    (["--tier", "Loyalty=3:-1/10"], "WET/DRY"),
    (["--staff", "25"], "WET/DRY"),
    (["--staff", "25/101"], "--staff: a percentage"),
    (["--period-days", "0"], "1 to 3650"),
    (["--period-days", "long"], "--help"),
]


@pytest.mark.parametrize("command", [["list"], ["add"], ["set", "high-street", "--staff", "1/1"]])
def test_without_a_program_nothing_is_set(bare_desk: Desk, command: list[str]) -> None:
    assert "regulars init" in bare_desk.refuses("tiers", *command)


async def test_tills_give_what_was_set(bare_desk: Desk, hub: Hotels) -> None:
    await hub.register(rfid_code="04A1")
    await bare_desk.works_beside(
        "tiers", "set", "number-four", "--tier", "Member=0:7.5/11", "--program", "hub"
    )
    hub.services.tier_books.forget(hub.program_id)
    body = ok(await hub.post("/identify", {"identifier": "04A1"}, hotel=NUMBER_FOUR))
    assert (body["wet_discount"], body["dry_discount"]) == (7.5, 11)
