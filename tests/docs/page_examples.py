"""The examples of a page: commands in a block marked `sh`, and the block after it with what they print.

All commands of a page run in one shell, top to bottom. A block marked `json` holds the answer, with `…` for
what differs from call to call; one marked `text` holds what is printed, word for word or with `…` as well;
one marked `csv` shows the head of a file.
"""

import asyncio
import os
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

ANY = "…"
SHELL_SECONDS_MAX = 180


class Example(msgspec.Struct, frozen=True):
    """Commands of a page and what it says they print, in the language that its block names."""

    commands: str
    language: str
    printed: str


def examples_of(text: str) -> list[Example]:
    """The examples of a page, top to bottom; `language` is empty for commands that nothing is said about."""
    found = re.findall(r"```sh\n(.*?)```\n(?:```(json|text|csv)\n(.*?)```)?", text, re.DOTALL)
    return [Example(*parts) for parts in found]


async def printed_by(
    examples: Sequence[Example], directory: Path, variables: Mapping[str, str], *, path: str = ""
) -> list[str]:
    """What the examples print, run one after the other in one shell that knows these variables.

    `path` is looked through for commands before the usual places.
    """
    lines = ["set -u"]
    for number, example in enumerate(examples):
        lines += [f"{{\n{example.commands}}} > printed-{number}"]
    environment = {"PATH": f"{path}{os.pathsep}{os.environ['PATH']}".strip(os.pathsep), **variables}
    shell = await asyncio.create_subprocess_exec(
        "bash", "-c", "\n".join(lines), cwd=directory, env=environment
    )
    assert await asyncio.wait_for(shell.wait(), SHELL_SECONDS_MAX) == 0
    return [(directory / f"printed-{number}").read_text() for number in range(len(examples))]


def check_printed(example: Example, actual: str, varying: Collection[str] = ()) -> None:
    """Asserts that an example printed what the page says; `varying` names numbers that differ each time."""
    told = example.printed
    if example.language == "json":
        decode = msgspec.json.decode
        _compare(decode(told), decode(actual), example.commands, frozenset(varying))
    elif example.language == "csv":
        assert actual.splitlines()[0] == told.splitlines()[0], example.commands
        assert len(actual.splitlines()) >= len(told.splitlines()), example.commands
    else:
        assert _matches(told, actual), (example.commands, told, actual)


def _compare(told: Any, actual: Any, place: str, varying: frozenset[str]) -> None:
    """Asserts that an answer is what the page tells: the same names and values, but for what differs."""
    if told == ANY:
        return
    if isinstance(told, dict):
        assert isinstance(actual, dict), place
        assert list(told) == list(actual), place
        for key, value in told.items():
            _compare(value, actual[key], f"{place}.{key}", varying)
    elif isinstance(told, list):
        assert isinstance(actual, list), place
        assert len(told) == len(actual), place
        for item, actual_item in zip(told, actual, strict=True):
            _compare(item, actual_item, place, varying)
    elif isinstance(told, str) and ANY in told:
        assert isinstance(actual, str), place
        assert _matches(told, actual), (place, told, actual)
    else:
        assert type(told) is type(actual), (place, told, actual)
        assert place.rpartition(".")[2] in varying or told == actual, (place, told, actual)


def _matches(told: str, actual: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in told.split(ANY))
    return re.fullmatch(pattern, actual) is not None
