"""The examples of docs/contracts/rejoes.md run, and answer what the page says."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

from regulars.base.clock import utc_now
from regulars.contracts.rejoes.errors import FAILURES, REFUSALS
from regulars.contracts.rejoes.router import CONTRACT
from regulars.contracts.rejoes.wire import AddBody, CheckoutBody, ReturnBody, SwapBody
from regulars.contracts.rejoes.wire_events import SubscriptionData
from regulars.demo.stores.subscribers import FIRST
from regulars.features.lending import rules_cycle
from regulars.features.lending.model_settings import PLANS, USUAL_PLANS
from regulars.program_settings import SETTINGS, written
from tests.docs.page_examples import check_printed, examples_of, printed_by
from tests.support.ledger import ManualClock
from tests.support.listening import listening
from tests.support.stores import SHOPIFY_SECRET, Stores, stores

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "contracts" / "rejoes.md").read_text(encoding="utf-8")
ERRORS = TEXT.partition("\n## Errors\n")[2].partition("\n## ")[0]


@pytest_asyncio.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Stores]:
    """A program whose stores lend today."""
    clock = ManualClock(utc_now())
    async with stores(database_url, tmp_path / "data", clock=clock, public_url=None) as opened:
        yield opened


async def test_every_example_answers_what_the_page_says(shop: Stores, tmp_path: Path) -> None:
    examples = examples_of(TEXT)
    assert len(examples) > 8
    async with listening(shop) as url:
        variables = {
            "REGULARS_URL": url,
            "STORE_API_KEY": shop.key,
            "SHOPIFY_WEBHOOK_SECRET": SHOPIFY_SECRET,
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
    told = {(text, int(status)) for text, status in re.findall(r"^\| `(.*?)` \| (\d{3}) \| \w", ERRORS, re.M)}
    assert told == {(text, status) for status, text in (*REFUSALS.values(), *FAILURES.values())}
    assert len(re.findall(r"^\| `", ERRORS, re.MULTILINE)) == len(told)


def test_every_plan_is_on_the_page() -> None:
    rows = re.findall(r"^\| `([A-Z]+)` \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)
    assert [(name, *map(int, numbers)) for name, *numbers in rows] == [
        (plan.name, plan.items_per_cycle, plan.swaps_per_cycle, plan.items_out_max) for plan in USUAL_PLANS
    ]


def test_every_setting_is_on_the_page_with_its_default_and_no_other() -> None:
    told = dict(re.findall(r"^\| `((?:rejoes|lending)\.\w+)` \| `(.*?)` \|", TEXT, re.MULTILINE))
    known = {
        setting.name: written(setting, setting.default)
        for setting in SETTINGS
        if setting.name.startswith(("rejoes.", "lending."))
    }
    assert told.pop(PLANS.name) == "BASIC, PLUS and PREMIUM"
    del known[PLANS.name]
    assert told == known


@pytest.mark.parametrize("body", [AddBody, CheckoutBody, ReturnBody, SwapBody, SubscriptionData])
def test_every_field_is_on_the_page_with_what_it_needs(body: type[msgspec.Struct]) -> None:
    rows = re.findall(r"^\| (`.*`) \| (required|optional)\b", TEXT, re.MULTILINE)
    for field in msgspec.structs.fields(body):
        needs = {need for names, need in rows if f"`{field.encode_name}`" in names}
        assert ("required" if field.required else "optional") in needs, field.encode_name


def test_when_cycles_begin() -> None:
    rows = re.findall(r"^\| (20\S+) \| (20\S+) \| (20\S+) \| (20\S+) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 3
    for row in rows:
        days = [datetime.fromisoformat(day).replace(tzinfo=UTC) for day in row]
        assert days == [rules_cycle.add_months(days[0], months) for months in range(4)]


def test_every_card_that_the_demo_shows_is_on_the_page_and_no_other() -> None:
    told = re.findall(r"^\| `(CARD-\S+)` \|", TEXT, re.MULTILINE)
    assert told == [subscriber.card_token for subscriber in FIRST]
