"""The file for Apple Wallet: what it says, what it shows, and whether its signature holds."""

import io
import subprocess
import zipfile
from hashlib import sha1
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from PIL import Image

from regulars.features.passes.apple_artwork import artwork_of
from regulars.features.passes.apple_bundle import AppleSigner
from regulars.features.passes.model import CardFace, Pass
from regulars.stand_ins.apple.certificates import certificates
from tests.support.enrolment import NOW
from tests.support.passes import TOPIC, apple_settings, face

TOKEN = "0123456789abcdef" * 3
CARD = Pass(
    program_id=1,
    pass_id=UUID("019caf3e-7c00-7abc-8def-0123456789ab"),
    member_id=UUID("019caf3e-7c00-7abc-8def-0123456789ac"),
    location_id=1,
    token=TOKEN,
    created_at=NOW,
    sequence=7,
    modified_at=NOW,
)
IMAGES = {
    "icon.png": 29, "icon@2x.png": 58, "icon@3x.png": 87,
    "logo.png": 50, "logo@2x.png": 100, "logo@3x.png": 150,
}  # fmt: skip


def files_of(shown: CardFace | None = None, **settings: Any) -> dict[str, bytes]:
    """What is in the bundle."""
    bundle = AppleSigner(apple_settings(**settings)).bundle(CARD, shown or face(token=TOKEN))
    with zipfile.ZipFile(io.BytesIO(bundle)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def pass_of(shown: CardFace | None = None, **settings: Any) -> dict[str, Any]:
    """What the pass says."""
    content: dict[str, Any] = msgspec.json.decode(files_of(shown, **settings)["pass.json"])
    return content


def fields_of(content: dict[str, Any], part: str) -> dict[str, Any]:
    """The values of one part of the card by their keys."""
    return {field["key"]: field["value"] for field in content["storeCard"][part]}


def verified(files: dict[str, bytes], directory: Path) -> subprocess.CompletedProcess[bytes]:
    """What openssl says of the signature, trusting the made-up root only."""
    for name, data in {**files, "root.pem": certificates().root.certificate_pem.encode()}.items():
        (directory / name).write_bytes(data)
    command = [
        "openssl", "smime", "-verify", "-inform", "DER", "-in", "signature", "-content", "manifest.json",
        "-CAfile", "root.pem", "-binary", "-out", "verified.json",
    ]  # fmt: skip
    return subprocess.run(command, cwd=directory, capture_output=True, check=False)


def test_openssl_accepts_the_signature(tmp_path: Path) -> None:
    files = files_of()
    result = verified(files, tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "verified.json").read_bytes() == files["manifest.json"]


def test_openssl_refuses_a_manifest_that_was_changed(tmp_path: Path) -> None:
    files = files_of()
    files["manifest.json"] = files["manifest.json"].replace(b'"icon.png"', b'"icoN.png"')
    assert verified(files, tmp_path).returncode != 0


def test_the_signature_is_detached_and_dated_and_brings_its_issuer(tmp_path: Path) -> None:
    files = files_of()
    (tmp_path / "signature").write_bytes(files["signature"])
    command = ["openssl", "cms", "-cmsout", "-print", "-inform", "DER", "-in", "signature"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True).stdout.decode()
    assert "eContent: <ABSENT>" in said
    assert "signingTime" in said
    assert "sha256" in said
    assert "Stand-in Developer Relations" in said
    assert "Pass Type ID: pass.example.regulars" in said
    assert files["manifest.json"] not in files["signature"]


def test_the_manifest_lists_every_file_but_itself_and_the_signature() -> None:
    files = files_of()
    manifest = msgspec.json.decode(files["manifest.json"])
    assert manifest == {
        name: sha1(data).hexdigest()
        for name, data in files.items()
        if name not in ("manifest.json", "signature")
    }
    assert manifest.keys() == {"pass.json", *IMAGES}


def test_what_the_pass_says_to_apple() -> None:
    content = pass_of()
    assert content["formatVersion"] == 1
    assert content["passTypeIdentifier"] == TOPIC
    assert content["teamIdentifier"] == "TEAM123456"
    assert content["serialNumber"] == str(CARD.pass_id)
    assert content["organizationName"] == "Sessions Market"
    assert content["description"] == "Sessions Market loyalty card"
    assert content["sharingProhibited"] is True
    assert content["barcodes"] == [
        {
            "format": "PKBarcodeFormatQR",
            "message": TOKEN,
            "messageEncoding": "iso-8859-1",
            "altText": "…abcdef",
        }
    ]


def test_what_the_pass_says_to_the_customer() -> None:
    content = pass_of(face(token=TOKEN, points=142, rewards=3))
    assert fields_of(content, "headerFields") == {"points": 142}
    assert fields_of(content, "primaryFields") == {"rewards": 3}
    assert fields_of(content, "secondaryFields") == {
        "next_reward": "58 points to go",
        "membership": "Active",
    }
    assert fields_of(content, "backFields") == {
        "about": "A treat for every hundred points",
        "page": "https://loyalty.example/wallet/token",
        "support": "hello@sessions.example",
    }
    [points] = content["storeCard"]["headerFields"]
    assert points["changeMessage"] == "You have %@ points."


@pytest.mark.parametrize(
    ("points", "text"),
    [(0, "100 points to go"), (99, "1 point to go"), (100, "100 points to go"), (250, "50 points to go")],
)
def test_the_next_reward(points: int, text: str) -> None:
    content = pass_of(face(token=TOKEN, points=points))
    assert fields_of(content, "secondaryFields")["next_reward"] == text


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("none", "None yet"),
        ("active", "Active"),
        ("trialing", "Trial"),
        ("past_due", "Payment due"),
        ("canceled", "Ended"),
    ],
)
def test_the_membership(status: str, text: str) -> None:
    content = pass_of(face(token=TOKEN, membership_status=status))
    assert fields_of(content, "secondaryFields")["membership"] == text


def test_the_venues_colours() -> None:
    content = pass_of()
    assert content["backgroundColor"] == "rgb(27, 67, 50)"
    assert content["foregroundColor"] == "rgb(255, 255, 255)"
    assert content["labelColor"] == "rgb(255, 183, 3)"


def test_labels_that_could_not_be_read_are_not_in_the_accent() -> None:
    content = pass_of(face(token=TOKEN, primary_color="#fff", accent_color="#fefefe"))
    assert content["foregroundColor"] == content["labelColor"] == "rgb(17, 17, 17)"


def test_a_pass_is_updated_over_https_only() -> None:
    content = pass_of()
    assert content["webServiceURL"] == "https://loyalty.example/wallet/apple"
    assert len(content["authenticationToken"]) >= 16
    plain = pass_of(web_service_url="http://127.0.0.1:8000/wallet/apple")
    assert not {"webServiceURL", "authenticationToken"} & plain.keys()


def test_serial_and_token_never_change() -> None:
    before, after = pass_of(), pass_of(face(token=TOKEN, points=1, brand_name="Another name"))
    for name in ("serialNumber", "authenticationToken"):
        assert before[name] == after[name]


def test_the_images_are_drawn_in_the_venues_colours() -> None:
    files = files_of()
    for name, side in IMAGES.items():
        with Image.open(io.BytesIO(files[name])) as image:
            assert image.size == (side, side), name
            assert image.convert("RGBA").getpixel((side // 2, side // 5)) == (255, 183, 3, 255), name
    with Image.open(io.BytesIO(files["icon@3x.png"])) as icon:
        assert icon.convert("RGBA").getpixel((0, 0)) == (27, 67, 50, 255)
    with Image.open(io.BytesIO(files["logo.png"])) as logo:
        assert logo.convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)


@pytest.mark.parametrize("brand_name", ["Sessions", "åland", "中文", "!!!", "", "☕ Corner", "x" * 500])
def test_any_name_can_be_drawn(brand_name: str) -> None:
    assert artwork_of(brand_name, (0, 0, 0), (255, 255, 255)).files.keys() == IMAGES.keys()


def test_a_name_in_another_script_gets_the_star_and_accents_are_left_out() -> None:
    def icon(brand_name: str) -> bytes:
        return artwork_of(brand_name, (0, 0, 0), (255, 255, 255)).files["icon.png"]

    assert icon("中文") == icon("☕") == icon("")
    assert icon("åland") == icon("Aland") == icon("“Aland”") != icon("中文")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"certificate": "no certificate"}, "the Apple pass certificate is no certificate"),
        ({"intermediate_certificate": ""}, "the Apple intermediate certificate is no certificate"),
        ({"key": "no key"}, "the Apple key is no private key"),
        ({"key": certificates().server.key_pem}, "the Apple key is not the key of"),
    ],
)
def test_what_cannot_sign_is_said_at_once(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        AppleSigner(apple_settings(**settings))


def test_nothing_confidential_is_in_the_text_of_a_struct() -> None:
    settings = apple_settings()
    for text in (repr(settings), repr(CARD), repr(face(token=TOKEN))):
        assert TOKEN not in text
        assert "PRIVATE KEY" not in text
        assert settings.secret_key not in text
