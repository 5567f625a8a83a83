"""The examples of docs/contracts/loyaltyhub.md run, and answer what the page says."""

import re
import sys
from decimal import Decimal
from pathlib import Path
from typing import LiteralString

import msgspec
import pytest

from regulars.contracts.loyaltyhub import wire, wire_identify, wire_promos, wire_transaction
from regulars.contracts.loyaltyhub.context import PHONE_REGION
from regulars.contracts.loyaltyhub.errors import (
    FAILURES,
    NAMING_FIELDS,
    OBJECTIONS,
    PARAMETERS,
    PROMO_INVALID,
    REFUSALS,
    published,
)
from regulars.contracts.loyaltyhub.router import CONTRACT
from regulars.features.sales.rules_reckoning import ACCOUNTS
from regulars.features.tiers.rules import (
    DEFAULT_PERIOD_DAYS,
    DEFAULT_RULES,
    DEFAULT_STAFF_DRY_PERCENT,
    DEFAULT_STAFF_WET_PERCENT,
)
from regulars.http.failures import FailureKind, Problem, failure
from tests.docs.page_examples import ANY, check_printed, examples_of, printed_by
from tests.support.documented_hotels import documented_hotels
from tests.support.guests import RATES
from tests.support.hotels import BASE
from tests.support.listening import listening

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "contracts" / "loyaltyhub.md").read_text(encoding="utf-8")
SOURCE = ROOT / "src" / "regulars" / "contracts" / "loyaltyhub"
ERRORS = TEXT.partition("\n## Errors\n")[2].partition("\n## ")[0]

KEPT_OF_THE_SALE: LiteralString = """
select tier, visits, discount_type, wet_percent, dry_percent, wet_discount_minor, dry_discount_minor,
    wet_difference_minor, dry_difference_minor, wet_account, dry_account
from sales where ticket_id = 'T-12345'
"""

BODIES = (
    wire.RegisterBody,
    wire_identify.IdentifyBody,
    wire_promos.ValidateBody,
    wire_promos.ApplyBody,
    wire_transaction.SaleBody,
    wire.AddBody,
    wire.ReplaceBody,
    wire.SyncQuery,
)


async def test_every_example_answers_what_the_page_says(database_url: str, tmp_path: Path) -> None:
    examples = examples_of(TEXT)
    async with (
        documented_hotels(database_url, tmp_path / "data") as hotels,
        listening(hotels) as url,
    ):
        variables = {**hotels.variables, "REGULARS_URL": url}
        printed = await printed_by(examples, tmp_path, variables, path=str(Path(sys.executable).parent))
        async with hotels.database.connection() as connection:
            cursor = await connection.execute(KEPT_OF_THE_SALE)
            kept = await cursor.fetchone()
    assert kept == ("Loyalty", 3, "discount", Decimal(13), Decimal(20), 234, 550, 0, 0, "#2303", "#3303")
    for example, actual in zip(examples, printed, strict=True):
        check_printed(example, actual)


@pytest.mark.parametrize("handler", CONTRACT.handlers, ids=lambda handler: next(iter(handler.paths)))
def test_every_route_has_a_heading(handler: object) -> None:
    [path] = handler.paths  # type: ignore[attr-defined]
    [method] = handler.http_methods & {"GET", "POST"}  # type: ignore[attr-defined]
    assert re.search(rf"^##.*`{method} {re.escape(path.removeprefix(BASE))}`$", TEXT, re.MULTILINE)


def all_refusals() -> set[tuple[str, str, str]]:
    """Code, status and message of whatever can be refused, as the page writes them."""
    sources = [*REFUSALS.values(), *FAILURES.values()]
    for problem in (Problem.MISSING, Problem.WRONG_TYPE):
        refused = failure(FailureKind.INPUT_REFUSED, field=ANY, problem=problem)
        sources.append(published(refused))
    return {(code, str(status), message) for status, code, message in sources}


def test_every_error_is_on_the_page_and_no_other() -> None:
    told = re.findall(r"^\| `(\w+)` \| (\d{3}) \| (.*?) \|", ERRORS, re.MULTILINE)
    assert len(told) == len(set(told))
    of_promos = {row for row in told if row[0] == PROMO_INVALID}
    assert {(code, status) for code, status, _ in of_promos} == {(PROMO_INVALID, "400")}
    assert set(told) - of_promos == all_refusals()


def test_the_conditions_of_promos_are_on_the_page_in_their_order() -> None:
    said = [message.format(minimum="£10.00") for message in OBJECTIONS.values()]
    assert re.findall(r"^\| .* \| `([A-Z][^`]*)` \|$", TEXT, re.MULTILINE) == said


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_field_is_on_the_page_with_what_it_needs(body: type[msgspec.Struct]) -> None:
    rows = re.findall(r"^\| (`.*?) \| (required|optional|yes|no)\b", TEXT, re.MULTILINE)
    for field in msgspec.structs.fields(body):
        needs = {need for names, need in rows if f"`{field.name}`" in names}
        assert needs, f"{field.name} is not told"
        assert not field.required or "required" in needs
        assert field.required or needs & {"optional", "yes", "no"}


def test_every_line_of_a_ticket_is_on_the_page() -> None:
    for field in msgspec.structs.fields(wire_transaction.SaleLine):
        assert re.search(rf"^\| `items\[\].*{field.name}`.* \| optional", TEXT, re.MULTILINE)


def test_refused_fields_are_fields_of_the_contract() -> None:
    known = {field.name for body in BODIES for field in msgspec.structs.fields(body)}
    assert set(PARAMETERS.values()) <= known
    assert not NAMING_FIELDS & PARAMETERS.keys()


def test_every_setting_is_on_the_page() -> None:
    named = {
        name
        for path in SOURCE.glob("*.py")
        for name in re.findall(r'"(loyaltyhub\.[a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert named == {PHONE_REGION.name}
    assert set(re.findall(r"^\| `(loyaltyhub\.[a-z_]+)` \|", TEXT, re.MULTILINE)) == named
    assert f"| `{PHONE_REGION.name}` | `--phone-region` | `{PHONE_REGION.default}` |" in TEXT


@pytest.mark.parametrize("hotel", RATES)
def test_the_rates_are_those_of_the_notes(hotel: str) -> None:
    figures, staff = RATES[hotel]
    cells = [f"from {visits}{' visits' * (visits == 0)}, {wet}/{dry}" for visits, wet, dry in figures]
    row = [hotel, *cells, "/".join(staff), f"{DEFAULT_PERIOD_DAYS} days"]
    assert f"| {' | '.join(row)} |" in TEXT


def test_a_hotel_that_has_set_nothing_runs_on_the_figures_of_the_first() -> None:
    figures, staff = next(iter(RATES.values()))
    shown = [(rule.visits_min, str(rule.wet_percent), str(rule.dry_percent)) for rule in DEFAULT_RULES]
    assert shown == figures
    assert (str(DEFAULT_STAFF_WET_PERCENT), str(DEFAULT_STAFF_DRY_PERCENT)) == staff


def test_the_account_codes_are_on_the_page() -> None:
    for discount_type, (wet, dry) in ACCOUNTS.items():
        assert f"| `{discount_type.value}` | {wet} | {dry} |" in TEXT
