"""Certificates like those that Apple gives out, made up: a root, an intermediate, and what it issued."""

from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec import Struct

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Issued(Struct, frozen=True):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def certificate_pem(self) -> str:
        """The certificate as a file holds it."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as a file holds it, without a password."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


class Certificates(Struct, frozen=True):
    """The chain of one pass certificate, and the certificate of the server that takes pushes."""

    root: Issued
    intermediate: Issued
    signer: Issued
    server: Issued


@cache
def certificates() -> Certificates:
    """Made once for each process, because RSA keys take their time."""
    root = _issued("Stand-in Root", _curve_key(), None, authority=True)
    intermediate = _issued("Stand-in Developer Relations", _curve_key(), root, authority=True)
    signer = _issued("Pass Type ID: pass.example.regulars", _rsa_key(), intermediate)
    server = _issued("127.0.0.1", _curve_key(), root, address="127.0.0.1")
    return Certificates(root, intermediate, signer, server)


def _issued(
    name: str, key: Key, issuer: Issued | None, *, authority: bool = False, address: str | None = None
) -> Issued:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(_usage(authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_authority_key(issuer.key if issuer else key), critical=False)
    )
    if address is not None:
        names = [x509.IPAddress(ip_address(address)), x509.DNSName("localhost")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(builder.sign(issuer.key if issuer else key, SHA256()), key)


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _authority_key(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def _curve_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())
