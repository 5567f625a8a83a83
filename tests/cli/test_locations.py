"""`regulars locations`: hotels added, changed, switched off and on."""

import pytest

from tests.cli.commands import Desk
from tests.support.hotels import HIGH_STREET, Answer, Hotels, ok, refused


def test_a_program_without_locations_says_how_to_add_one(desk: Desk) -> None:
    assert "regulars locations add" in desk.works("locations", "list")


def test_without_a_program_there_are_no_locations(bare_desk: Desk) -> None:
    assert "regulars init" in bare_desk.refuses("locations", "list")


def test_a_location_is_added_with_what_the_program_has(desk: Desk) -> None:
    added = desk.works("locations", "add", "Café Zoë & Bar")
    assert "location cafe-zoe-bar (Café Zoë & Bar) is active: Europe/London, GBP" in added
    assert "--scope loyaltyhub:till --location cafe-zoe-bar" in added
    assert "--scope sessions:kiosk --location cafe-zoe-bar" in added
    assert "regulars tiers set cafe-zoe-bar" in added
    [line] = [line for line in desk.works("locations", "list").splitlines() if "cafe-zoe-bar" in line]
    for cell in ("1", "Café Zoë & Bar", "Europe/London", "GBP", "GB", "active"):
        assert cell in line


def test_a_location_is_added_with_all_of_its_own_and_changed(desk: Desk) -> None:
    own = ("--slug", "dublin", "--currency", "EUR", "--time-zone", "Europe/Dublin", "--phone-region", "ie")
    desk.works("locations", "add", "The Dubliner", *own)
    listed = desk.works("locations", "list")
    for cell in ("dublin", "EUR", "Europe/Dublin", " IE "):
        assert cell in listed
    changed = desk.works("locations", "change", "dublin", "--name", "Liffey", "--phone-region", "GB")
    assert "location dublin is now Liffey: Europe/Dublin, EUR, GB, active" in changed
    assert "Liffey" in desk.works("locations", "list")


def test_a_name_is_shown_as_it_is_and_on_one_line(desk: Desk) -> None:
    """Rich would take it for instructions, and fold what is wider than the usual terminal."""
    name = "[bold]" + "x" * 150
    desk.works("locations", "add", name, "--slug", "long")
    assert [line for line in desk.works("locations", "list").splitlines() if name in line and "long" in line]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["add", "Other", "--slug", "high-street"], "--slug"),
        (["add", "High Street"], "slug taken"),
        (["add", "北京"], "a slug is"),
        (["add", " "], "invalid slug"),
        (["add", "X", "--slug", "A B"], "a slug is"),
        (["add", "X", "--time-zone", "Mars/Base"], "Europe/London"),
        (["add", "X", "--currency", "pounds"], "GBP"),
        (["add", "X", "--phone-region", "UK"], "GB or IE"),
        (["change", "high-street"], "--name"),
        (["change", "high-street", "--time-zone", "Mars/Base"], "Europe/London"),
        (["change", "high-street", "--name", ""], "a name is"),
        (["change", "moon", "--name", "X"], "choose one of high-street, number-four"),
        (["deactivate", "moon"], "moon"),
        (["activate", "1"], "choose one of high-street, number-four"),
        (["activate"], "--help"),
    ],
)
def test_what_is_refused_says_what_to_do(hotel_desk: Desk, arguments: list[str], says: str) -> None:
    before = hotel_desk.works("locations", "list")
    assert says in hotel_desk.refuses("locations", *arguments)
    assert hotel_desk.works("locations", "list") == before


def test_a_location_is_named_for_a_program_that_has_none(desk: Desk) -> None:
    assert "regulars locations add" in desk.refuses("locations", "deactivate", "moon")


async def test_a_deactivated_hotel_turns_its_tills_away_until_it_is_activated(
    bare_desk: Desk, hub: Hotels
) -> None:
    bare, here = bare_desk, ("--program", "hub")
    customer = await hub.register(rfid_code="04A1")
    location_id = hub.location_ids[HIGH_STREET]

    async def identified() -> Answer:
        hub.services.locations.forget(hub.program_id, location_id)
        return await hub.post("/identify", {"identifier": "04A1"})

    said = await bare.works_beside("locations", "deactivate", "high-street-hotel", *here)
    assert said == "location high-street-hotel is inactive\n"
    refused(await identified(), 403, "hotel_inactive")
    assert "was already inactive" in await bare.works_beside(
        "locations", "deactivate", "high-street-hotel", *here
    )
    assert "inactive" in await bare.works_beside("locations", "list", *here)
    said = await bare.works_beside("locations", "activate", "high-street-hotel", *here)
    assert said == "location high-street-hotel is active\n"
    assert ok(await identified())["customer_id"] == customer["customer_id"]
