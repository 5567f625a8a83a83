"""What the kiosk endpoints are sent and answer. Fields stand in the published order.

A field that may be left out may be null or empty as well. Ids of customers are text here: one that is no
UUID is nobody's, like any other that is unknown.
"""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from regulars.features.kiosk.model import (
    BRAND_NAME_LENGTH_MAX,
    HERO_TEXT_LENGTH_MAX,
    LOGO_URL_LENGTH_MAX,
    SUPPORT_EMAIL_LENGTH_MAX,
)

TEXT_LENGTH_MAX = 200
COUNT_MAX = 1_000_000

CustomerId = Annotated[str, Meta(description="The customer's UUID.", max_length=TEXT_LENGTH_MAX)]
VenueId = Annotated[
    str, Meta(description="The venue's id.", examples=["venue_001"], max_length=TEXT_LENGTH_MAX)
]
CartSessionId = Annotated[str, Meta(description="The kiosk's id of a cart.", max_length=TEXT_LENGTH_MAX)]
DeviceId = Annotated[str, Meta(description="The kiosk; not used.", max_length=TEXT_LENGTH_MAX)]
PassToken = Annotated[str, Meta(description="48 hexadecimal digits.", max_length=TEXT_LENGTH_MAX)]
Phone = Annotated[
    str, Meta(description="As dialled in the venue's country, or with its code.", max_length=TEXT_LENGTH_MAX)
]
Status = Literal["none", "active", "trialing", "past_due", "canceled"]


class ErrorAnswer(Struct, frozen=True):
    """A refusal, as a word for programs."""

    error: str


class ResolveBody(Struct, frozen=True, kw_only=True):
    """What the kiosk has read from a card."""

    pass_token: PassToken
    venue_id: VenueId
    device_id: DeviceId | None = None


class BalanceAnswer(Struct, frozen=True, kw_only=True):
    """A customer's balances at the venue. Rewards that hold in every venue are counted too."""

    customer_id: str
    points_balance: int
    rewards_balance: int
    membership_status: Status


class UpsertBody(Struct, frozen=True, kw_only=True):
    """A phone number as it was typed."""

    phone_raw: Phone
    venue_id: VenueId
    device_id: DeviceId | None = None


class UpsertAnswer(Struct, frozen=True, kw_only=True):
    """The customer whom the number belongs to, from now on if nobody's it was."""

    customer_id: str
    is_new_customer: bool
    points_balance: int
    rewards_balance: int
    membership_status: Status
    wallet_token: str


class BalanceBody(Struct, frozen=True, kw_only=True):
    """Whose balances are asked for."""

    customer_id: CustomerId
    venue_id: VenueId


class ApplyBody(Struct, frozen=True, kw_only=True):
    """Rewards to be reserved for a cart. Without a count it is one."""

    cart_session_id: CartSessionId
    customer_id: CustomerId
    venue_id: VenueId
    reward_count: Annotated[int, Meta(ge=-COUNT_MAX, le=COUNT_MAX, examples=[1])] | None = None
    idempotency_key: (
        Annotated[
            str,
            Meta(
                description="The same as the header x-idempotency-key, which wins.",
                max_length=TEXT_LENGTH_MAX,
            ),
        ]
        | None
    ) = None


class ApplyAnswer(Struct, frozen=True, kw_only=True):
    """Rewards are reserved until `expires_at`. The balance counts them still."""

    approved: Literal[True] = True
    hold_id: str
    expires_at: str
    discount_minor: int
    rewards_balance: int


class AttachBody(Struct, frozen=True, kw_only=True):
    """Who stands in front of the kiosk."""

    cart_session_id: CartSessionId
    customer_id: CustomerId
    venue_id: VenueId


class CartLinkRow(Struct, frozen=True, kw_only=True):
    """The cart and its customer."""

    cart_session_id: str
    customer_id: str
    venue_id: str
    status: str


class AttachAnswer(Struct, frozen=True, kw_only=True):
    """The cart is the customer's."""

    attached: Literal[True] = True
    link: CartLinkRow


class IssueCardAnswer(UpsertAnswer, frozen=True, kw_only=True):
    """The same as after an upsert, and where the customer's card is."""

    venue_id: str
    wallet_url: str
    apple_wallet_url: str
    google_wallet_url: str
    qr_image_url: str


class BrandingRow(Struct, frozen=True, kw_only=True):
    """How a venue's cards and pages look."""

    venue_id: str
    brand_name: str
    hero_text: str
    primary_color: str
    accent_color: str
    logo_url: str | None
    support_email: str | None


class BrandingAnswer(Struct, frozen=True, kw_only=True):
    """The branding as it is now."""

    branding: BrandingRow


class BrandingQuery(Struct, frozen=True, kw_only=True):
    """Whose branding is asked for."""

    venue_id: VenueId | None = None


Color = Annotated[str, Meta(description="# and 3 or 6 hexadecimal digits.", max_length=7)]


class BrandingBody(Struct, frozen=True, kw_only=True):
    """What is to change; what is left out stays. An empty text takes a logo or an address away."""

    venue_id: VenueId
    brand_name: Annotated[str, Meta(max_length=BRAND_NAME_LENGTH_MAX)] | UnsetType | None = UNSET
    hero_text: Annotated[str, Meta(max_length=HERO_TEXT_LENGTH_MAX)] | UnsetType | None = UNSET
    primary_color: Color | UnsetType | None = UNSET
    accent_color: Color | UnsetType | None = UNSET
    logo_url: Annotated[str, Meta(max_length=LOGO_URL_LENGTH_MAX)] | UnsetType | None = UNSET
    support_email: Annotated[str, Meta(max_length=SUPPORT_EMAIL_LENGTH_MAX)] | UnsetType | None = UNSET
