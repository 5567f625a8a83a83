"""The file that Apple Wallet takes: a zip with the pass, its images, a manifest and a signature."""

import io
import zipfile

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from regulars.features.passes.apple_artwork import artwork_of, digest_of
from regulars.features.passes.apple_pass import pass_json
from regulars.features.passes.model import CardFace, Pass
from regulars.features.passes.model_carriers import AppleSettings
from regulars.features.passes.rules_colors import BLACK, WHITE, to_color
from regulars.features.passes.sealing import PassKeys

_DETACHED = [PKCS7Options.DetachedSignature, PKCS7Options.Binary]
# The time in the archive says nothing, and one that stands still keeps equal passes equal.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class AppleSigner:
    """Signs passes with the certificate of the settings."""

    def __init__(self, settings: AppleSettings) -> None:
        """Raises ValueError, in words for the operator, for certificates or a key that cannot be used."""
        self.settings = settings
        self.keys = PassKeys(settings.secret_key)
        self._certificate = _certificate(settings.certificate, "the Apple pass certificate")
        self._intermediate = _certificate(
            settings.intermediate_certificate, "the Apple intermediate certificate"
        )
        self._key = _private_key(settings.key)
        if self._certificate.public_key() != self._key.public_key():
            raise ValueError("the Apple key is not the key of the Apple pass certificate")

    def bundle(self, card: Pass, face: CardFace) -> bytes:
        """The .pkpass file of this pass, showing this face; about a millisecond, most of it the signature."""
        background = to_color(face.primary_color, BLACK)
        content = pass_json(card, face, self.settings, self.keys.authentication_token(card.pass_id))
        artwork = artwork_of(face.brand_name, background, to_color(face.accent_color, WHITE))
        files = {"pass.json": msgspec.json.encode(content), **artwork.files}
        digests = {"pass.json": digest_of(files["pass.json"]), **artwork.digests}
        files["manifest.json"] = msgspec.json.encode(digests)
        files["signature"] = self._signature(files["manifest.json"])
        return _zipped(files)

    def _signature(self, manifest: bytes) -> bytes:
        """PKCS#7, DER, without the manifest in it, with the signing time and both certificates."""
        return (
            PKCS7SignatureBuilder()
            .set_data(manifest)
            .add_signer(self._certificate, self._key, SHA256())
            .add_certificate(self._intermediate)
            .sign(Encoding.DER, _DETACHED)
        )


def _zipped(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    # Images are compressed already, and the rest is small.
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as zipped:
        for name, data in files.items():
            zipped.writestr(zipfile.ZipInfo(name, _EPOCH), data)
    return archive.getvalue()


def _certificate(pem: str, name: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise ValueError(f"{name} is no certificate in PEM form") from error


def _private_key(pem: str) -> RSAPrivateKey | EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("the Apple key is no private key in PEM form without a password") from error
    if not isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey):
        raise ValueError("the Apple key is neither an RSA nor an EC key")
    return key
