"""Signed tokens: what a QR code carries. Pure.

A token is `base64url(JSON) + "." + base64url(HMAC-SHA256)`, without padding, under a key that belongs
to one program (contract of CryptoKids, notes, "Tokens"). The JSON is
`{"typ": "earn" | "give" | "spend", "jti": …, "iat": …, "exp": …, "data": {…}}`, times in seconds.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from regulars.base.refusals import Refused
from regulars.features.rewards.model import Token, TokenType

TOKEN_LENGTH_MAX = 2700
"""In characters. With the address in front it still fits the largest QR code (2,953 bytes)."""
KEY_LABEL = b"regulars/rewards/token/1"
SECRET_LENGTH_MIN = 16

_decoder = msgspec.json.Decoder(Token)


def token_key(secret_key: bytes, program_id: int) -> bytes:
    """The key that signs the tokens of one program, 32 bytes, made from the server's secret key.

    It is a key of its own for each program and purpose, so that no token of one program, and no other
    signature of the server, passes for a token of another.
    """
    assert len(secret_key) >= SECRET_LENGTH_MIN, "the secret key is too short to sign with"
    return hmac.digest(secret_key, KEY_LABEL + b"/" + str(program_id).encode(), sha256)


def issue(
    key: bytes,
    typ: TokenType,
    data: dict[str, Any],
    *,
    jti: str,
    now: datetime,
    lifetime_seconds: int,
) -> tuple[str, Token]:
    """A new signed token as text, and what it says. It lives until `lifetime_seconds` after `now`."""
    issued_at = int(now.timestamp())
    token = Token(typ=typ, jti=jti, iat=issued_at, exp=issued_at + lifetime_seconds, data=data)
    return sign(key, token), token


def sign(key: bytes, token: Token) -> str:
    """The token as text. Refuses with `token_too_large` what a QR code could not carry."""
    payload = _encode(msgspec.json.encode(token))
    text = f"{payload}.{_signature(key, payload)}"
    if len(text) > TOKEN_LENGTH_MAX:
        raise Refused("token_too_large", length=len(text), length_max=TOKEN_LENGTH_MAX)
    return text


def verify(key: bytes, text: str, now: datetime) -> Token:
    """What a token says, once it is known to be ours, whole and current.

    Refusals, in this order: `BAD_TOKEN` for what is no token at all, `BAD_SIGNATURE` for what was not
    signed with this key, `BAD_TOKEN` for a signed payload that is none of ours, `EXPIRED` from the
    second of `exp` on.
    """
    # Characters outside ASCII come first, because they would turn the comparison below into an error.
    if len(text) > TOKEN_LENGTH_MAX or not text.isascii():
        raise Refused("BAD_TOKEN")
    payload, dot, signature = text.partition(".")
    if not (payload and dot and signature):
        raise Refused("BAD_TOKEN")
    # The texts are compared, not the bytes they stand for: so there is one spelling of a signature.
    if not hmac.compare_digest(_signature(key, payload), signature):
        raise Refused("BAD_SIGNATURE")
    token = _decoded(payload)
    if now.timestamp() >= token.exp:
        raise Refused("EXPIRED")
    return token


def is_signed(key: bytes, text: str) -> bool:
    """Whether a token, expired or not, was signed with this key."""
    payload, _, signature = text.partition(".")
    return text.isascii() and hmac.compare_digest(_signature(key, payload), signature)


def unverified_data(text: str) -> dict[str, Any]:
    """What a token says it is bound to, whoever wrote it; empty for what is no token.

    Good for finding out whose key to verify it with, and for nothing else.
    """
    if len(text) > TOKEN_LENGTH_MAX or not text.isascii():
        return {}
    try:
        return _decoded(text.partition(".")[0]).data
    except Refused:
        return {}


def _decoded(payload: str) -> Token:
    try:
        raw = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        token = _decoder.decode(raw)
    except (ValueError, msgspec.DecodeError) as error:
        raise Refused("BAD_TOKEN") from error
    # The decoder of the standard library passes over foreign characters and stray bits at the end.
    if _encode(raw) != payload or token.exp <= token.iat:
        raise Refused("BAD_TOKEN")
    return token


def _signature(key: bytes, payload: str) -> str:
    return _encode(hmac.digest(key, payload.encode(), sha256))


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
