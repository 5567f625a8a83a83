"""Keys of an issuer of tokens, and tokens signed with them, right ones and forged ones."""

import json
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SMALL_RSA = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC = ec.generate_private_key(ec.SECP256R1())


def public_jwk(key: PrivateKey) -> dict[str, Any]:
    """The public part as a JSON Web Key."""
    if isinstance(key, rsa.RSAPrivateKey):
        return dict(RSAAlgorithm.to_jwk(key.public_key(), as_dict=True))
    return dict(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))


def public_pem(key: PrivateKey) -> bytes:
    """The public part as PEM: what a forger knows."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def key_set(**keys: PrivateKey) -> bytes:
    """A JSON Web Key Set with these keys under their names."""
    return json.dumps({"keys": [{**public_jwk(key), "kid": name} for name, key in keys.items()]}).encode()


def signed(
    claims: dict[str, Any],
    *,
    key: PrivateKey | str = RSA,
    algorithm: str | None = "RS256",
    **header: Any,
) -> str:
    """A token with these claims; its header names the key `one` unless told otherwise."""
    return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": "one", **header})
