"""What a venue may look like."""

from contextlib import nullcontext

import msgspec
import pytest
from msgspec.structs import replace

from regulars.base.refusals import Refused
from regulars.contracts.sessions.wire import BrandingBody
from regulars.features.kiosk import rules_branding
from regulars.features.kiosk.model import Branding
from tests.support.kiosk_values import a_venue

BRANDING = Branding("Sessions", "Hello", "#123", "#abcdef", "https://example.com/logo.png", "hi@example.com")


def test_branding_is_kept_as_it_was_set() -> None:
    venue = a_venue(settings=rules_branding.as_settings(BRANDING))
    assert rules_branding.checked_branding(BRANDING) == rules_branding.branding_of(venue) == BRANDING


def test_a_venue_without_branding_looks_like_something() -> None:
    usual = rules_branding.branding_of(a_venue())
    assert rules_branding.checked_branding(usual) == usual
    assert usual.brand_name == "Venue"
    odd = {"sessions.branding": {"brand_name": 5, "primary_color": "red", "accent_color": "#FFF", "more": 1}}
    assert rules_branding.branding_of(a_venue(settings=odd)) == Branding(
        "Venue", usual.hero_text, usual.primary_color, "#FFF"
    )
    assert rules_branding.branding_of(a_venue(settings={"sessions.branding": "blue"})) == usual


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("brand_name", " "),
        ("brand_name", "x" * 61),
        ("hero_text", "a\nb"),
        ("hero_text", "x" * 201),
        ("primary_color", "red"),
        ("primary_color", "#12345"),
        ("accent_color", "#12g"),
        ("accent_color", "#12345678"),
        ("logo_url", "http://example.com/logo.png"),
        ("logo_url", "javascript:alert(1)"),
        ("logo_url", "https://"),
        ("logo_url", "https://example.com/".ljust(501, "x")),
        ("logo_url", 'https://example.com/"onerror="'),
        ("logo_url", "https://[::1"),
        ("support_email", "nobody"),
        ("support_email", "a@b c"),
    ],
)
def test_branding_that_cannot_be_shown_is_refused(field: str, value: str) -> None:
    with pytest.raises(Refused) as refused:
        rules_branding.checked_branding(replace(BRANDING, **{field: value}))
    assert refused.value.details == {"field": field}


@pytest.mark.parametrize(
    ("field", "begins", "length_max"),
    [
        ("brand_name", "", 60),
        ("hero_text", "", 200),
        ("logo_url", "https://example.com/", 500),
        ("support_email", "hi@", 254),
    ],
)
def test_what_may_be_sent_is_what_may_be_kept(field: str, begins: str, length_max: int) -> None:
    longest = begins.ljust(length_max, "x")
    for value, is_fit in ((longest, True), (longest + "x", False)):
        sent = {"venue_id": "venue_001", field: value}
        for take in (
            lambda sent: msgspec.convert(sent, BrandingBody),
            lambda sent: rules_branding.checked_branding(replace(BRANDING, **{field: sent[field]})),
        ):
            with nullcontext() if is_fit else pytest.raises((msgspec.ValidationError, Refused)):
                take(sent)


def test_the_name_of_a_venue_is_cut_to_what_fits_on_a_card() -> None:
    named = replace(a_venue(), name=f"{'The Venue ' * 6}And More")
    usual = rules_branding.branding_of(named)
    assert usual.brand_name == ("The Venue " * 6).strip()
    assert rules_branding.checked_branding(usual) == usual


def test_an_empty_logo_is_none() -> None:
    checked = rules_branding.checked_branding(replace(BRANDING, logo_url=" ", support_email=""))
    assert (checked.logo_url, checked.support_email) == (None, None)
