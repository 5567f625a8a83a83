"""What docs/stripe.md says of events, settings, metadata and signatures is what the server does."""

import re
from pathlib import Path
from types import ModuleType
from uuid import UUID

import pytest

from regulars.contracts.sessions import link_secrets, links
from regulars.demo.payments import FILE, STAND_IN_VARIABLE
from regulars.features.memberships.model import Scope
from regulars.features.memberships.rules import metadata_for, terms_of
from regulars.features.payments import client, rules
from regulars.features.payments.model import StripeSettings
from regulars.settings import load_settings
from regulars.stand_ins.stripe.deeds import DEEDS
from regulars.vendors import stripe_settings
from tests.docs.page_examples import check_printed, examples_of, printed_by
from tests.support.documented_kiosks import documented_kiosks
from tests.support.kiosk_values import a_program, a_venue
from tests.support.listening import listening

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "stripe.md").read_text(encoding="utf-8")
TROUBLE = TEXT.partition("\n## Troubleshooting\n")[2]
HANDLED = rules.CHECKOUTS | rules.INVOICES | rules.SUBSCRIPTIONS | rules.CHARGES | rules.DISPUTES
SECRETS = {"stripe-key": "rk_test_made_up", "stripe-webhook-secret": "whsec_T7mQ4xZr9LkWv2Hn8Yc5"}


async def test_the_signature_is_taken(database_url: str, tmp_path: Path) -> None:
    examples = examples_of(TEXT)
    async with documented_kiosks(database_url, tmp_path / "data") as shop, listening(shop) as url:
        printed = await printed_by(examples, tmp_path, {**shop.variables, "REGULARS_URL": url})
    assert examples
    for example, actual in zip(examples, printed, strict=True):
        check_printed(example, actual)


def test_the_events_are_exactly_those_that_are_handled() -> None:
    rows = re.findall(r"^\| `([a-z_]+(?:\.[a-z_]+)+)` \|", TEXT, re.MULTILINE)
    assert sorted(rows) == sorted(HANDLED)


def test_the_tool_passes_on_exactly_those() -> None:
    [listed] = re.findall(r"^stripe listen .* --events (\S+)$", TEXT, re.MULTILINE)
    assert sorted(listed.split(",")) == sorted(HANDLED)


def test_the_settings_are_all_that_a_purchase_needs(tmp_path: Path) -> None:
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret + "\n", encoding="utf-8")
    lines = re.findall(r"^    Environment=(\w+)=(.*)$", TEXT, re.MULTILINE)
    environment = {name: value.replace("/etc/regulars", str(tmp_path)) for name, value in lines}
    settings = load_settings(environment)
    stripe = stripe_settings(settings)
    assert (stripe.secret_key, stripe.webhook_secret) == tuple(SECRETS.values())
    assert None not in (stripe.price_id, stripe.cancel_url, settings.public_url)
    assert settings.membership_return_origins == ("https://shop.example",)
    rows = re.findall(r"^\| `([A-Z_]+)` \|", TEXT, re.MULTILINE)
    assert {name.removesuffix("_FILE") for name in environment} - {"REGULARS_PUBLIC_URL"} == set(rows)


def test_the_buttons_are_those_of_the_stand_in() -> None:
    table = TEXT.partition("| button |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| \*\*(.+?)\*\* \|", table, re.MULTILINE) == [deed.label for deed in DEEDS]
    assert f"`{STAND_IN_VARIABLE}`" in TEXT and f"`{FILE}`" in TEXT


def test_the_metadata_are_those_of_a_checkout() -> None:
    table = TEXT.partition("| metadata | value |")[2].partition("\n\n")[0]
    program = a_program()
    metadata = metadata_for(program, a_venue(), UUID(int=1), terms_of(program))
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(metadata)
    for scope in Scope:
        assert f"`{scope.value}`" in table


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("Stripe refuses the secret key", client),
        ("Stripe knows no price", client),
        ("This link has expired", links),
        ("Links are not in use here.", link_secrets),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_page_quotes_is_said(said: str, where: ModuleType) -> None:
    assert f'"{said}' in TROUBLE
    assert said in Path(str(where.__file__)).read_text(encoding="utf-8")


def test_how_long_things_may_take() -> None:
    assert f"within {StripeSettings().timeout_seconds:g} seconds" in TROUBLE
    assert rules.TOLERANCE_SECONDS == 5 * 60
    assert "more than five minutes" in TROUBLE
