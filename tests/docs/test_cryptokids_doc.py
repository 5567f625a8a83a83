"""The examples of docs/contracts/cryptokids.md run, and answer what the page says."""

import re
from pathlib import Path

import msgspec
import pytest

from regulars.contracts.cryptokids.errors import BY_VERB, ERRORS, FAILURES
from regulars.contracts.cryptokids.router import CONTRACT
from regulars.contracts.cryptokids.settings import CryptoKidsSettings
from tests.docs.page_examples import check_printed, examples_of, printed_by
from tests.support.family import family
from tests.support.listening import listening

TEXT = (Path(__file__).parents[2] / "docs" / "contracts" / "cryptokids.md").read_text(encoding="utf-8")

VARYING = {
    "id", "itemId", "at", "expiresAt", "createdAt", "updatedAt", "created_at", "updated_at", "approvedAt",
}  # fmt: skip
"""What differs from call to call although it is a number."""


STATUSES: dict[str, set[int]] = {}
for status, word in (*ERRORS.values(), *BY_VERB.values(), *((400, word) for word in FAILURES.values())):
    STATUSES.setdefault(word, set()).add(status)


async def test_every_example_answers_what_the_page_says(database_url: str, tmp_path: Path) -> None:
    examples = examples_of(TEXT)
    async with family(database_url, tmp_path / "data") as home, listening(home) as url:
        # Other members, rewards and templates are there as well, as on any server.
        await home.earn(5, "maya")
        variables = {
            "REGULARS_URL": url,
            "CK_ADMIN_KEY": home.keys["admin"],
            "CK_PARENT_KEY": home.keys["parent"],
        }
        printed = await printed_by(examples, tmp_path, variables)
    for example, actual in zip(examples, printed, strict=True):
        check_printed(example, actual, VARYING)


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
