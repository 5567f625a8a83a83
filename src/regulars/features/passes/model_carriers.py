"""What it takes to talk to Apple Wallet and Google Wallet."""

from msgspec import Struct

APPLE_PUSH_URL = "https://api.push.apple.com"
GOOGLE_API_URL = "https://walletobjects.googleapis.com/walletobjects/v1"
GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)
GOOGLE_SAVE_URL = "https://pay.google.com/gp/v/save"
GOOGLE_SCOPE = "https://www.googleapis.com/auth/wallet_object.issuer"


class AppleSettings(Struct, frozen=True, kw_only=True):
    """What passes for Apple Wallet are signed and pushed with.

    `certificate`, `key` and `intermediate_certificate` are PEM: the Pass Type ID certificate, its private
    key, and Apple's WWDR certificate that issued it. `web_service_url` is where phones reach the server,
    without the trailing /v1; passes can be updated only if it is HTTPS. `push_authority`, PEM, is trusted
    instead of the system's certificates. `secret_key` is the server's own.
    """

    pass_type_identifier: str
    team_identifier: str
    certificate: str
    key: str
    intermediate_certificate: str
    secret_key: str
    web_service_url: str
    push_url: str = APPLE_PUSH_URL
    push_authority: str | None = None
    timeout_seconds: float = 10.0

    def __repr__(self) -> str:
        return f"AppleSettings(pass_type_identifier={self.pass_type_identifier!r})"


class GoogleSettings(Struct, frozen=True, kw_only=True):
    """What passes for Google Wallet are made with.

    `service_account_email` and `service_account_key` (PEM) are `client_email` and `private_key` of the
    service account's JSON file. `origins` are the web sites whose pages show the button, `logo_url` the
    public image of venues that have none of their own.
    """

    issuer_id: str
    service_account_email: str
    service_account_key: str
    origins: tuple[str, ...] = ()
    logo_url: str | None = None
    api_url: str = GOOGLE_API_URL
    token_url: str = GOOGLE_TOKEN_URL
    save_url: str = GOOGLE_SAVE_URL
    timeout_seconds: float = 10.0

    def __repr__(self) -> str:
        return f"GoogleSettings(issuer_id={self.issuer_id!r})"
