"""What README.md and other pages say can be typed, and README's conversation is what the demo answers."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from regulars.cli import COMMANDS
from regulars.cli.failures import ExitCode
from regulars.cli.first_program import FirstProgram
from regulars.contracts.cryptokids.context import ADMIN_SCOPE, CHILD_SCOPE, PARENT_SCOPE
from regulars.contracts.cryptokids.settings import CryptoKidsSettings
from regulars.contracts.loyaltyhub.context import TILL_SCOPE
from regulars.contracts.sessions import context as sessions
from regulars.http.cross_origin import ORIGINS
from regulars.settings import Settings
from regulars.settings_sources import setting_of
from tests.cli.processes import environment, run, serving

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNNING = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
HOTELS = (ROOT / "docs" / "contracts" / "loyaltyhub.md").read_text(encoding="utf-8")
KIOSKS = (ROOT / "docs" / "contracts" / "sessions.md").read_text(encoding="utf-8")
STRIPE = (ROOT / "docs" / "stripe.md").read_text(encoding="utf-8")
WALLETS = (ROOT / "docs" / "wallet-passes.md").read_text(encoding="utf-8")
TYPED = pytest.mark.parametrize(
    "page", [README, RUNNING, HOTELS, KIOSKS], ids=["README", "running", "loyaltyhub", "sessions"]
)
GROUPS = {"keys", "locations", "programs", "promos", "tiers"}
"""Commands that have commands of their own."""
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


@TYPED
def test_every_command_and_option_that_is_named_exists(page: str) -> None:
    # A backslash at the end of a line goes on with the next one.
    lines = page.replace("\\\n", " ")
    named = re.findall(r"(?<![\w/-])(?:/opt/regulars/bin/)?regulars ([a-z]+)([^\n`|]*)", lines)
    commands = [(name, rest) for name, rest in named if name in COMMANDS]
    assert len(commands) >= 9
    for name, rest in commands:
        shown = help_of(name, *(rest.split()[:1] if name in GROUPS else ()))
        for option in ("Usage: ", *re.findall(r"--[a-z-]+", rest)):
            assert option in shown, f"regulars {name}{rest}: there is no {option}"


@cache
def help_of(*command: str) -> str:
    """What a command says about itself."""
    return run(*command, "--help").stdout


def test_readme_names_every_command() -> None:
    for name in COMMANDS:
        assert f"| `regulars {name}` |" in README


@pytest.mark.parametrize("page", [README, RUNNING, HOTELS, KIOSKS, STRIPE, WALLETS])
def test_every_setting_that_is_named_exists(page: str) -> None:
    settings = [setting_of(field) for field in msgspec.structs.fields(Settings)]
    known = {setting.environment for setting in settings}
    known |= {f"{setting.environment}_FILE" for setting in settings if setting.secret}
    known |= {"REGULARS_URL", "REGULARS_CONFIG"}
    assert set(re.findall(r"REGULARS_[A-Z_]+", page)) <= known


PAGES = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", *(f"docs/{page}.md" for page in (
    "running", "settings", "program-settings", "benchmarks", "contracts/cryptokids", "contracts/loyaltyhub",
    "contracts/sessions", "contracts/rejoes", "stripe", "wallet-passes",
))]  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page).parent.joinpath(name) if name else ROOT / page
        assert path.exists(), target
        assert not anchor or anchor in anchors_of(path), target


def anchors_of(page: Path) -> set[str]:
    """What the headings of a page are linked to by: their letters in lower case, with hyphens for spaces."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


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


def test_the_settings_of_a_program_can_be_read() -> None:
    [text] = re.findall(r"^    \[settings\]\n(?:    .*\n)+", RUNNING, re.MULTILINE)
    program = msgspec.toml.decode('slug = "arms"\nname = "Arms"\n' + dedent(text), type=FirstProgram)
    fields = {field.name for field in msgspec.structs.fields(CryptoKidsSettings)}
    known = {ORIGINS.name, *(f"cryptokids.{name}" for name in fields)}
    assert {ORIGINS.name} < program.settings.keys() <= known


def test_every_scope_that_is_named_opens_something() -> None:
    known = {ADMIN_SCOPE, PARENT_SCOPE, CHILD_SCOPE, TILL_SCOPE}
    known |= {sessions.KIOSK_SCOPE, sessions.INTERNAL_SCOPE, sessions.ADMIN_SCOPE}
    for page in (README, RUNNING, HOTELS, KIOSKS):
        assert set(re.findall(r"(?:cryptokids|loyaltyhub|sessions):[a-z]+", page)) <= known
