"""The settings about Stripe, Shopify, Apple and Google: what they know us by, and where they are reached.

Without those of one of them, what needs it is refused and everything else works. The addresses are settings
so that a server of one's own can stand in.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from regulars.settings_sources import Secret

_SECRET = {"secret": True}
_ADDRESS = r"^https?://[^/\s]+(/[^\s]*)?$"


class VendorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The part of the settings that is about companies whose services are used."""

    stripe_secret_key: Annotated[
        Secret | None,
        Meta(
            description="Sessions: the secret key of the Stripe account that sells memberships. Without it, "
            "there are none to buy.",
            extra=_SECRET,
        ),
    ] = None
    stripe_webhook_secret: Annotated[
        Secret | None,
        Meta(
            description="Sessions: what Stripe signs its events with (`whsec_…`).",
            extra=_SECRET | {"environment": "STRIPE_WEBHOOK_SECRET"},
        ),
    ] = None
    stripe_price_id: Annotated[
        str | None, Meta(description="Sessions: the recurring price of a membership (`price_…`).")
    ] = None
    stripe_cancel_url: Annotated[
        Annotated[str, Meta(pattern=_ADDRESS)] | None,
        Meta(description="Sessions: where who leaves Stripe's checkout is sent."),
    ] = None
    stripe_api_url: Annotated[
        str, Meta(pattern=_ADDRESS, description="Sessions: where Stripe is reached.")
    ] = "https://api.stripe.com"
    membership_return_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Sessions: the origins, such as `https://shop.example`, that may be returned to "
            "after a purchase; the server's own is one of them."
        ),
    ] = ()
    shopify_webhook_secret: Annotated[
        Secret | None,
        Meta(
            description="Rejoes: what the shop signs its webhooks with, where a program has not set it.",
            extra=_SECRET,
        ),
    ] = None
    apple_pass_type_identifier: Annotated[
        str | None, Meta(description="Sessions: the Pass Type ID of Apple Wallet cards (`pass.…`).")
    ] = None
    apple_team_identifier: Annotated[
        str | None, Meta(description="Sessions: the Apple developer team that the Pass Type ID belongs to.")
    ] = None
    apple_certificate: Annotated[
        Secret | None,
        Meta(description="Sessions: the certificate of the Pass Type ID, as PEM.", extra=_SECRET),
    ] = None
    apple_private_key: Annotated[
        Secret | None,
        Meta(description="Sessions: its private key, as PEM without a password.", extra=_SECRET),
    ] = None
    apple_intermediate_certificate: Annotated[
        Secret | None,
        Meta(description="Sessions: Apple's WWDR certificate that signed it, as PEM.", extra=_SECRET),
    ] = None
    apple_push_url: Annotated[
        str, Meta(pattern=_ADDRESS, description="Sessions: where phones are told that a card has changed.")
    ] = "https://api.push.apple.com"
    apple_push_authority: Annotated[
        str | None,
        Meta(
            description="Sessions: a certificate, as PEM, that `apple_push_url` is trusted by instead of the "
            "system's; for a stand-in only."
        ),
    ] = None
    google_issuer_id: Annotated[
        str | None, Meta(description="Sessions: the issuer of Google Wallet cards, a number.")
    ] = None
    google_service_account: Annotated[
        Secret | None,
        Meta(
            description="Sessions: the JSON key file of the service account that acts for the issuer.",
            extra=_SECRET,
        ),
    ] = None
    google_logo_url: Annotated[
        Annotated[str, Meta(pattern=_ADDRESS)] | None,
        Meta(description="Sessions: a public picture for Google Wallet cards of venues without a logo."),
    ] = None
    google_api_url: Annotated[
        str, Meta(pattern=_ADDRESS, description="Sessions: where Google's cards are kept up to date.")
    ] = "https://walletobjects.googleapis.com/walletobjects/v1"
    google_token_url: Annotated[
        str, Meta(pattern=_ADDRESS, description="Sessions: where the service account gets its tokens.")
    ] = "https://oauth2.googleapis.com/token"  # noqa: S105 (an address)
    google_save_url: Annotated[
        str, Meta(pattern=_ADDRESS, description="Sessions: what the address that saves a card begins with.")
    ] = "https://pay.google.com/gp/v/save"
