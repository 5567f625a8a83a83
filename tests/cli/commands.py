"""Commands in the process of the test, on a database of the test's own."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from regulars.cli import build_app
from regulars.cli.failures import exit_code_of_failures
from tests.support.hotels import SECRET_KEY


class Outcome(msgspec.Struct, frozen=True):
    """How a command ended, and what it said."""

    exit_code: int
    output: str
    errors: str


class Desk:
    """Where an operator types commands."""

    def __init__(
        self, database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.database_url = database_url
        self._capsys = capsys
        monkeypatch.setenv("REGULARS_DATABASE_URL", database_url)
        monkeypatch.setenv("REGULARS_SECRET_KEY", SECRET_KEY)
        monkeypatch.setenv("COLUMNS", "200")

    def run(self, *arguments: str) -> Outcome:
        """How the command ends."""
        self._capsys.readouterr()
        app = build_app()
        exit_code = exit_code_of_failures(lambda: app(arguments, exit_on_error=False, print_error=False))
        output, errors = self._capsys.readouterr()
        return Outcome(int(exit_code), output, errors)

    def works(self, *arguments: str) -> str:
        """The output of a command that must work."""
        outcome = self.run(*arguments)
        assert outcome.exit_code == 0, outcome
        return outcome.output

    def refuses(self, *arguments: str) -> str:
        """The one line about a command that must be refused, which prints nothing else."""
        outcome = self.run(*arguments)
        assert (outcome.exit_code in (1, 2), outcome.output) == (True, ""), outcome
        assert outcome.errors.count("\n") == 1, outcome
        assert "unexpected" not in outcome.errors, outcome
        return outcome.errors

    async def works_beside(self, *arguments: str) -> str:
        """As `works`, beside a server in the test's own event loop."""
        return await asyncio.to_thread(self.works, *arguments)

    async def refuses_beside(self, *arguments: str) -> str:
        """As `refuses`, beside a server in the test's own event loop."""
        return await asyncio.to_thread(self.refuses, *arguments)


def program_file(directory: Path) -> Path:
    """A file that describes a program of hotels, without a location and without keys."""
    path = directory / "program.toml"
    path.write_text('slug = "hotels"\nname = "Hotels"\nkeys = []\n', encoding="utf-8")
    return path
