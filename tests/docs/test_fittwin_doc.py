"""The examples of docs/contracts/fittwin.md run, and answer what the page says."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from regulars.base.clock import utc_now
from regulars.contracts.fittwin.errors import FAILURES, MISSING, REASONS, REFUSALS
from regulars.contracts.fittwin.router import CONTRACT
from regulars.contracts.fittwin.wire import ClickBody, CreateBody, PurchaseBody, ValidateBody
from regulars.features.referrals.model import Rule
from regulars.program_settings import SETTINGS, written
from tests.docs.page_examples import check_printed, examples_of, printed_by
from tests.support.ledger import ManualClock
from tests.support.listening import listening
from tests.support.market import ANN, Market, market, token

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "contracts" / "fittwin.md").read_text(encoding="utf-8")
ERRORS = TEXT.partition("\n## Errors\n")[2]


@pytest_asyncio.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Market]:
    """A program that sells today."""
    clock = ManualClock(utc_now())
    async with market(database_url, tmp_path / "data", clock=clock, public_url=None) as opened:
        yield opened


async def test_every_example_answers_what_the_page_says(shop: Market, tmp_path: Path) -> None:
    examples = examples_of(TEXT)
    assert len(examples) > 6
    async with listening(shop) as url:
        variables = {
            "REGULARS_URL": url,
            "INTERNAL_API_KEY": shop.key,
            "SHOPPER_TOKEN": token(at=shop.clock()),
            "SHOPPER_USER_ID": ANN,
            "PRODUCT_ID": shop.product_id,
        }
        printed = await printed_by(examples, tmp_path, variables)
    for example, actual in zip(examples, printed, strict=True):
        check_printed(example, actual)


def test_every_route_is_on_the_page() -> None:
    for handler in CONTRACT.handlers:
        [method] = handler.http_methods & {"GET", "POST"}
        path = min(handler.paths, key=len).replace(":str", "")
        assert f"`{method} {path}`" in TEXT


def test_every_error_is_on_the_page_and_no_other() -> None:
    told = {(code, int(status)) for code, status in re.findall(r"^\| `(\w+)` \| (\d{3}) \| \w", ERRORS, re.M)}
    known = [*REFUSALS.values(), *FAILURES.values(), *MISSING.values()]
    assert told >= {(code, status) for status, code, _ in known}
    assert told == {(code, status) for status, code, _ in known}


def test_every_reason_and_every_rule_is_on_the_page() -> None:
    for reason in REASONS.values():
        assert re.search(rf"^\| `{reason}` \| [^\d]", TEXT, re.MULTILINE)
    assert re.findall(r"^\| `(\w+)` \| the (?:order|RID) \|", TEXT, re.MULTILINE) == list(Rule)


def test_every_setting_is_on_the_page_with_its_default_and_no_other() -> None:
    told = dict(re.findall(r"^\| `((?:fittwin|referrals)\.\w+)` \| `(.*?)` \|", TEXT, re.MULTILINE))
    assert told == {
        setting.name: written(setting, setting.default)
        for setting in SETTINGS
        if setting.name.startswith(("fittwin.", "referrals."))
    }


@pytest.mark.parametrize("body", [CreateBody, ValidateBody, ClickBody, PurchaseBody])
def test_every_field_is_on_the_page_with_what_it_needs(body: type[msgspec.Struct]) -> None:
    rows = re.findall(r"^\| (`.*`) \| (required|optional)\b", TEXT, re.MULTILINE)
    for field in msgspec.structs.fields(body):
        needs = {need for names, need in rows if f"`{field.encode_name}`" in names}
        assert ("required" if field.required else "optional") in needs, field.encode_name
