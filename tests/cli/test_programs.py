"""`regulars programs`, and the settings of `regulars locations`: shown, set and unset."""

import io
from pathlib import Path

import pytest

from regulars.base.stored_settings import Holder
from regulars.cli.failures import CommandFailed
from regulars.cli.first_program import read_first_program
from regulars.program_settings import SETTINGS, settings_held_by
from tests.cli.commands import Desk
from tests.support.hotels import HIGH_STREET, Hotels, ok
from tests.support.stored import everything_stored

POINTS = "sessions.points_per_unit"
SECRET = "sessions.membership_link_signing_secret"


def line_of(shown: str, name: str) -> str:
    """The line of a table that begins with this name."""
    [line] = [line for line in shown.splitlines() if f" {name} " in line]
    return line


def cells_of(shown: str, name: str) -> list[str]:
    """What a table says of this name."""
    return [cell.strip() for cell in line_of(shown, name).strip("│┃ ").split("│")]


def test_without_a_program_there_is_nothing_to_list_or_show(bare_desk: Desk) -> None:
    assert "regulars init" in bare_desk.works("programs", "list")
    assert "regulars init" in bare_desk.refuses("programs", "show")
    assert "regulars init" in bare_desk.refuses("programs", "set", POINTS, "2")


def test_programs_are_listed(desk: Desk) -> None:
    assert cells_of(desk.works("programs", "list"), "hotels")[1:] == [
        "hotels", "Hotels", "Europe/London", "GBP",
    ]  # fmt: skip


def test_every_setting_is_shown_with_what_is_allowed(hotel_desk: Desk) -> None:
    shown = hotel_desk.works("programs", "show", "hotels")
    assert "program hotels (Hotels): Europe/London, GBP" in shown
    assert cells_of(shown, POINTS)[:4] == [POINTS, "–", "1", "a whole number from 0 to 100"]
    assert "Points for each whole unit" in line_of(shown, POINTS)
    assert cells_of(shown, "cryptokids.refunds")[2] == "FEATURE_REFUNDS, else true"
    at_location = hotel_desk.works("locations", "show", "number-four")
    assert "location number-four (Number Four): Europe/Dublin, GBP, GB, active" in at_location
    for setting in SETTINGS:
        assert (f" {setting.name} " in shown) == (setting.holder is Holder.PROGRAM)
        assert (f" {setting.name} " in at_location) == (setting.holder is Holder.LOCATION)


def test_a_setting_of_a_program_is_set_and_unset(desk: Desk) -> None:
    assert (
        desk.works("programs", "set", POINTS, "3") == f"program hotels: {POINTS} is 3; it was 1 (default)\n"
    )
    assert cells_of(desk.works("programs", "show"), POINTS)[1:3] == ["3", "1"]
    assert desk.works("programs", "set", POINTS, "3") == f"program hotels: {POINTS} was already 3\n"
    assert desk.works("programs", "set", POINTS, "1") == f"program hotels: {POINTS} is 1; it was 3\n"
    said = desk.works("programs", "unset", POINTS, "--program", "hotels")
    assert said == f"program hotels: {POINTS} is 1 (default); it was 1\n"
    assert "was not set" in desk.works("programs", "unset", POINTS)
    assert cells_of(desk.works("programs", "show"), POINTS)[1] == "–"


def test_settings_beside_the_changed_one_stay(hotel_desk: Desk) -> None:
    hotel_desk.works("programs", "set", POINTS, "3")
    hotel_desk.works("programs", "set", "cryptokids.refund_window_days", "none")
    hotel_desk.works("programs", "set", "http.origins", "https://a.example,https://b.example")
    hotel_desk.works("programs", "unset", POINTS)
    shown = hotel_desk.works("programs", "show")
    assert cells_of(shown, "cryptokids.refund_window_days")[1] == "none"
    assert cells_of(shown, "http.origins")[1] == "https://a.example,https://b.example"
    hotel_desk.works("locations", "set", "high-street", "loyaltyhub.phone_region", "fr")
    hotel_desk.works("locations", "set", "high-street", "sessions.phone_region", "ie")
    hotel_desk.works("locations", "unset", "high-street", "loyaltyhub.phone_region")
    assert "GB/IE" in line_of(hotel_desk.works("locations", "list"), "high-street")
    assert "GB/IE" not in line_of(hotel_desk.works("locations", "list"), "number-four")


def test_a_dry_run_changes_nothing(hotel_desk: Desk) -> None:
    for command in (
        ("programs", "set", POINTS, "3"),
        ("locations", "set", "high-street", "sessions.phone_region", "IE"),
    ):
        said = hotel_desk.works(*command, "--dry-run")
        assert "is" in said and said.endswith("nothing was changed: --dry-run\n")
    assert cells_of(hotel_desk.works("programs", "show"), POINTS)[1] == "–"
    assert cells_of(hotel_desk.works("locations", "show", "high-street"), "sessions.phone_region")[1] == "–"
    hotel_desk.works("programs", "set", POINTS, "3")
    assert "is 1 (default); it was 3" in hotel_desk.works("programs", "unset", POINTS, "--dry-run")
    assert cells_of(hotel_desk.works("programs", "show"), POINTS)[1] == "3"


def test_branding_is_set_as_json(hotel_desk: Desk) -> None:
    branding = '{"brand_name":"High Street","primary_color":"#123456"}'
    hotel_desk.works("locations", "set", "high-street", "sessions.branding", branding)
    assert cells_of(hotel_desk.works("locations", "show", "high-street"), "sessions.branding")[1] == branding


def test_a_secret_is_read_from_standard_input_and_never_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "k9-Zb2mQ7-xV4tLpW1"
    refused = desk.refuses("programs", "set", SECRET, secret)
    assert "standard input" in refused and secret not in refused
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    refused = desk.refuses("programs", "set", SECRET, "-")
    assert "16 characters" in refused and "short" not in refused
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{secret}\n"))
    assert f"{SECRET} is a secret; it was MEMBERSHIP_LINK_SIGNING_SECRET" in desk.works(
        "programs", "set", SECRET, "-"
    )
    shown = desk.works("programs", "show")
    assert cells_of(shown, SECRET)[1] == "a secret" and secret not in shown
    monkeypatch.setattr("sys.stdin", io.StringIO(secret))
    said = desk.works("programs", "set", SECRET, "-", "--dry-run")
    assert said == f"program hotels: {SECRET} was already a secret\n"
    said = desk.works("programs", "unset", SECRET, "--dry-run")
    assert "it was a secret\nnothing was changed" in said and secret not in said
    stored = everything_stored(desk.database_url)
    assert SECRET in stored and secret not in stored


def test_a_secret_that_cannot_be_opened_is_said_to_be_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("k9-Zb2mQ7-xV4tLpW1"))
    desk.works("programs", "set", SECRET, "-")
    monkeypatch.setenv("REGULARS_SECRET_KEY", "another-key-x9-Zb2mQ7-xV4tLpW1-0123456789")
    unusable = "a secret (counts as one that nothing is signed with)"
    assert cells_of(desk.works("programs", "show"), SECRET)[1] == unusable
    monkeypatch.setattr("sys.stdin", io.StringIO("k9-Zb2mQ7-xV4tLpW1"))
    assert f"{SECRET} is a secret; it was {unusable}" in desk.works("programs", "set", SECRET, "-")
    assert cells_of(desk.works("programs", "show"), SECRET)[1] == "a secret"


def test_a_secret_in_the_file_of_a_program_is_sealed(desk: Desk, tmp_path: Path) -> None:
    secret, config = "k9-Zb2mQ7-xV4tLpW1", tmp_path / "second.toml"
    config.write_text(
        f'slug = "arms"\nname = "Arms"\nkeys = []\n[settings]\n"{SECRET}" = "{secret}"\n"{POINTS}" = 7\n',
        encoding="utf-8",
    )
    desk.works("init", "--config", str(config))
    shown = desk.works("programs", "show", "arms")
    assert (cells_of(shown, SECRET)[1], cells_of(shown, POINTS)[1]) == ("a secret", "7")
    stored = everything_stored(desk.database_url)
    assert SECRET in stored and secret not in stored


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["programs", "set", "sessions.point_per_unit", "2"], f"did you mean {POINTS}"),
        (["programs", "set", "points_per_unit", "2"], f"did you mean {POINTS}"),
        (["programs", "unset", "cryptokid.keyless"], "did you mean cryptokids.keyless"),
        (["programs", "set", "zzzz", "2"], "'regulars programs show' lists them"),
        (["programs", "set", "sessions.branding", "{}"], "use 'regulars locations set'"),
        (["locations", "set", "high-street", POINTS, "2"], "use 'regulars programs set'"),
        (["locations", "set", "high-street", "phone_region", "IE"], "sessions.phone_region"),
        (
            ["locations", "set", "moon", "sessions.phone_region", "IE"],
            "choose one of high-street, number-four",
        ),
        (["locations", "set", "high-street", "sessions.phone_region", "UK"], "such as GB or IE"),
        (["locations", "set", "high-street", "sessions.branding", '{"accent_color": "red"}'], "accent_color"),
        (["programs", "set", POINTS, "101"], "a whole number from 0 to 100"),
        (["programs", "set", POINTS, "-1"], "a whole number from 0 to 100"),
        (["programs", "set", POINTS, "two"], "cannot be two"),
        (["programs", "set", POINTS, ""], "a whole number from 0 to 100"),
        (["programs", "set", "cryptokids.keyless", "perhaps"], "true or false"),
        (["programs", "set", "sessions.membership_scope", "all"], "venue or program"),
        (["programs", "set", "http.origins", "https://shop.example/"], "without a path"),
        (["programs", "set", POINTS, "2", "--program", "moon"], "choose one of hotels"),
        (["programs", "show", "moon"], "choose one of hotels"),
        (["programs", "set", POINTS], "--help"),
    ],
)
def test_what_is_refused_says_what_to_do(hotel_desk: Desk, arguments: list[str], says: str) -> None:
    before = hotel_desk.works("programs", "show") + hotel_desk.works("locations", "show", "high-street")
    assert says in hotel_desk.refuses(*arguments)
    after = hotel_desk.works("programs", "show") + hotel_desk.works("locations", "show", "high-street")
    assert after == before


def test_of_several_programs_one_has_to_be_named(desk: Desk, tmp_path: Path) -> None:
    config = tmp_path / "second.toml"
    config.write_text(
        f'slug = "arms"\nname = "Arms"\nkeys = []\n[settings]\n"{POINTS}" = 7\n', encoding="utf-8"
    )
    desk.works("init", "--config", str(config))
    for command in (("show",), ("set", POINTS, "2"), ("unset", POINTS)):
        assert "--program" in desk.refuses("programs", *command)
    desk.works("programs", "set", POINTS, "2", "--program", "hotels")
    assert cells_of(desk.works("programs", "show", "arms"), POINTS)[1] == "7"
    assert cells_of(desk.works("programs", "show", "hotels"), POINTS)[1] == "2"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        (f'"{POINTS}" = 101', "a whole number from 0 to 100"),
        (f'"{POINTS}" = "2"', "a whole number from 0 to 100"),
        ('"sessions.point_per_unit" = 2', f"did you mean {POINTS}"),
        ('"sessions.phone_region" = "IE"', "use 'regulars locations set'"),
        (f'"{SECRET}" = "short"', "cannot be that"),
    ],
)
def test_a_file_with_a_wrong_setting_makes_no_program(tmp_path: Path, setting: str, says: str) -> None:
    config = tmp_path / "program.toml"
    config.write_text(f'slug = "a"\nname = "A"\n[settings]\n{setting}\n', encoding="utf-8")
    with pytest.raises(CommandFailed) as failed:
        read_first_program(config)
    assert says in str(failed.value) and failed.value.exit_code == 2


async def test_what_is_set_is_what_the_server_goes_by(bare_desk: Desk, hub: Hotels) -> None:
    """A national number is read by the region that was set a moment ago."""

    region = ("high-street-hotel", "loyaltyhub.phone_region")
    said = await bare_desk.works_beside("locations", "set", *region, "IE", "--program", "hub")
    assert said == "location high-street-hotel: loyaltyhub.phone_region is IE; it was GB (default)\n"
    hub.services.locations.forget(hub.program_id, hub.location_ids[HIGH_STREET])
    answer = await hub.post("/register", {"name": "Nora", "phone": "087 123 4567"})
    assert (await hub.customer(ok(answer, 201)["customer_id"])).phone == "+353871234567"


def test_stored_values_that_do_not_count_are_said_to(desk: Desk) -> None:
    """Nothing but the table may be set here, but the database holds what earlier versions put there."""
    import asyncio

    from regulars.base.clock import utc_now
    from regulars.cli.session import open_program
    from regulars.features.access import actions as access

    async def store() -> None:
        async with open_program(None, "hotels") as opened:
            changes = {POINTS: 1000, "cryptokids.keyless": "yes", "sessions.colour": "red"}
            await access.update_program_settings(opened.connection, opened.program_id, changes, now=utc_now())

    asyncio.run(store())
    shown = desk.works("programs", "show")
    assert cells_of(shown, POINTS)[1] == "1000 (counts as 100)"
    assert cells_of(shown, "cryptokids.keyless")[1] == "yes (counts as not set)"
    assert "not a setting of this version: sessions.colour" in shown
    assert len(settings_held_by(Holder.PROGRAM)) + len(settings_held_by(Holder.LOCATION)) == len(SETTINGS)
