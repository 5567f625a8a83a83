"""The commands of docs/wallet-passes.md, with an Apple of our own: from a request to a card that verifies."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import httpx2
import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from regulars import vendors
from regulars.features.passes import (
    apple_bundle,
    apple_push,
    apple_service,
    delivery,
    google_objects,
    google_wallet,
)
from regulars.features.passes.model_carriers import GoogleSettings
from regulars.settings import load_settings
from regulars.settings_vendors import VendorSettings
from regulars.stand_ins.apple.certificates import Issued, certificates
from regulars.vendors import carriers_of
from tests.docs.page_examples import Example, check_printed, examples_of, printed_by
from tests.support.documented_kiosks import documented_kiosks
from tests.support.kiosks import PHONE, VENUE
from tests.support.listening import listening

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "wallet-passes.md").read_text(encoding="utf-8")
STAND_INS = {
    "apple_push_url", "apple_push_authority", "google_api_url", "google_token_url", "google_save_url",
}  # fmt: skip
"""Where Apple and Google are reached, which nobody has to set."""
PASS_TYPE, TEAM = "pass.com.example.points", "A1B2C3D4E5"


async def test_from_the_request_to_a_card_that_verifies(database_url: str, tmp_path: Path) -> None:
    request, certificate, intermediate, card, account = examples_of(TEXT)
    await _run([request], tmp_path)
    _play_apple(tmp_path)
    _play_google(tmp_path)
    await _run([certificate, intermediate, account], tmp_path)
    settings = _documented_settings("apple", tmp_path)
    async with (
        documented_kiosks(database_url, tmp_path / "data", **settings) as shop,
        listening(shop) as url,
    ):
        token = await _enrol(url, shop.variables["KIOSK_SHARED_SECRET"])
        await _run([card], tmp_path, REGULARS_URL=url, TOKEN=token)


async def test_a_certificate_out_of_a_keychain(tmp_path: Path) -> None:
    lines = re.findall(r"^    (openssl pkcs12 .*)$", TEXT, re.MULTILINE)
    assert len(lines) == 2
    signer = certificates().signer
    (tmp_path / "given.pem").write_text(signer.certificate_pem + signer.key_pem, encoding="utf-8")
    export = "openssl pkcs12 -export -legacy -in given.pem -out pass.p12 -passout pass:x\n"
    commands = "".join(f"{line}\n".replace("-in pass.p12", "-in pass.p12 -passin pass:x") for line in lines)
    await printed_by([Example(export + commands, "", "")], tmp_path, {})
    assert (tmp_path / "pass.pem").read_text(encoding="utf-8") == signer.certificate_pem
    assert (tmp_path / "pass.key").read_text(encoding="utf-8") == signer.key_pem


def test_the_settings_are_all_that_cards_need(tmp_path: Path) -> None:
    signer, intermediate = certificates().signer, certificates().intermediate
    (tmp_path / "pass.pem").write_text(signer.certificate_pem, encoding="utf-8")
    (tmp_path / "pass.key").write_text(signer.key_pem, encoding="utf-8")
    (tmp_path / "wwdr.pem").write_text(intermediate.certificate_pem, encoding="utf-8")
    _play_google(tmp_path)
    settings = load_settings(
        _environment(tmp_path), secret_key="a secret key of the test suite, 42 characters"
    )
    carriers = carriers_of(settings)
    assert carriers.has_apple and carriers.has_google
    assert carriers.apple.settings.web_service_url == "https://points.example.com/wallet/apple"


def test_every_setting_is_on_the_page_but_those_for_stand_ins() -> None:
    names = {name for name in VendorSettings.__struct_fields__ if name.startswith(("apple_", "google_"))}
    told = {name for name in names if f"REGULARS_{name.upper()}" in TEXT}
    assert names - told == STAND_INS


@pytest.mark.parametrize(
    ("said", "where"),
    [
        ("is missing beside the others", vendors),
        ("not the JSON key file of a service account", vendors),
        ("the Apple key is not the key of the Apple pass certificate", apple_bundle),
        ("is no certificate in PEM form", apple_bundle),
        ("the Apple key is no private key in PEM form without a password", apple_bundle),
        ("a phone reports about its passes", apple_service),
        ("update of pass", delivery),
        ("save link of pass", google_wallet),
        ("apple answered", apple_push),
        ("google answered", google_wallet),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_the_page_quotes_is_said(said: str, where: ModuleType) -> None:
    assert said in TEXT
    assert said in Path(str(where.__file__)).read_text(encoding="utf-8")


def test_the_ids_at_google() -> None:
    google = GoogleSettings(issuer_id="<issuer>", service_account_email="", service_account_key="")
    described = google_objects.class_id(google, 1, 2).replace("1_2", "<program>_<venue>")
    assert f"`{described}`" in TEXT
    assert google_objects.object_id(google, UUID(int=1)).startswith("<issuer>.")
    assert "`<issuer>.<number>`" in TEXT


async def _run(examples: list[Example], directory: Path, **variables: str) -> None:
    """Runs the examples and asserts that they print what the page says."""
    printed = await printed_by(examples, directory, variables)
    for example, actual in zip(examples, printed, strict=True):
        check_printed(example, actual)


async def _enrol(url: str, key: str) -> str:
    """The token of a new customer."""
    body = {"phone_raw": PHONE, "venue_id": VENUE}
    async with httpx2.AsyncClient(base_url=url, headers={"x-kiosk-secret": key}) as client:
        answer = await client.post("/loyalty/upsert-customer-by-phone", json=body)
    token: str = answer.json()["wallet_token"]
    return token


def _environment(directory: Path) -> dict[str, str]:
    """The variables that the page sets, with the files where the test has them."""
    lines = re.findall(r"^    Environment=(\w+)=(.*)$", TEXT, re.MULTILINE)
    return {name: value.replace("/etc/regulars", str(directory)) for name, value in lines}


def _documented_settings(vendor: str, directory: Path) -> dict[str, Any]:
    """What the page sets about one of the two."""
    settings = load_settings(_environment(directory))
    names = [name for name in VendorSettings.__struct_fields__ if name.startswith(vendor)]
    return {name: getattr(settings, name) for name in ("public_url", *names)}


def _play_apple(directory: Path) -> None:
    """Signs the request as Apple would, and gives the certificate and its issuer's out in binary form."""
    issuer = certificates().intermediate
    request = x509.load_pem_x509_csr((directory / "pass.csr").read_bytes())
    (directory / "pass.cer").write_bytes(_signed(request, issuer).public_bytes(Encoding.DER))
    (directory / "AppleWWDRCAG4.cer").write_bytes(issuer.certificate.public_bytes(Encoding.DER))


def _signed(request: x509.CertificateSigningRequest, issuer: Issued) -> x509.Certificate:
    now = datetime.now(UTC)
    names = {
        NameOID.USER_ID: PASS_TYPE,
        NameOID.COMMON_NAME: f"Pass Type ID: {PASS_TYPE}",
        NameOID.ORGANIZATIONAL_UNIT_NAME: TEAM,
        NameOID.ORGANIZATION_NAME: "The Shop",
    }
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, name) for oid, name in names.items()]))
        .issuer_name(issuer.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(issuer.key, SHA256())
    )


def _play_google(directory: Path) -> None:
    """The key file of a service account, as Google writes them."""
    account = {
        "type": "service_account",
        "client_email": "regulars-wallet@shop-points.iam.gserviceaccount.com",
        "private_key": certificates().signer.key_pem,
    }
    text = msgspec.json.format(msgspec.json.encode(account), indent=2)
    (directory / "service-account.json").write_bytes(text)
