"""The examples of docs/contracts/cryptokids.md run, and answer what the page says."""

import asyncio
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from regulars.contracts.cryptokids.errors import BY_VERB, ERRORS, FAILURES
from regulars.contracts.cryptokids.router import CONTRACT
from regulars.contracts.cryptokids.settings import CryptoKidsSettings
from tests.support.family import Family, family
from tests.support.listening import listening

PAGE = Path(__file__).parents[2] / "docs" / "contracts" / "cryptokids.md"
TEXT = PAGE.read_text()

ANY = "…"
COUNTED = {
    "id", "itemId", "at", "expiresAt", "createdAt", "updatedAt", "created_at", "updated_at", "approvedAt",
}  # fmt: skip
"""What differs from call to call although it is a number."""


STATUSES: dict[str, set[int]] = {}
for status, word in (*ERRORS.values(), *BY_VERB.values(), *((400, word) for word in FAILURES.values())):
    STATUSES.setdefault(word, set()).add(status)


class Example(msgspec.Struct, frozen=True):
    """Commands of the page and what it says they print, in the language that its block names."""

    commands: str
    language: str
    printed: str


EXAMPLES = [
    Example(*found)
    for found in re.findall(r"```sh\n(.*?)```\n(?:```(json|text|csv)\n(.*?)```)?", TEXT, re.DOTALL)
]


async def run(home: Family, url: str, directory: Path) -> list[str]:
    """What the examples print, run one after the other in one shell."""
    lines = ["set -u"]
    for number, example in enumerate(EXAMPLES):
        lines += [f"{{\n{example.commands}}} > printed-{number}"]
    environment = {
        "PATH": os.environ["PATH"],
        "REGULARS_URL": url,
        "CK_ADMIN_KEY": home.keys["admin"],
        "CK_PARENT_KEY": home.keys["parent"],
    }
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", "\n".join(lines), cwd=directory, env=environment
    )
    assert await asyncio.wait_for(shell.wait(), 60) == 0
    return [(directory / f"printed-{number}").read_text() for number in range(len(EXAMPLES))]


async def test_every_example_answers_what_the_page_says(database_url: str, tmp_path: Path) -> None:
    async with family(database_url, tmp_path / "data") as home, listening(home) as url:
        # Other members, rewards and templates are there as well, as on any server.
        await home.earn(5, "maya")
        printed = await run(home, url, tmp_path)
    for example, actual in zip(EXAMPLES, printed, strict=True):
        if example.language == "json":
            compare(msgspec.json.decode(example.printed), msgspec.json.decode(actual), example.commands)
        elif example.language == "csv":
            assert actual.splitlines()[0] == example.printed.splitlines()[0], example.commands
            assert len(actual.splitlines()) >= len(example.printed.splitlines()), example.commands
        else:
            assert actual == example.printed, example.commands


def compare(told: Any, actual: Any, place: str) -> None:
    """Asserts that an answer is what the page tells: the same names and values, but for what differs."""
    name = place.rpartition(".")[2]
    if told == ANY:
        return
    if isinstance(told, dict):
        assert isinstance(actual, dict), place
        assert list(told) == list(actual), place
        for key, value in told.items():
            compare(value, actual[key], f"{place}.{key}")
    elif isinstance(told, list):
        assert isinstance(actual, list), place
        assert len(told) == len(actual), place
        for item, actual_item in zip(told, actual, strict=True):
            compare(item, actual_item, place)
    elif isinstance(told, str) and ANY in told:
        pattern = ".*".join(re.escape(part) for part in told.split(ANY))
        assert isinstance(actual, str), place
        assert re.fullmatch(pattern, actual), (place, told, actual)
    else:
        assert type(told) is type(actual), (place, told, actual)
        assert name in COUNTED or told == actual, (place, told, actual)


@pytest.mark.parametrize("route", sorted({next(iter(handler.paths)) for handler in CONTRACT.handlers}))
def test_every_route_is_on_the_page(route: str) -> None:
    path = (
        re.sub(r"\{(\w+):str\}", r"{\1}", route).replace("{hold_id}", "{id}").replace("/scan/{name}", "/scan")
    )
    assert f"{path}`" in TEXT or f"{path}?" in TEXT


@pytest.mark.parametrize("word", sorted(STATUSES))
def test_every_error_is_on_the_page(word: str) -> None:
    told = re.findall(rf"^\| `{re.escape(word)}` \| (\d+) \|", TEXT, re.MULTILINE)
    assert len(told) == 1
    assert int(told[0]) in STATUSES[word]


def test_every_setting_is_on_the_page() -> None:
    for field in msgspec.structs.fields(CryptoKidsSettings):
        assert f"| `cryptokids.{field.name}" in TEXT
