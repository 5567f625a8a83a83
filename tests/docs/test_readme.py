"""What README.md and docs/running.md say can be typed, and README's conversation is what the demo answers."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from regulars.cli import COMMANDS
from regulars.cli.failures import ExitCode
from regulars.cli.first_program import FirstProgram
from regulars.settings import Settings
from regulars.settings_sources import setting_of
from tests.cli.processes import environment, run, serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNNING = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
CONVERSATION = re.findall(r"```sh\n(.*?)```\n(?:```\n(.*?)```)?", README, re.DOTALL)


@pytest.fixture(scope="module")
def printed() -> Iterator[list[str]]:
    """What README's commands print on a fresh demo, one after the other in one shell."""
    directory = Path(tempfile.mkdtemp(prefix="regulars-readme-"))
    script = "".join(
        f"{{\n{commands}}} > printed-{number}\n" for number, (commands, _) in enumerate(CONVERSATION)
    )
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with serving(directory / "demo.log", "demo", "--data", str(directory / "regulars-demo")):
        subprocess.run(
            ["bash", "-ec", script], cwd=directory, check=True, timeout=60, env=environment(PATH=path)
        )
    yield [(directory / f"printed-{number}").read_text() for number in range(len(CONVERSATION))]
    shutil.rmtree(directory, ignore_errors=True)


@pytest.mark.parametrize("number", range(len(CONVERSATION)))
def test_the_conversation_is_what_the_demo_answers(printed: list[str], number: int) -> None:
    expected = CONVERSATION[number][1].strip().splitlines()
    # Answers are not ended by a line break, so that several in one block run on.
    pattern = r"\s*".join(re.escape(line).replace("…", ".*?") for line in expected)
    assert re.fullmatch(pattern, printed[number].strip(), re.DOTALL), printed[number]


@pytest.mark.parametrize("page", [README, RUNNING], ids=["README", "running"])
def test_every_command_and_option_that_is_named_exists(page: str) -> None:
    named = re.findall(r"(?<![\w/-])(?:/opt/regulars/bin/)?regulars ([a-z]+)([^\n`|]*)", page)
    commands = [(name, rest) for name, rest in named if name in COMMANDS]
    assert len(commands) >= 9
    for name, rest in commands:
        subcommand = rest.split()[:1] if name == "keys" and rest.strip() else []
        shown = run(name, *subcommand, "--help").stdout
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in shown, f"regulars {name}{rest}: there is no {option}"


def test_readme_names_every_command() -> None:
    for name in COMMANDS:
        assert f"| `regulars {name}` |" in README


@pytest.mark.parametrize("page", [README, RUNNING], ids=["README", "running"])
def test_every_setting_that_is_named_exists(page: str) -> None:
    settings = [setting_of(field) for field in msgspec.structs.fields(Settings)]
    known = {setting.environment for setting in settings}
    known |= {f"{setting.environment}_FILE" for setting in settings if setting.secret}
    known |= {"REGULARS_URL", "REGULARS_CONFIG"}
    assert set(re.findall(r"REGULARS_[A-Z_]+", page)) <= known


@pytest.mark.parametrize("page", ["README.md", "docs/running.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", (ROOT / page).read_text(encoding="utf-8")):
        if "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target


def test_the_targets_of_make_that_readme_names_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^    make ([a-z]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_the_exit_codes_are_all_of_them() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", RUNNING, re.MULTILINE)}
    assert listed == {int(code) for code in ExitCode}


def test_the_program_file_can_be_read() -> None:
    [text] = re.findall(r"```toml\n(.*?)```", RUNNING, re.DOTALL)
    program = msgspec.toml.decode(text, type=FirstProgram)
    assert (program.slug, program.keys[0].scopes) == ("arms", ("cryptokids:admin",))
