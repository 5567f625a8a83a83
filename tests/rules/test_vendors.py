"""Stripe, Apple and Google as the settings describe them: whole, or not at all."""

import json
from pathlib import Path

import pytest

from regulars.base.refusals import Refused
from regulars.settings import Settings, load_settings
from regulars.settings_sources import SettingsInvalid
from regulars.stand_ins.apple.certificates import certificates
from regulars.vendors import (
    apple_settings,
    carriers_of,
    check_carriers,
    google_settings,
    public_url,
    stripe_settings,
)

ACCOUNT = {"client_email": "cards@project.example", "private_key": certificates().signer.key_pem, "type": "x"}
APPLE = {
    "REGULARS_APPLE_PASS_TYPE_IDENTIFIER": "pass.example.regulars",
    "REGULARS_APPLE_TEAM_IDENTIFIER": "TEAM123456",
    "REGULARS_APPLE_CERTIFICATE": certificates().signer.certificate_pem,
    "REGULARS_APPLE_PRIVATE_KEY": certificates().signer.key_pem,
    "REGULARS_APPLE_INTERMEDIATE_CERTIFICATE": certificates().intermediate.certificate_pem,
}
GOOGLE = {"REGULARS_GOOGLE_ISSUER_ID": "338800", "REGULARS_GOOGLE_SERVICE_ACCOUNT": json.dumps(ACCOUNT)}


def loaded(**environment: str) -> Settings:
    return load_settings({"REGULARS_SECRET_KEY": "kN8vQ2xLr5TzWc9YbHf3JmPs7UdGa4Ee", **environment})


def test_nothing_is_configured_by_default() -> None:
    settings = loaded()
    assert apple_settings(settings) is None and google_settings(settings) is None
    carriers = carriers_of(settings)
    assert (carriers.has_apple, carriers.has_google) == (False, False)
    with pytest.raises(Refused, match="apple_wallet_not_configured"):
        _ = carriers.apple
    stripe = stripe_settings(settings)
    assert (stripe.secret_key, stripe.webhook_secret, stripe.price_id) == (None, None, None)
    assert stripe.api_url == "https://api.stripe.com"


async def test_all_of_it() -> None:
    settings = loaded(**APPLE, **GOOGLE, REGULARS_PUBLIC_URL="https://cards.example/shop/")
    apple, google = apple_settings(settings), google_settings(settings)
    assert apple is not None and apple.web_service_url == "https://cards.example/shop/wallet/apple"
    assert google is not None and google.service_account_email == "cards@project.example"
    assert google.origins == ("https://cards.example/shop",)
    carriers = carriers_of(settings)
    assert (carriers.has_apple, carriers.has_google) == (True, True)
    await carriers.close()
    for secret in (APPLE["REGULARS_APPLE_PRIVATE_KEY"], GOOGLE["REGULARS_GOOGLE_SERVICE_ACCOUNT"]):
        assert secret not in repr(settings) and secret not in repr(apple) and secret not in repr(google)


def test_certificates_may_come_from_files(tmp_path: Path) -> None:
    environment = dict(APPLE)
    for name in ("CERTIFICATE", "PRIVATE_KEY", "INTERMEDIATE_CERTIFICATE"):
        file = tmp_path / name
        file.write_text(environment.pop(f"REGULARS_APPLE_{name}"))
        environment[f"REGULARS_APPLE_{name}_FILE"] = str(file)
    assert carriers_of(loaded(**environment)).has_apple


@pytest.mark.parametrize("missing", [*APPLE, *GOOGLE])
def test_a_part_of_it_is_a_mistake(missing: str) -> None:
    environment = {name: value for name, value in {**APPLE, **GOOGLE}.items() if name != missing}
    with pytest.raises(SettingsInvalid, match=missing):
        carriers_of(loaded(**environment))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"REGULARS_APPLE_CERTIFICATE": "x"}, "no certificate in PEM form"),
        ({"REGULARS_APPLE_PRIVATE_KEY": "x"}, "no private key in PEM form"),
        ({"REGULARS_GOOGLE_SERVICE_ACCOUNT": "x"}, "not the JSON key file"),
        ({"REGULARS_GOOGLE_SERVICE_ACCOUNT": "{}"}, "not the JSON key file"),
    ],
)
def test_what_is_of_no_use_is_a_mistake(change: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsInvalid, match=message) as caught:
        carriers_of(loaded(**{**APPLE, **GOOGLE, **change}))
    assert "PRIVATE KEY-----" not in str(caught.value)
    with pytest.raises(SettingsInvalid, match=message):
        check_carriers(loaded(**{**APPLE, **GOOGLE, **change}))


def test_carriers_are_checked_before_there_is_a_secret_key(tmp_path: Path) -> None:
    for environment in ({}, APPLE, GOOGLE, {**APPLE, **GOOGLE}):
        check_carriers(load_settings({"REGULARS_DATA_DIRECTORY": str(tmp_path), **environment}))
    assert list(tmp_path.iterdir()) == []


def test_where_the_server_is() -> None:
    assert public_url(loaded()) == "http://127.0.0.1:8000"
    assert public_url(loaded(REGULARS_PUBLIC_URL="https://cards.example/")) == "https://cards.example"
