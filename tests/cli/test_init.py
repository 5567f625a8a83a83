"""`regulars init`: from a file, by being asked, and once only."""

from pathlib import Path

import pytest
from rich.prompt import Prompt

from regulars.cli.failures import CommandFailed
from regulars.cli.first_program import read_first_program
from regulars.cli.init import _ask
from tests.cli.processes import run

WHOLE = """
slug = "arms"
name = "The Regulars Arms"
currency = "EUR"
time_zone = "Europe/Dublin"
settings = { "cryptokids.refunds_per_hour" = 5 }

[location]
slug = "venue_001"
name = "The bar"

[[keys]]
name = "Till key"
scopes = ["loyaltyhub:till"]
location = "venue_001"
"""


def test_a_program_is_made_once_and_its_keys_shown_once(data: Path, tmp_path: Path) -> None:
    config = tmp_path / "program.toml"
    config.write_text(WHOLE, encoding="utf-8")
    arguments = ("init", "--data", str(data), "--config", str(config))
    made = run(*arguments)
    assert made.returncode == 0, made.stderr
    name, _, key = made.stdout.strip().partition("=")
    assert (name, len(key)) == ("TILL_KEY", 64)

    again = run(*arguments)
    assert again.returncode == 0
    assert "nothing to do" in again.stdout and "arms" in again.stdout
    [line] = [
        line for line in run("keys", "list", "--data", str(data)).stdout.splitlines() if "Till key" in line
    ]
    assert "loyaltyhub:till" in line and "venue_001" in line
    assert run("verify", "--data", str(data)).returncode == 0


def test_whoever_is_there_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {"Short name of the program, for addresses and options": "arms", "Currency (ISO 4217)": "EUR"}
    monkeypatch.setattr(Prompt, "ask", lambda question, default, console: answers.pop(question, default))
    program = _ask()
    assert not answers
    assert (program.slug, program.name, program.currency) == ("arms", "Arms", "EUR")
    assert program.location is not None and program.location.slug == "venue_001"
    assert [key.scopes for key in program.keys] == [("cryptokids:admin",), ("cryptokids:parent",)]


def test_nobody_to_ask_is_said(data: Path) -> None:
    refused = run("init", "--data", str(data))
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--config" in refused.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slug = 'a'", "name"),
        ("slug = 'a'\nname = 'b'\ncolour = 'red'", "colour"),
        ("slug = 1\nname = 'b'", "slug"),
        ("slug = 'a'\nname = 'b'\nkeys = [{name = 'k'}]", "scopes"),
        ("slug = ", "program.toml"),
    ],
)
def test_a_file_that_describes_no_program(tmp_path: Path, text: str, says: str) -> None:
    config = tmp_path / "program.toml"
    config.write_text(text, encoding="utf-8")
    with pytest.raises(CommandFailed) as failed:
        read_first_program(config)
    assert says in str(failed.value) and failed.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("slug = 'A B'\nname = 'b'", "invalid slug"),
        ("slug = 'a'\nname = 'b'\ntime_zone = 'Mars/Base'", "invalid time zone"),
        ("slug = 'a'\nname = 'b'\nlocation = {slug = '', name = 'c'}", "invalid slug"),
        ("slug = 'a'\nname = 'b'\nkeys = [{name = 'k', scopes = ['all']}]", "invalid scope"),
        ("slug = 'a'\nname = 'b'\nkeys = [{name = 'k', scopes = ['loyaltyhub:till']}]", "one location"),
        (
            "slug = 'a'\nname = 'b'\nkeys = [{name = 'k', scopes = ['loyaltyhub:till'], location = 'moon'}]",
            "moon",
        ),
    ],
)
def test_a_program_that_is_refused_leaves_nothing(
    prepared: Path, tmp_path: Path, text: str, says: str
) -> None:
    config = tmp_path / "program.toml"
    config.write_text(text, encoding="utf-8")
    refused = run("init", "--data", str(prepared), "--config", str(config))
    assert (refused.returncode, refused.stdout) == (1, "")
    assert says in refused.stderr
    config.write_text("slug = 'family'\nname = 'b'", encoding="utf-8")
    assert "(family)" in run("init", "--data", str(prepared), "--config", str(config)).stdout
