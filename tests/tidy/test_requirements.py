"""What is installed is written down to the last byte, without where it came from; decisions are numbered."""

import re
import tomllib
from typing import Any

import pytest

from tests.tidy.source import CHECKOUT

FILES = ["requirements.txt", "requirements-dev.txt"]
REQUIREMENT = re.compile(
    r"(?P<name>[a-z0-9-]+(\[[a-z0-9,-]+\])?)==(?P<version>[^ \\]+)( ; [^\\]+?)?"
    r"(?P<hashes>( \\\n    --hash=sha256:[0-9a-f]{64})+)"
)


def text_of(file: str) -> str:
    return (CHECKOUT / file).read_text(encoding="utf-8")


def pins(file: str) -> dict[str, str]:
    """The version of each package that the file names."""
    return {
        match["name"].partition("[")[0]: match["version"] for match in REQUIREMENT.finditer(text_of(file))
    }


def normalised(requirement: str) -> str:
    """The name of the package that a requirement is about, as package indexes spell it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@pytest.fixture(scope="module")
def project() -> Any:
    return tomllib.loads(text_of("pyproject.toml"))


@pytest.mark.parametrize("file", FILES)
def test_every_package_has_one_version_and_its_hashes(file: str) -> None:
    rest = REQUIREMENT.sub("", text_of(file))
    assert [line for line in rest.splitlines() if line.strip() and not line.startswith("#")] == []


@pytest.mark.parametrize("file", FILES)
def test_no_address_of_a_registry_is_written_down(file: str) -> None:
    assert re.findall(r"://|index-url|find-links|trusted-host|file:", text_of(file)) == []


def test_what_the_project_needs_is_pinned(project: Any) -> None:
    needed = {normalised(requirement) for requirement in project["project"]["dependencies"]}
    assert needed <= pins("requirements.txt").keys()


def test_what_its_developers_need_is_pinned(project: Any) -> None:
    needed = {normalised(requirement) for requirement in project["dependency-groups"]["dev"]}
    assert needed <= pins("requirements-dev.txt").keys()


def test_developers_test_the_versions_that_run() -> None:
    both = pins("requirements-dev.txt")
    assert {name: both.get(name) for name in pins("requirements.txt")} == pins("requirements.txt")


def test_decisions_are_numbered_without_gaps_and_have_a_title() -> None:
    records = sorted((CHECKOUT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    assert all(path.read_text(encoding="utf-8").startswith("# ") for path in records)
