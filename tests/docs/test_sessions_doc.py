"""The examples of docs/contracts/sessions.md run, and answer what the page says."""

import re
import sys
from pathlib import Path

import msgspec
import pytest

from regulars.contracts.sessions import wire, wire_events
from regulars.contracts.sessions.errors import FAILURES, REFUSALS
from regulars.contracts.sessions.router import CONTRACT
from regulars.features.kiosk import verify as kiosk_verify
from regulars.features.kiosk.model import Terms
from regulars.features.kiosk.rules import points_for
from regulars.features.memberships import verify as memberships_verify
from regulars.features.memberships.rules import status_for
from regulars.features.passes.rules import ATTEMPTS_MAX, DELAYS
from regulars.program_settings import SETTINGS, written
from tests.docs.page_examples import check_printed, examples_of, printed_by
from tests.support.documented_kiosks import documented_kiosks
from tests.support.listening import listening

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "contracts" / "sessions.md").read_text(encoding="utf-8")
ERRORS = TEXT.partition("\n## Errors\n")[2].partition("\n## ")[0]
PATTERNS = {("<fields>_required", 400), ("invalid_<field>", 400)}
"""Words that name fields."""

BODIES = (
    wire.ResolveBody,
    wire.UpsertBody,
    wire.BalanceBody,
    wire.ApplyBody,
    wire.AttachBody,
    wire.BrandingBody,
    wire_events.EarnBody,
    wire_events.RedeemBody,
    wire_events.CheckoutBody,
)


async def test_every_example_answers_what_the_page_says(database_url: str, tmp_path: Path) -> None:
    examples = examples_of(TEXT)
    async with (
        documented_kiosks(database_url, tmp_path / "data") as shop,
        listening(shop) as url,
    ):
        shop.stripe.webhook_url = f"{url}/loyalty/stripe-webhook"
        variables = {**shop.variables, "REGULARS_URL": url}
        printed = await printed_by(examples, tmp_path, variables, path=str(Path(sys.executable).parent))
        async with shop.database.connection() as connection:
            assert await kiosk_verify.verify(connection) == []
            assert await memberships_verify.verify(connection) == []
    for example, actual in zip(examples, printed, strict=True):
        check_printed(example, actual)


@pytest.mark.parametrize(
    "handler",
    [handler for handler in CONTRACT.handlers if "style" not in next(iter(handler.paths))],
    ids=lambda handler: handler.fn.__name__,
)
def test_every_route_is_on_the_page(handler: object) -> None:
    [path] = handler.paths  # type: ignore[attr-defined]
    [method] = handler.http_methods & {"GET", "POST", "DELETE"}  # type: ignore[attr-defined]
    told = f"{method} {path.replace(':str', '')}"
    assert f"`{told}`" in TEXT or f"`{told}?" in TEXT


def test_every_error_is_on_the_page_and_no_other() -> None:
    told = {(word, int(status)) for word, status in re.findall(r"^\| `(.*?)` \| (\d{3}) \|", ERRORS, re.M)}
    known = {(word, status) for status, word in (*REFUSALS.values(), *FAILURES.values())}
    assert told == known | PATTERNS
    assert len(re.findall(r"^\| `", ERRORS, re.MULTILINE)) == len(told)


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.__name__)
def test_every_field_is_on_the_page_with_what_it_needs(body: type[msgspec.Struct]) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (required|optional)\b", TEXT, re.MULTILINE)
    for field in msgspec.structs.fields(body):
        needs = {need for name, need in rows if name == field.name}
        assert ("required" if field.required else "optional") in needs, field.name


def test_every_parameter_of_links_is_on_the_page() -> None:
    for field in msgspec.structs.fields(wire_events.MembershipQuery):
        assert re.search(rf"^\| `{field.name}` \| (required|optional)", TEXT, re.MULTILINE)


def test_every_setting_is_on_the_page_with_its_default_and_no_other() -> None:
    told = set(re.findall(r"^\| `(sessions\.\w+)` \| `(.*?)` \|", TEXT, re.MULTILINE))
    known = {
        (setting.name, written(setting, setting.default))
        for setting in SETTINGS
        if setting.name.startswith("sessions.")
    }
    assert told == known


def test_when_failed_updates_are_tried_again() -> None:
    said = "after 30 seconds, 2, 10 and 30 minutes, 2, 6, 12 and then each 24 hours, twenty times in all"
    assert said in TEXT.replace("\n", " ")
    minutes = [delay.total_seconds() / 60 for delay in DELAYS]
    assert minutes == [0.5, 2, 10, 30, *(60 * hours for hours in (2, 6, 12, 24))]
    assert ATTEMPTS_MAX == 20


def test_the_numbers_to_check_against() -> None:
    rows = re.findall(r"^\| (\d+) ([A-Z]{3})( of a member)? \| .* \| (\d+) \|$", TEXT, re.MULTILINE)
    assert len(rows) == 4
    for total_minor, currency, member, points in rows:
        assert points_for(int(total_minor), currency, Terms(), is_live_member=bool(member)) == int(points)


def test_how_memberships_stand() -> None:
    table = TEXT.partition("| Stripe says |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (`.*) \| `(\w+)` \| (yes|no) \|$", table, re.MULTILINE)
    assert len(rows) == 5
    for said, status, live in rows:
        for stripe_status in re.findall(r"`(\w+)`", said):
            assert status_for(stripe_status) == status
            assert status_for(stripe_status).is_live == (live == "yes")
