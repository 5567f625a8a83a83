"""The file that Apple Wallet takes: a zip with the pass, its images, a manifest and a signature."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from regulars.features.passes.apple_archive import archive_of
from regulars.features.passes.apple_artwork import Artwork, artwork_of, digest_of
from regulars.features.passes.apple_pass import pass_json
from regulars.features.passes.model import CardFace, Pass
from regulars.features.passes.model_carriers import AppleSettings
from regulars.features.passes.rules_colors import BLACK, WHITE, to_color
from regulars.features.passes.sealing import PassKeys

_DETACHED = [PKCS7Options.DetachedSignature, PKCS7Options.Binary]


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
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signer")

    def bundle(self, card: Pass, face: CardFace) -> bytes:
        """The .pkpass file of this pass, showing this face; a third of a millisecond, most of it to sign."""
        unsigned = self._unsigned(card, face)
        return _signed(unsigned, self._signature(unsigned.manifest))

    async def bundle_aside(self, card: Pass, face: CardFace) -> bytes:
        """The same; the event loop goes on while a thread signs, which is arithmetic outside of Python."""
        unsigned = self._unsigned(card, face)
        loop = asyncio.get_running_loop()
        signature = await loop.run_in_executor(self._thread, self._signature, unsigned.manifest)
        return _signed(unsigned, signature)

    def close(self) -> None:
        """No thread is kept; what is being signed is signed."""
        self._thread.shutdown(wait=False)

    def _unsigned(self, card: Pass, face: CardFace) -> "_Unsigned":
        background = to_color(face.primary_color, BLACK)
        content = pass_json(card, face, self.settings, self.keys.authentication_token(card.pass_id))
        artwork = artwork_of(face.brand_name, background, to_color(face.accent_color, WHITE))
        said = msgspec.json.encode(content)
        manifest = msgspec.json.encode({"pass.json": digest_of(said), **artwork.digests})
        return _Unsigned(said, manifest, artwork)

    def _signature(self, manifest: bytes) -> bytes:
        """PKCS#7, DER, without the manifest in it, with the signing time and both certificates."""
        return (
            PKCS7SignatureBuilder()
            .set_data(manifest)
            .add_signer(self._certificate, self._key, SHA256())
            .add_certificate(self._intermediate)
            .sign(Encoding.DER, _DETACHED)
        )


class _Unsigned(msgspec.Struct, frozen=True):
    """All of a pass but its signature."""

    said: bytes
    manifest: bytes
    artwork: Artwork


def _signed(unsigned: _Unsigned, signature: bytes) -> bytes:
    files = {"pass.json": unsigned.said, "manifest.json": unsigned.manifest, "signature": signature}
    return archive_of(unsigned.artwork.packed, files)


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
