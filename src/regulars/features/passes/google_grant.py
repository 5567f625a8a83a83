"""What a service account signs: the request for an access token, and the link that saves a pass."""

from datetime import datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from regulars.features.passes.model_carriers import GOOGLE_SCOPE, GoogleSettings

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:jwt-bearer"
ASSERTION_SECONDS = 3600


class GoogleSigner:
    """Signs with the key of the settings' service account, by RS256."""

    def __init__(self, settings: GoogleSettings) -> None:
        """Raises ValueError, in words for the operator, for a key that cannot be used."""
        self.settings = settings
        self._key = _private_key(settings.service_account_key)

    def assertion(self, now: datetime) -> str:
        """What the token address takes for an access token (RFC 7523, section 2.1)."""
        issued_at = int(now.timestamp())
        return self._signed(
            {
                "iss": self.settings.service_account_email,
                "scope": GOOGLE_SCOPE,
                "aud": self.settings.token_url,
                "iat": issued_at,
                "exp": issued_at + ASSERTION_SECONDS,
            }
        )

    def save_link(self, loyalty_object: dict[str, Any], now: datetime) -> str:
        """The address at which a customer saves the object, which may be as little as its ids."""
        token = self._signed(
            {
                "iss": self.settings.service_account_email,
                "aud": "google",
                "typ": "savetowallet",
                "iat": int(now.timestamp()),
                "origins": list(self.settings.origins),
                "payload": {"loyaltyObjects": [loyalty_object]},
            }
        )
        return f"{self.settings.save_url.rstrip('/')}/{token}"

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256")


def _private_key(pem: str) -> RSAPrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ValueError("the Google service account's key is no private key in PEM form") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("the Google service account's key is no RSA key")
    return key
