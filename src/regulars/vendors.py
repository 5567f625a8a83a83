"""Stripe, Apple and Google as the settings describe them, for the features that talk to them."""

from secrets import token_urlsafe

import msgspec

from regulars.base.clock import Clock, utc_now
from regulars.features.passes.actions import Carriers
from regulars.features.passes.model_carriers import AppleSettings, GoogleSettings
from regulars.features.payments.model import StripeSettings
from regulars.settings import Settings
from regulars.settings_sources import Secret, SettingsInvalid

APPLE_PATH = "/wallet/apple"
"""What Apple's web service begins with; phones add /v1 and the rest."""


class _ServiceAccount(msgspec.Struct, frozen=True):
    """What is needed of Google's key file."""

    client_email: str
    private_key: str


def public_url(settings: Settings) -> str:
    """How the server is reached from outside, without a slash at the end."""
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


def stripe_settings(settings: Settings) -> StripeSettings:
    """What Stripe is asked with. What is missing is refused when it is needed."""
    return StripeSettings(
        secret_key=settings.stripe_secret_key,
        webhook_secret=settings.stripe_webhook_secret,
        price_id=settings.stripe_price_id,
        cancel_url=settings.stripe_cancel_url,
        api_url=settings.stripe_api_url,
    )


def carriers_of(settings: Settings, clock: Clock = utc_now) -> Carriers:
    """What reaches the phones. Raises SettingsInvalid for settings that are there in part, or of no use."""
    try:
        return Carriers(apple_settings(settings), google_settings(settings), clock=clock)
    except ValueError as error:
        raise SettingsInvalid([str(error)]) from error


def check_carriers(settings: Settings) -> None:
    """Returns if `carriers_of` will, so that wrong settings are told before anything is started.

    The server's secret key may still have to be made. Raises SettingsInvalid.
    """
    secret_key = settings.secret_key or Secret(token_urlsafe(32))
    carriers_of(msgspec.structs.replace(settings, secret_key=secret_key))


def apple_settings(settings: Settings) -> AppleSettings | None:
    """What passes for Apple Wallet are made with, None without. Raises SettingsInvalid."""
    names = (
        "apple_pass_type_identifier",
        "apple_team_identifier",
        "apple_certificate",
        "apple_private_key",
        "apple_intermediate_certificate",
    )
    if not _are_set(settings, names):
        return None
    assert settings.secret_key is not None, "see with_secret_key"
    identifier, team, certificate, key, intermediate = (str(getattr(settings, name)) for name in names)
    return AppleSettings(
        pass_type_identifier=identifier,
        team_identifier=team,
        certificate=certificate,
        key=key,
        intermediate_certificate=intermediate,
        secret_key=settings.secret_key,
        web_service_url=public_url(settings) + APPLE_PATH,
        push_url=settings.apple_push_url,
        push_authority=settings.apple_push_authority,
    )


def google_settings(settings: Settings) -> GoogleSettings | None:
    """What passes for Google Wallet are made with, None without. Raises SettingsInvalid."""
    if not _are_set(settings, ("google_issuer_id", "google_service_account")):
        return None
    try:
        account = msgspec.json.decode(str(settings.google_service_account).encode(), type=_ServiceAccount)
    except msgspec.DecodeError as error:
        raise SettingsInvalid(
            ["REGULARS_GOOGLE_SERVICE_ACCOUNT: not the JSON key file of a service account"]
        ) from error
    return GoogleSettings(
        issuer_id=str(settings.google_issuer_id),
        service_account_email=account.client_email,
        service_account_key=account.private_key,
        origins=(public_url(settings),),
        logo_url=settings.google_logo_url,
        api_url=settings.google_api_url,
        token_url=settings.google_token_url,
        save_url=settings.google_save_url,
    )


def _are_set(settings: Settings, names: tuple[str, ...]) -> bool:
    """Whether all of them are set; none is well too. Raises SettingsInvalid for some of them."""
    missing = [name for name in names if getattr(settings, name) is None]
    if missing and len(missing) < len(names):
        raise SettingsInvalid([f"REGULARS_{name.upper()} is missing beside the others" for name in missing])
    return not missing
